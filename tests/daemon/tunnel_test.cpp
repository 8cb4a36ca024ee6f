// How a tunnel replaces its carrier while that still works: everything on one loop, with a real
// ferry-proxy behind a relay that the test can stall and cut.
#include "daemon/tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/proxy_at.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/daemon/test_proxy.h"
#include "tests/fakes/echo_server.h"
#include "tests/fakes/tcp_relay.h"
#include "tests/net/harness.h"

namespace ferry::daemon {
namespace {

using control::TunnelState;
using std::chrono::milliseconds;

// What the test says about the way to the proxy.
struct Way {
  std::string address;  // of the proxy
  std::optional<Duration> expires_in;
  std::optional<Error> error;
  bool swallows = false;             // attempts never end
  std::function<void()> on_dialled;  // before the tunnel has the carrier
  int attempts = 0;
  int resumes = 0;  // asked for over what was dialled
};

class TestSource final : public CarrierSource {
 public:
  // `way_back`: to a process that is about to end.
  TestSource(net::Loop& loop, Way& way, Way& way_back, std::string credentials)
      : loop_(loop), way_(way), way_back_(way_back), credentials_(std::move(credentials)) {}

  void connect(Callback callback, Progress progress) override {
    ++way_.attempts;
    if (way_.swallows) return;
    if (way_.error) {
      loop_.post([callback, error = *way_.error] { callback(fail(error)); });
      return;
    }
    proxy_ = std::make_unique<ProxyAt>(loop_, way_.address, credentials_);
    proxy_->connect(
        [this, callback](Result<NewCarrier> carrier) {
          if (carrier) carrier->expires_in = way_.expires_in;
          if (carrier) {
            carrier->prove = [this, prove = carrier->prove](const auto& secret) {
              ++way_.resumes;
              return prove(secret);
            };
          }
          if (way_.on_dialled) way_.on_dialled();
          callback(std::move(carrier));
        },
        std::move(progress));
  }
  std::unique_ptr<CarrierSource> abandon() override {
    way_back_.address = way_.address;
    proxy_.reset();
    return std::make_unique<TestSource>(loop_, way_back_, way_back_, credentials_);
  }

 private:
  net::Loop& loop_;
  Way& way_;
  Way& way_back_;
  const std::string credentials_;
  std::unique_ptr<ProxyAt> proxy_;
};

class TunnelTest : public ::testing::Test, public TunnelEvents, public ConnectionObserver {
 protected:
  TunnelTest() {
    credentials_.write(directory_.path());
    make_proxy(testing::proxy_config(credentials_, 0));
    options_.session.doubt = milliseconds(20);
    options_.shortest_use = milliseconds(20);
  }
  ~TunnelTest() override {
    if (local_) local_->reset();
  }

  void make_proxy(const proxy::Config& config) {
    auto made = proxy::Proxy::create(*loop_, config, [] {});
    EXPECT_TRUE(made.has_value()) << made.error().summary();
    proxy_ = std::move(*made);
    relay_ = std::make_unique<testing::TcpRelay>(*loop_, proxy_->tunnel_address());
    way_.address = to_string(relay_->address());
  }
  void begin() {
    TunnelEvents& events = *this;
    tunnel_ = std::make_unique<Tunnel>(
        *loop_, options_, std::make_unique<TestSource>(*loop_, way_, way_back_, directory_.path()),
        control::TunnelStatus{}, events);
    tunnel_->start();
  }
  // Ready, with one connection to the echo server.
  void start() {
    begin();
    ASSERT_TRUE(loop_.run_until([this] { return tunnel_->ready(); }));
    auto pair = net::testing::connect_tcp(loop_);
    local_ = std::move(pair.client);
    local_->start(recorder_);
    tunnel_->carry({"127.0.0.1", echo_.address().port}, std::move(pair.server), 0, *this);
    ASSERT_TRUE(loop_.run_until([this] { return recorder_.received == "echo:"; }));
  }
  void expect_that_the_connection_works() {
    recorder_.received.clear();
    local_->write(as_bytes("hello"));
    EXPECT_TRUE(loop_.run_until([this] { return recorder_.received == "hello"; }));
  }
  // For what nobody is told of: looks in each round of the loop.
  bool run_until(const std::function<bool()>& condition,
                 Duration patience = std::chrono::seconds(20)) {
    const auto look = [&] {
      loop_->post([this] { loop_.poke(); });
      return condition();
    };
    return loop_.run_until(look, patience);
  }
  bool wait_for_replacements(std::uint64_t n) {
    return run_until([&] { return tunnel_->ready() && tunnel_->status().reconnects == n; });
  }

  void on_tunnel_changed() override {
    if (tunnel_->state() == TunnelState::kLost) ++losses_;
    if (flapping_ && tunnel_->ready()) loop_->post([this] { relay_->cut(); });
    loop_.poke();
  }
  void on_tunnel_progress(const std::string&) override {}
  void on_connected(std::size_t) override {}
  void on_ended(std::size_t, const ConnectionEnd& end) override {
    ends_.push_back(end);
    loop_.poke();
  }

  net::testing::TestLoop loop_;
  const testing::TemporaryDirectory directory_;
  const testing::TunnelCertificates credentials_;
  testing::EchoServer echo_{*loop_, "echo:"};
  std::unique_ptr<proxy::Proxy> proxy_;
  std::unique_ptr<testing::TcpRelay> relay_;
  TunnelOptions options_;
  Way way_;
  Way way_back_;
  int losses_ = 0;
  bool flapping_ = false;  // what is connected is cut at once
  std::vector<ConnectionEnd> ends_;
  net::testing::Recorder recorder_{loop_};
  std::unique_ptr<net::ByteStream> local_;
  std::unique_ptr<Tunnel> tunnel_;
};

TEST_F(TunnelTest, ACarrierIsReplacedBeforeItsCredentialsExpire) {
  way_.expires_in = milliseconds(100);
  start();
  way_.expires_in.reset();
  ASSERT_TRUE(wait_for_replacements(1));
  EXPECT_EQ(losses_, 0);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, CredentialsThatAreNotRenewedAreNotChasedForEver) {
  way_.expires_in = milliseconds(10);  // shorter than what is worth it
  start();
  loop_.run_for(milliseconds(50));
  EXPECT_EQ(way_.attempts, 1);
}

TEST_F(TunnelTest, ACarrierThatDoesNotAnswerIsReplacedBeforeItCountsAsDead) {
  start();
  relay_->stall();
  tunnel_->check_now();
  ASSERT_TRUE(wait_for_replacements(1));
  EXPECT_EQ(losses_, 0);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, ACarrierThatAnswersIsKept) {
  start();
  tunnel_->check_now();
  loop_.run_for(milliseconds(100));
  EXPECT_EQ(way_.attempts, 1);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, TheOldCarrierGoesOnUntilTheNewOneIsThere) {
  way_.expires_in = milliseconds(100);
  start();
  way_.error = Error{ErrorCode::kUnreachable, "connecting", "not now", {}};
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 4; }));
  EXPECT_EQ(losses_, 0);
  expect_that_the_connection_works();
  way_.error.reset();
  way_.expires_in.reset();
  ASSERT_TRUE(wait_for_replacements(1));
  EXPECT_EQ(losses_, 0);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, ACutWhileTheNextCarrierIsMadeLosesNothing) {
  start();
  relay_->stall();
  tunnel_->check_now();
  ASSERT_TRUE(run_until([this] { return way_.attempts == 2; }));
  relay_->cut();
  ASSERT_TRUE(wait_for_replacements(1));
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, ATunnelThatIsCutAgainAndAgainIsConnectedLessAndLessOften) {
  options_.first_backoff = milliseconds(100);
  options_.urgent = {};
  flapping_ = true;
  begin();
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([this] { return way_.attempts == 4; }));
  // Half of 100, 200 and 400 ms is the least that it waits.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(350));
}

TEST_F(TunnelTest, OfTooManyProcessesThatAreEndingTheOldestIsLetGo) {
  start();
  std::vector<std::unique_ptr<proxy::Proxy>> ending;
  std::vector<std::unique_ptr<testing::TcpRelay>> relays;
  const auto move_on = [&] {
    ending.push_back(std::move(proxy_));
    relays.push_back(std::move(relay_));
    make_proxy(testing::proxy_config(credentials_, 0));
    const int before = way_.attempts;
    ending.back()->drain();
    ASSERT_TRUE(run_until([&] { return way_.attempts > before && tunnel_->ready(); }));
  };
  std::vector<std::unique_ptr<net::ByteStream>> others;
  net::testing::Recorder seen(loop_);
  for (std::size_t i = 1; i <= DrainingSessions::kMax; ++i) {
    move_on();
    seen.received.clear();
    auto pair = net::testing::connect_tcp(loop_);
    others.push_back(std::move(pair.client));
    others.back()->start(seen);
    tunnel_->carry({"127.0.0.1", echo_.address().port}, std::move(pair.server), 0, *this);
    ASSERT_TRUE(loop_.run_until([&] { return seen.received == "echo:"; }));
  }
  EXPECT_TRUE(ends_.empty());
  expect_that_the_connection_works();
  move_on();
  ASSERT_TRUE(loop_.run_until([this] { return recorder_.closed.has_value(); }));
  ASSERT_EQ(ends_.size(), 1U);
  EXPECT_EQ(ends_[0].error->code, ErrorCode::kExhausted);
  EXPECT_EQ(tunnel_->status().sessions_lost, 1U);
  seen.received.clear();
  others.front()->write(as_bytes("hello"));
  EXPECT_TRUE(loop_.run_until([&] { return seen.received == "hello"; }));
  tunnel_.reset();
  for (auto& one : others) one->reset();
}

TEST_F(TunnelTest, AnAttemptToReachAProcessThatIsEndingMayHangAsWell) {
  start();
  way_back_.swallows = true;
  proxy_->drain();
  ASSERT_TRUE(loop_.run_until([this] { return losses_ > 0; }));
  relay_->cut();
  ASSERT_TRUE(run_until([this] { return way_back_.attempts >= 2; }));
  way_back_.swallows = false;
  expect_that_the_connection_works();
  EXPECT_TRUE(ends_.empty());
}

TEST_F(TunnelTest, AnEndingProcessIsReachedAgainWhenItsCarrierIsInDoubt) {
  options_.session.ping_timeout = std::chrono::hours(1);
  start();
  proxy_->drain();
  ASSERT_TRUE(loop_.run_until([this] { return losses_ > 0; }));
  relay_->stall();
  recorder_.received.clear();
  local_->write(as_bytes("hello"));
  EXPECT_TRUE(loop_.run_until([&] { return recorder_.received == "hello"; }));
  EXPECT_GE(way_back_.attempts, 1);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(TunnelTest, AnEndingProcessThatAnswersAgainKeepsItsCarrier) {
  options_.session.ping_timeout = std::chrono::hours(1);
  start();
  proxy_->drain();
  ASSERT_TRUE(loop_.run_until([this] { return losses_ > 0; }));
  way_back_.swallows = true;
  relay_->hold();
  recorder_.received.clear();
  local_->write(as_bytes("hello"));
  ASSERT_TRUE(run_until([&] { return way_back_.attempts == 1; }));
  relay_->release();
  EXPECT_TRUE(loop_.run_until([&] { return recorder_.received == "hello"; }));
  way_back_.swallows = false;
  ASSERT_TRUE(run_until([&] { return way_back_.attempts == 2; }));
  loop_.run_for(milliseconds(100));
  EXPECT_EQ(way_back_.resumes, 0);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, WhyTheProxyRefusesIsInTheStatus) {
  auto config = testing::proxy_config(credentials_, 0);
  config.limits.sessions = 0;
  make_proxy(config);
  begin();
  ASSERT_TRUE(run_until([this] { return tunnel_->status().last_error.has_value(); }));
  EXPECT_THAT(tunnel_->status().reason, ::testing::HasSubstr("as many sessions as it takes"));
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 3; })) << "it tries again";
  EXPECT_GE(tunnel_->status().sessions_lost, 2U);
}

TEST_F(TunnelTest, WhoeverWaitsMakesTheNextAttemptComeSoon) {
  options_.first_backoff = std::chrono::hours(1);
  options_.max_backoff = std::chrono::hours(1);
  options_.urgent = {};
  options_.urgent_backoff = milliseconds(20);
  start();
  way_.error = Error{ErrorCode::kUnreachable, "connecting", "not now", {}};
  relay_->cut();
  ASSERT_TRUE(loop_.run_until([this] { return losses_ == 1; }));
  way_.error.reset();
  auto pair = net::testing::connect_tcp(loop_);
  tunnel_->carry({"127.0.0.1", echo_.address().port}, std::move(pair.server), 0, *this);
  ASSERT_TRUE(wait_for_replacements(1));
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, WhoeverWaitsHurriesAnAttemptThatHangs) {
  options_.urgent = {};
  options_.patience = milliseconds(20);
  start();
  way_.swallows = true;
  const int before = way_.attempts;
  relay_->cut();
  ASSERT_TRUE(run_until([&] { return way_.attempts == before + 1; }));
  way_.swallows = false;
  loop_.run_for(milliseconds(100));
  ASSERT_EQ(way_.attempts, before + 1) << "nobody waits";
  auto pair = net::testing::connect_tcp(loop_);
  tunnel_->carry({"127.0.0.1", echo_.address().port}, std::move(pair.server), 0, *this);
  ASSERT_TRUE(wait_for_replacements(1));
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, WhoeverWaitsDoesNotDisturbTheSearchForAProxy) {
  options_.patience = milliseconds(10);
  way_.swallows = true;
  begin();
  ASSERT_TRUE(run_until([&] { return way_.attempts == 1; }));
  auto pair = net::testing::connect_tcp(loop_);
  tunnel_->carry({"127.0.0.1", echo_.address().port}, std::move(pair.server), 0, *this);
  loop_.run_for(milliseconds(100));
  EXPECT_EQ(way_.attempts, 1);
}

TEST_F(TunnelTest, AnotherNetworkIsTriedAtOnceAlsoWhileTheCarrierIsInDoubt) {
  options_.first_backoff = options_.max_backoff = options_.urgent_backoff = std::chrono::hours(1);
  start();
  relay_->stall();
  tunnel_->check_now();
  loop_.run_for(milliseconds(100));  // longer than `doubt`; the next attempt is half an hour away
  ASSERT_EQ(way_.attempts, 1);
  tunnel_->check_now();
  ASSERT_TRUE(wait_for_replacements(1));
  EXPECT_EQ(losses_, 0);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, ACarrierThatAnswersAgainStays) {
  options_.patience = milliseconds(20);
  start();
  way_.swallows = true;
  relay_->hold();
  tunnel_->check_now();
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 2; }));
  relay_->release();
  expect_that_the_connection_works();
  way_.swallows = false;
  const int attempts = way_.attempts;
  ASSERT_TRUE(run_until([&] { return way_.attempts > attempts; }));
  loop_.run_for(milliseconds(100));
  EXPECT_EQ(tunnel_->status().reconnects, 0U);
  EXPECT_EQ(losses_, 0);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, AGreetingThatIsSwallowedIsTriedAgainOnAnotherConnection) {
  options_.patience = milliseconds(20);
  int swallowed = 0;
  way_.on_dialled = [&] {
    if (++swallowed % 3 != 0) relay_->stall();
  };
  start();  // the first two HELLOs are swallowed
  EXPECT_EQ(way_.attempts, 3);
  relay_->cut();
  const auto seconds = std::chrono::seconds(5);  // half of what the session itself waits for
  ASSERT_TRUE(run_until([this] { return tunnel_->ready() && way_.attempts == 6; }, seconds));
  EXPECT_EQ(tunnel_->status().reconnects, 1U);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, ARenewalThatIsSwallowedIsTriedAgainOnAnotherConnection) {
  options_.patience = milliseconds(20);
  way_.expires_in = milliseconds(100);
  start();
  way_.expires_in.reset();
  way_.on_dialled = [this] {
    relay_->stall();
    way_.on_dialled = nullptr;
  };
  ASSERT_TRUE(
      run_until([this] { return tunnel_->status().reconnects == 1; }, std::chrono::seconds(5)));
  EXPECT_EQ(way_.attempts, 3);
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, ADeadCarrierIsReplacedSoonWhateverCameBefore) {
  options_.first_backoff = options_.max_backoff = std::chrono::hours(1);  // as after many cuts
  start();
  relay_->stall();
  tunnel_->check_now();
  ASSERT_TRUE(wait_for_replacements(1));
  EXPECT_EQ(losses_, 0);
}

TEST_F(TunnelTest, AnAttemptBesideACarrierInDoubtMayHangAsWell) {
  options_.patience = milliseconds(20);
  start();
  way_.swallows = true;
  relay_->stall();
  tunnel_->check_now();
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 4; }));
  EXPECT_EQ(losses_, 0);
  way_.swallows = false;
  ASSERT_TRUE(wait_for_replacements(1));
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, AnAttemptToReplaceACarrierThatIsLostMeanwhileMayHangAsWell) {
  options_.patience = milliseconds(20);
  way_.expires_in = milliseconds(100);
  start();
  way_.swallows = true;
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 2; }));
  relay_->cut();
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 4; }));
  way_.swallows = false;
  way_.expires_in.reset();
  ASSERT_TRUE(wait_for_replacements(1));
  expect_that_the_connection_works();
}

TEST_F(TunnelTest, AnAttemptThatHangsIsGivenUpForAnother) {
  options_.patience = milliseconds(20);
  start();
  way_.swallows = true;
  relay_->cut();
  ASSERT_TRUE(run_until([this] { return way_.attempts >= 4; }));
  way_.swallows = false;
  ASSERT_TRUE(wait_for_replacements(1));
  expect_that_the_connection_works();
}

}  // namespace
}  // namespace ferry::daemon
