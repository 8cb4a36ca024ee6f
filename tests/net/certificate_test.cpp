#include "net/certificate.h"

#include <gtest/gtest.h>

#include <iomanip>
#include <sstream>

#include "net/hmac.h"
#include "tests/net/tls_harness.h"

namespace ferry::net::testing {
namespace {

TEST(CertificateTest, EndsWhenItWasAskedTo) {
  auto spec = spec_for("authority", CertificateUse::kServer);
  spec.not_after = WallTime(std::chrono::seconds(2'000'000'000));
  const auto authority = make_authority(spec);
  ASSERT_TRUE(authority) << authority.error().summary();
  EXPECT_EQ(*expiry_of(authority->certificate_pem), spec.not_after);
  spec.not_after =
      WallTime(std::chrono::seconds(3'000'000'000));  // beyond 2050: another ASN.1 type
  const auto leaf = make_certificate(spec, *authority);
  ASSERT_TRUE(leaf) << leaf.error().summary();
  EXPECT_EQ(*expiry_of(leaf->certificate_pem), spec.not_after);
}

TEST(CertificateTest, NoTwoAreTheSame) {
  const auto a = installation().issue("same", CertificateUse::kClient);
  const auto b = installation().issue("same", CertificateUse::kClient);
  EXPECT_NE(a.key_pem, b.key_pem);
  EXPECT_NE(a.certificate_pem, b.certificate_pem);
}

TEST(CertificateTest, RefusesWhatNoCertificateCanSay) {
  const auto good = spec_for("leaf", CertificateUse::kServer);
  const auto authority = installation().authority;
  auto backwards = good;
  std::swap(backwards.not_before, backwards.not_after);
  auto nameless = good;
  nameless.common_name.clear();
  auto long_name = good;
  long_name.common_name = std::string(65, 'x');
  auto bad_alternative = good;
  bad_alternative.names = {"fine.example", "two names"};
  auto injected = good;
  injected.names = {"a.example,IP:10.0.0.1"};
  for (const auto& spec : {backwards, nameless, long_name, bad_alternative, injected}) {
    const auto made = make_certificate(spec, authority);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(make_certificate(good, Identity{"junk", authority.key_pem}));
  EXPECT_FALSE(make_certificate(good, Identity{authority.certificate_pem, "junk"}));
}

TEST(CertificateTest, RefusesTextThatIsNoCertificate) {
  const std::string pem = installation().server.certificate_pem;
  for (const std::string& text :
       {std::string(), std::string("junk"), pem.substr(0, pem.size() / 2),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    const auto expiry = expiry_of(text);
    ASSERT_FALSE(expiry) << text;
    EXPECT_EQ(expiry.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(expiry.error().why.empty());
  }
}

std::string hex(Bytes bytes) {
  std::ostringstream text;
  for (const unsigned byte : bytes) text << std::hex << std::setw(2) << std::setfill('0') << byte;
  return text.str();
}

// RFC 4231, test cases 2 and 6.
TEST(HmacTest, AgreesWithTheRfc) {
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::vector<std::uint8_t> long_key(131, 0xaa);
  EXPECT_EQ(hex(hmac_sha256(long_key,
                            as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacTest, TakesEmptyKeysAndData) {
  EXPECT_EQ(hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacTest, RandomBytesDiffer) {
  std::array<std::uint8_t, 32> a = {};
  std::array<std::uint8_t, 32> b = {};
  fill_random(a);
  fill_random(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace ferry::net::testing
