#include "daemon/local_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/port_holder.h"
#include "tests/daemon/listening_process.h"

namespace ferry::daemon {
namespace {

using ::testing::HasSubstr;

class LocalPortTest : public ::testing::Test {
 protected:
  auto open(const std::vector<std::string>& addresses, std::uint16_t port) {
    return LocalPort::open(loop_, addresses, port, [](std::unique_ptr<net::ByteStream>) {});
  }
  net::Loop loop_;
};

TEST_F(LocalPortTest, AFreePortIsTheSameOnEveryAddress) {
  const auto port = open({"127.0.0.1", "127.0.0.2"}, 0);
  ASSERT_TRUE(port) << port.error().summary();
  EXPECT_NE((*port)->port(), 0);
  EXPECT_THAT((*port)->addresses(), ::testing::ElementsAre("127.0.0.1", "127.0.0.2"));
  EXPECT_FALSE(open({"127.0.0.1"}, (*port)->port()));
  EXPECT_FALSE(open({"127.0.0.2"}, (*port)->port()));
}

TEST_F(LocalPortTest, WithoutAnAddressTheLoopbackIsServed) {
  const auto port = open({}, 0);
  ASSERT_TRUE(port) << port.error().summary();
  EXPECT_EQ((*port)->addresses().front(), "127.0.0.1");
}

TEST_F(LocalPortTest, ATakenPortNamesItsHolder) {
  const testing::ListeningProcess holder;
  const auto port = open({"127.0.0.1"}, holder.port());
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(port.error().what, HasSubstr("127.0.0.1:" + std::to_string(holder.port())));
  EXPECT_THAT(port.error().why, HasSubstr("(pid " + std::to_string(holder.pid()) + ")"));
  EXPECT_FALSE(port.error().fix.empty());
}

TEST_F(LocalPortTest, APortOfAnotherLinkIsSaidToBeOne) {
  const auto first = open({"127.0.0.1"}, 0);
  ASSERT_TRUE(first);
  const auto second = open({"127.0.0.1"}, (*first)->port());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().why, HasSubstr("another link of yours"));
  EXPECT_THAT(second.error().fix, HasSubstr("ferry leave"));
}

TEST_F(LocalPortTest, AForeignAddressIsAnErrorThatNamesIt) {
  const auto port = open({"192.0.2.1"}, 0);
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(port.error().what, HasSubstr("192.0.2.1"));
}

TEST_F(LocalPortTest, ClosingFreesThePort) {
  auto first = open({"127.0.0.1"}, 0);
  ASSERT_TRUE(first);
  const auto number = (*first)->port();
  first->reset();
  EXPECT_FALSE(find_port_holder(number));
  EXPECT_TRUE(open({"127.0.0.1"}, number));
}

TEST(PortHolderTest, ProcessesOfOthersAreSaidToBeThat) {
  EXPECT_THAT(describe({.uid = 33}), HasSubstr("user 33"));
}

}  // namespace
}  // namespace ferry::daemon
