#include "cli/redact.h"

#include <gtest/gtest.h>

namespace ferry::cli {
namespace {

TEST(RedactTest, WhatIsNoSecretStays) {
  for (const char* text :
       {"", "plain words, and a time: 2026-11-20T16:36:19.570Z\n",
        "pod/web-6c9f7-x2x8d, container app: exit code 7\nsecond line",
        "https://127.0.0.1:6443/api/v1/namespaces/demo/pods answers in 12 ms",
        "image sha256:726686e99be846022efa0068e343bec95e89243b20b2738ffbf7eba3d51fd01d",
        "/home/ann/.local/state/ferry/ferryd.log and registry.example.com/tools/ferry-proxy:0.1",
        "uid 4655bbf9-3fc8-4dbf-b217-33d193eb3e64", "{\"state\": \"active\", \"ports\": [8080]}"}) {
    EXPECT_EQ(redacted(text), text);
  }
}

struct Planted {
  const char* text;
  const char* secret;
};

class PlantedSecretTest : public testing::TestWithParam<Planted> {};

TEST_P(PlantedSecretTest, IsRemoved) {
  const std::string text = std::string("before\n") + GetParam().text + "\nafter";
  const std::string out = redacted(text);
  EXPECT_EQ(out.find(GetParam().secret), std::string::npos) << out;
  EXPECT_NE(out.find("[removed]"), std::string::npos) << out;
  EXPECT_EQ(out.substr(0, 7), "before\n");
  EXPECT_EQ(out.substr(out.size() - 6), "\nafter");
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedSecretTest,
    testing::Values(
        Planted{"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIsec\nret==\n-----END EC PRIVATE KEY-----",
                "sec"},
        Planted{
            "{\"pem\": \"-----BEGIN CERTIFICATE-----\\nMIIBsecret\\n-----END CERTIFICATE-----\"}",
            "secret\\n"},
        Planted{"proxy http://ann:hunter2@proxy.example.com:3128/ is used", "hunter2"},
        Planted{"https://tok3n@git.example.com/x.git", "tok3n"},
        Planted{"> Authorization: Bearer abc-def.ghi jkl", "abc-def"},
        Planted{"{\"Authorization\": \"Basic YW5uOmh1bnRlcg==\"}", "YW5u"},
        Planted{"{\\\"authorization\\\":\\\"Bearer escaped1\\\"}", "escaped1"},
        Planted{"sent Bearer opaque42", "opaque42"}, Planted{"token: short1", "short1"},
        Planted{"{\"token\":\"short2\",\"id\":3}", "short2"},
        Planted{"accessToken = 'short 3'", "short 3"}, Planted{"DB_PASSWORD=hunter2", "hunter2"},
        Planted{"?api_key=short4&x=1", "short4"}, Planted{"ferry --token short5 -v", "short5"},
        Planted{"client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1"},
        Planted{"Cookie: sid=one; other=two", "two"},
        Planted{"got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln here", "eyJzdWIi"},
        Planted{"c2VjcmV0IGtleSBvZiB0aGlydHktdHdvIGJ5dGVzIGxvbmc9", "c2VjcmV0"},
        Planted{"id 0123456789abcdef0123456789abcdef", "0123456789abcdef"}));

TEST(RedactTest, ABlockWithoutAnEndTakesTheRest) {
  EXPECT_EQ(redacted("x -----BEGIN PRIVATE KEY-----\nMHc\nCAQ"), "x [removed]");
}

TEST(RedactTest, WhatStandsAroundASecretStays) {
  EXPECT_EQ(redacted("{\"token\":\"abc\",\"id\":3}"), "{\"token\":[removed],\"id\":3}");
  EXPECT_EQ(redacted("http://ann:x@host:80/path"), "http://[removed]@host:80/path");
  EXPECT_EQ(redacted("a=1&password=x&b=2"), "a=1&password=[removed]&b=2");
}

}  // namespace
}  // namespace ferry::cli
