#include "cli/link_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/schema_check.h"

namespace ferry::cli {
namespace {

using testing::HasSubstr;

TEST(LinkFileTest, TakesEveryKey) {
  const auto links = parse_links(R"(
links:
  - target: svc/app
    ports: ["8080:80", http, 9090]
    namespace: shop
    context: staging
    addresses: [127.0.0.1, localhost]
    route: direct
  - target: host/db.internal
    ports: 5432:5432
)",
                                 "links.yaml");
  ASSERT_TRUE(links) << links.error().summary();
  ASSERT_EQ(links->size(), 2U);
  const auto& first = links->front();
  EXPECT_EQ(to_string(first.target), "svc/app");
  ASSERT_EQ(first.ports.size(), 3U);
  EXPECT_EQ(first.ports[0].local, 8080);
  EXPECT_TRUE(first.ports[1].local_as_remote);
  EXPECT_EQ(first.ports[2].remote.number, 9090);
  EXPECT_EQ(first.kube_namespace, "shop");
  EXPECT_EQ(first.context, "staging");
  EXPECT_EQ(first.addresses, (std::vector<std::string>{"127.0.0.1", "127.0.0.1", "::1"}));
  EXPECT_EQ(first.route, "direct");
  EXPECT_EQ((*links)[1].ports.front().local, 5432);
}

TEST(LinkFileTest, TakesJsonToo) {
  EXPECT_TRUE(parse_links(R"({"links": [{"target": "svc/app", "ports": ["8080:80"]}]})", "x.json"));
}

struct BadText {
  const char* text;
  const char* words;
};

class BadLinkFileTest : public testing::TestWithParam<BadText> {};

TEST_P(BadLinkFileTest, SaysWhatIsOffAndWhere) {
  const auto links = parse_links(GetParam().text, "links.yaml");
  ASSERT_FALSE(links);
  EXPECT_EQ(links.error().code, ErrorCode::kUsage);
  EXPECT_THAT(links.error().summary() + " / " + links.error().fix, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadLinkFileTest,
    testing::Values(
        BadText{"", "here a map is expected"}, BadText{"links:", "list of 1 to 64"},
        BadText{"links: []", "list of 1 to 64"}, BadText{"link: []", "did you mean 'links'?"},
        BadText{"links: [a]", "here a map is expected"},
        BadText{"links: [{}]", "'target' and 'ports'"},
        BadText{"links:\n- target: svc/a", "line 2: a link needs"},
        BadText{"links:\n- target: svx/a\n  ports: 80", "line 2: reading the target 'svx/a'"},
        BadText{"links:\n- target: svc/a\n  ports: [0]", "line 3: reading the port '0'"},
        BadText{"links:\n- target: svc/a\n  ports: []", "'ports' is empty"},
        BadText{"links:\n- target: [a]\n  ports: 80", "single value"},
        BadText{"links:\n- target: svc/a\n  ports: 80\n  prots: 1", "did you mean 'ports'?"},
        BadText{"links:\n- target: svc/a\n  ports: 80\n  route: fast", "line 4: reading the route"},
        BadText{"links:\n- target: svc/a\n  ports: 80\n  addresses: x",
                "line 4: reading the local"},
        BadText{"links: [", "links.yaml, line"}, BadText{"\x01\x02", "links.yaml"}));

TEST(LinkFileTest, TheSchemaAgreesWithTheReader) {
  using nlohmann::json;
  const auto complaint = [](const json& value) {
    return schema_complaint("docs/schema/links.schema.json", "", value);
  };
  EXPECT_EQ(complaint(json::parse(R"({"links":[{"target":"svc/app","ports":["8080:80",80],
      "namespace":"n","context":"c","addresses":["::1"],"route":"proxy"}]})")),
            "");
  for (const char* bad : {"{}", R"({"links":[]})", R"({"links":[{"target":"svc/a"}]})",
                          R"({"links":[{"target":"svc/a","ports":[80],"prots":1}]})"}) {
    EXPECT_NE(complaint(json::parse(bad)), "") << bad;
    EXPECT_FALSE(parse_links(bad, "x")) << bad;
  }
}

}  // namespace
}  // namespace ferry::cli
