// The test of a swap from inside the cluster: a real proxy makes its connections, to Services that
// are ports of the loopback; the tests say who came.
#include "daemon/swap/service_check.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "daemon/proxy_at.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/in-cluster-proxy/harness.h"

namespace ferry::daemon {
namespace {

using proxy::testing::free_address;
using proxy::testing::Service;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ServiceCheckTest : public ::testing::Test,
                         protected proxy::testing::World,
                         private TunnelEvents,
                         private ServiceCheckEvents {
 protected:
  ServiceCheckTest() : World(World::config()) {
    const auto& made = proxy::testing::certificates();
    const std::filesystem::path dir = directory_.path();
    std::ofstream(dir / "ca.crt") << made.ca_pem;
    std::ofstream(dir / "tls.crt") << made.client.certificate_pem;
    std::ofstream(dir / "tls.key") << made.client.key_pem;
    TunnelEvents& events = *this;
    tunnel_.emplace(*loop, TunnelOptions{},
                    std::make_unique<ProxyAt>(*loop, to_string(relay->address()), dir.string()),
                    control::TunnelStatus{}, events);
    tunnel_->start();
  }

  void check(std::vector<ServiceWay> ways) {
    ServiceCheckEvents& events = *this;
    check_.emplace(*loop, *tunnel_, std::move(ways), std::chrono::hours(1), events);
    check_->watch();
  }
  // Until the tests that are under way are over.
  void check_and_wait(std::vector<ServiceWay> ways) {
    check(std::move(ways));
    ASSERT_TRUE(loop.run_until([this] { return changes_ > 0 && !check_->last_test().under_way; }));
  }
  std::string trouble_with() const { return check_->trouble() ? check_->trouble()->what : ""; }
  // Nobody listens there.
  ServiceWay closed(const std::string& service, std::uint16_t remote) {
    return {service, free_address(loop), remote};
  }

  int changes_ = 0;
  std::vector<std::uint16_t> begun_;  // tests, by the port that they should come to
  std::vector<bool> accepted_;        // those that are over
  std::optional<Tunnel> tunnel_;
  std::optional<ServiceCheck> check_;

 private:
  void on_tunnel_changed() override {}
  void on_tunnel_progress(const std::string&) override {}
  void on_check_changed() override {
    ++changes_;
    loop.poke();
  }
  void on_way_test_begins(std::uint16_t remote) override { begun_.push_back(remote); }
  void on_way_test_over(bool accepted) override { accepted_.push_back(accepted); }

  const testing::TemporaryDirectory directory_;
};

TEST_F(ServiceCheckTest, ACallerOfOnePortSaysNothingOfAnother) {
  const auto first = closed("svc/a", 80);
  const auto second = closed("svc/a", 81);
  check_and_wait({first, second});
  EXPECT_THAT(trouble_with(), HasSubstr(to_string(first.address)));
  check_->caller_came(80);
  EXPECT_THAT(trouble_with(), HasSubstr(to_string(second.address)));
  EXPECT_TRUE(check_->last_test().error);
  EXPECT_EQ(check_->last_test().passed, 0) << "it has not, as a whole";
  check_->caller_came(81);
  EXPECT_EQ(trouble_with(), "");
  EXPECT_FALSE(check_->last_test().error);
  EXPECT_GT(check_->last_test().passed, 0);
}

TEST_F(ServiceCheckTest, ACallerOfAPortOfTwoServicesMayHaveComeByEither) {
  const auto first = closed("svc/a", 80);
  check_and_wait({first, closed("svc/b", 80)});
  check_->caller_came(80);
  EXPECT_THAT(trouble_with(), HasSubstr(to_string(first.address)));
  EXPECT_EQ(check_->last_test().passed, 0);
}

TEST_F(ServiceCheckTest, EachWayIsTestedWhateverBecomesOfTheOthers) {
  Service good(loop);
  std::vector<ServiceWay> ways = {closed("svc/a", 79)};
  for (std::uint16_t i = 0; i < 5; ++i) {
    ways.push_back({"svc/a", good.address(), static_cast<std::uint16_t>(80 + i)});
  }
  const auto last = closed("svc/b", 90);
  ways.push_back(last);
  check(ways);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(loop.run_until([&] { return good.sockets.size() == i + 1; }));
    check_->caller_came(ways[i + 1].remote);  // the test's own
  }
  ASSERT_TRUE(loop.run_until([this] { return !check_->last_test().under_way; }));
  check_->caller_came(79);
  EXPECT_THAT(trouble_with(), HasSubstr(to_string(last.address)));
  EXPECT_EQ(check_->last_test().way, "from inside the cluster through svc/a, svc/b to here");
}

TEST_F(ServiceCheckTest, HowManyThereAreTooManyIsTold) {
  const auto address = free_address(loop);
  std::vector<ServiceWay> ways(ServiceCheck::kMaxWays, ServiceWay{"svc/a", address, 80});
  check(ways);
  EXPECT_EQ(check_->last_test().way, "from inside the cluster through svc/a to here");
  ways.insert(ways.end(), 2, ServiceWay{"svc/b", address, 80});
  check(ways);
  EXPECT_EQ(check_->last_test().way,
            "from inside the cluster through svc/a to here; not tested: 2 more");
}

TEST_F(ServiceCheckTest, OneThatFailsIsToldBeforeTheOthersAreOver) {
  Service silent(loop);  // nobody says that its caller came
  check({closed("svc/a", 80), {"svc/b", silent.address(), 81}});
  ASSERT_TRUE(loop.run_until([this] { return changes_ > 0; }));
  EXPECT_TRUE(check_->settled());
  EXPECT_TRUE(check_->trouble());
  EXPECT_TRUE(check_->last_test().under_way);
}

TEST_F(ServiceCheckTest, ItTellsOfItsOwnConnectionsThatTheyAreNoCallers) {
  Service good(loop);
  check({closed("svc/a", 80), {"svc/b", good.address(), 81}, {"svc/b", good.address(), 82}});
  ASSERT_TRUE(loop.run_until([&] { return !good.sockets.empty(); }));
  check_->caller_came(81);
  ASSERT_TRUE(loop.run_until([&] { return good.sockets.size() == 2; }));
  EXPECT_THAT(begun_, ElementsAre(80, 81, 82));
  EXPECT_THAT(accepted_, ElementsAre(false, true));
  check_.reset();  // cut off: who came may well have been it
  EXPECT_THAT(accepted_, ElementsAre(false, true, true));
}

TEST_F(ServiceCheckTest, AskedForItTestsAlsoWhatIsKnownToWork) {
  Service good(loop);
  check({{"svc/a", good.address(), 80}, {"svc/a", good.address(), 81}});
  const auto both = [&](std::size_t before) {
    for (std::size_t i = 0; i < 2; ++i) {
      ASSERT_TRUE(loop.run_until([&] { return good.sockets.size() == before + i + 1; }));
      check_->caller_came(static_cast<std::uint16_t>(80 + i));
    }
    ASSERT_TRUE(loop.run_until([this] { return !check_->last_test().under_way; }));
    EXPECT_FALSE(check_->last_test().error);
  };
  both(0);
  check_->test_now();
  EXPECT_TRUE(check_->last_test().under_way);
  both(2);
}

}  // namespace
}  // namespace ferry::daemon
