// Links on the direct route, with the daemon as a whole and pods on the loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/daemon.h"
#include "tests/daemon/client.h"
#include "tests/daemon/event_log.h"
#include "tests/daemon/house.h"
#include "tests/daemon/listening_process.h"
#include "tests/daemon/objects.h"
#include "tests/fakes/echo_server.h"

namespace ferry::daemon {
namespace {

using control::EventKind;
using control::LinkState;
using ::testing::HasSubstr;

class DirectLinkTest : public testing::House {
 protected:
  DirectLinkTest() {
    api().put(kube::kServices, "default", testing::make_service("web", 80, "http"));
    one_ = serve("web-1", "one:");
    two_ = serve("web-2", "two:");
  }
  ~DirectLinkTest() override {
    end_daemon();
    run([this] {
      one_.reset();
      two_.reset();
    });
  }

  std::unique_ptr<testing::EchoServer> serve(const std::string& pod, const std::string& greeting) {
    return run([&] {
      auto server = std::make_unique<testing::EchoServer>(loop(), greeting);
      backend().pods[pod] = server->address();
      return server;
    });
  }
  void ready_pods(const std::vector<std::string>& pods) {
    api().put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, pods));
  }
  static control::LinkSpec web(std::uint16_t local = 0) {
    return {.target = {control::TargetKind::kService, "web"},
            .ports = {{.local = local, .remote = {.number = 80}}},
            .route = control::Route::kDirect};
  }

  std::unique_ptr<testing::EchoServer> one_;
  std::unique_ptr<testing::EchoServer> two_;
};

TEST_F(DirectLinkTest, ConnectionsReachAReadyPod) {
  ready_pods({"web-1"});
  const auto link = add(web());
  const auto status = events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(status.route, control::Route::kDirect);
  EXPECT_EQ(status.ports[0].remote_port, 80);
  testing::Client client(status.ports[0].local);
  client.send("hello");
  EXPECT_EQ(client.receive(9), "one:hello");
}

TEST_F(DirectLinkTest, ConnectionsTakeTheReadyPodsInTurn) {
  ready_pods({"web-1", "web-2"});
  const auto link = add(web());
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  std::string greetings;
  for (int i = 0; i < 4; ++i) greetings += testing::Client(port).receive(4);
  EXPECT_THAT(greetings, ::testing::AnyOf("one:two:one:two:", "two:one:two:one:"));
}

TEST_F(DirectLinkTest, APodThatCannotBeReachedIsPassedOver) {
  ready_pods({"web-1", "gone"});
  const auto link = add(web());
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(testing::Client(port).receive(4), "one:");
}

TEST_F(DirectLinkTest, AHalfClosedClientStillGetsItsAnswer) {
  ready_pods({"web-1"});
  const auto link = add(web());
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  testing::Client client(port);
  client.send("question");
  client.finish();
  EXPECT_EQ(client.receive_all(), "one:question");
  EXPECT_FALSE(client.was_reset());
}

TEST_F(DirectLinkTest, AServiceWithoutEndpointsWaitsAndSaysWhy) {
  api().put(kube::kPods, "default", testing::make_pod("web-1", "web", false));
  const auto link = add(web());
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_THAT(waiting.reason, HasSubstr("no ready endpoints: none of 1 pods is ready"));
  EXPECT_EQ(testing::Client(waiting.ports[0].local).receive(1), "");
  ready_pods({"web-1"});
  events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(testing::Client(waiting.ports[0].local).receive(4), "one:");
}

TEST_F(DirectLinkTest, AReplacedPodIsFollowed) {
  ready_pods({"web-1"});
  const auto link = add(web());
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  ready_pods({});
  events().wait_for_state(link.id, LinkState::kWaiting);
  ready_pods({"web-2"});
  events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(testing::Client(port).receive(4), "two:");
}

TEST_F(DirectLinkTest, WhenTheApiServerGoesAwayTheWayIsTestedAgain) {
  ready_pods({"web-1"});
  const auto link = add(web());
  events().wait_for_state(link.id, LinkState::kActive);
  run([this] { backend().pods.clear(); });
  api().fail_next("GET /apis/discovery.k8s.io", {ErrorCode::kUnreachable, "watching", "reset", {}});
  api().end_watches();
  events().wait_for_state(link.id, LinkState::kWaiting);
  run([this] { backend().pods["web-1"] = one_->address(); });
  events().wait_for_state(link.id, LinkState::kActive);
}

TEST_F(DirectLinkTest, APortWhereNobodyListensIsSaidAndLookedAtAgain) {
  ready_pods({"gone"});
  const auto link = add(web());
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_THAT(waiting.reason, HasSubstr("refused"));
  run([this] { backend().pods["gone"] = one_->address(); });
  events().wait_for_state(link.id, LinkState::kActive);
}

TEST_F(DirectLinkTest, BytesAndConnectionsAreCounted) {
  ready_pods({"web-1"});
  const auto link = add(web());
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  testing::Client client(port);
  client.send("hello");
  client.receive(9);
  const auto traffic = daemon().link(link.id)->traffic;
  EXPECT_EQ(traffic.open_connections, 1U);
  EXPECT_EQ(traffic.total_connections, 1U);
  EXPECT_EQ(traffic.bytes_sent, 5U);
  EXPECT_EQ(traffic.bytes_received, 9U);
}

TEST_F(DirectLinkTest, RemovingALinkFreesItsPortAndResetsItsConnections) {
  ready_pods({"web-1"});
  const auto link = add(web());
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  testing::Client client(port);
  client.receive(4);
  ASSERT_TRUE(daemon().remove_link(link.id));
  client.receive_all();
  EXPECT_TRUE(client.was_reset());
  EXPECT_FALSE(testing::Client(port).connected());
  const auto ended = events().wait_for(
      [](const control::Event& event) { return event.kind == EventKind::kEnded; });
  EXPECT_EQ(ended.link->state, LinkState::kEnding) << "what has ended is not active";
  EXPECT_EQ(daemon().remove_link(link.id).error().code, ErrorCode::kNotFound);
}

TEST_F(DirectLinkTest, ANewLinkToWhatIsNotThereFails) {
  auto spec = web();
  spec.target.name = "wbe";
  const auto ended = add_and_wait_for_end(spec);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kNotFound);
  EXPECT_TRUE(daemon().links().empty());
}

Error no_endpoint_slices() {
  return {ErrorCode::kForbidden, "listing endpointslices", "endpointslices is forbidden", "ask"};
}

TEST_F(DirectLinkTest, ANewLinkThatMayNotSeeItsPodsFails) {
  api().fail_next("GET /apis/discovery.k8s.io", no_endpoint_slices());
  const auto ended = add_and_wait_for_end(web());
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kForbidden);
  EXPECT_EQ(ended.error->why, "endpointslices is forbidden");
  EXPECT_EQ(ended.link->state, LinkState::kFailed);
  EXPECT_TRUE(daemon().links().empty());
}

TEST_F(DirectLinkTest, ALinkFromBeforeARestartThatMayNotSeeItsPodsWaits) {
  ready_pods({"web-1"});
  auto spec = web();
  spec.detach = true;
  const auto link = add(spec);
  events().wait_for_state(link.id, LinkState::kActive);
  end_daemon();
  api().fail_next("GET /apis/discovery.k8s.io", no_endpoint_slices());
  start_daemon();
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_THAT(waiting.reason, HasSubstr("forbidden"));
  events().wait_for_state(link.id, LinkState::kActive);
}

TEST_F(DirectLinkTest, ATakenPortFailsWithTheNameOfItsHolder) {
  ready_pods({"web-1"});
  const testing::ListeningProcess holder;
  const auto ended = add_and_wait_for_end(web(holder.port()));
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(ended.error->why, HasSubstr("(pid " + std::to_string(holder.pid()) + ")"));
}

TEST_F(DirectLinkTest, AHostNeedsTheProxyAndSaysSo) {
  control::LinkSpec spec{.target = {control::TargetKind::kHost, "db.internal"},
                         .ports = {{.remote = {.number = 5432}}}};
  const auto ended = add_and_wait_for_end(spec);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kUnsupported);
}

TEST_F(DirectLinkTest, WithoutAnImageTheDirectRouteIsChosenAndSaid) {
  ready_pods({"web-1"});
  auto spec = web();
  spec.route = control::Route::kAuto;
  const auto link = add(spec);
  const auto notice =
      events().wait_for([](const auto& event) { return event.kind == EventKind::kNotice; });
  EXPECT_THAT(notice.message, HasSubstr("direct route"));
  EXPECT_EQ(events().wait_for_state(link.id, LinkState::kActive).route, control::Route::kDirect);
}

TEST_F(DirectLinkTest, DetachedLinksComeBackWithTheirPorts) {
  ready_pods({"web-1"});
  auto spec = web();
  spec.detach = true;
  const auto link = add(spec);
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  restart_daemon();
  const auto again = events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(again.ports[0].local, port);
  EXPECT_TRUE(again.detached);
  EXPECT_EQ(testing::Client(port).receive(4), "one:");
}

TEST_F(DirectLinkTest, ADetachedLinkStaysWhereItWasFoundWhateverTheCurrentContextBecomes) {
  ready_pods({"web-1"});
  backend().set_current(
      {.kubeconfig_list = "/a:/b", .context = "work", .kube_namespace = "default"});
  auto spec = web();
  spec.detach = true;
  const auto link = add(spec);
  events().wait_for_state(link.id, LinkState::kActive);
  backend().set_current({.kubeconfig_list = "/c", .context = "play", .kube_namespace = "other"});
  restart_daemon();
  const auto again = events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(again.context, "work");
  EXPECT_EQ(again.kube_namespace, "default");
  EXPECT_EQ(backend().last_access().kubeconfig_list, "/a:/b");
}

TEST_F(DirectLinkTest, ALinkThatNamesItsKubeconfigKeepsThatOne) {
  ready_pods({"web-1"});
  auto spec = web();
  spec.detach = true;
  spec.kube.kubeconfig = "/named";
  const auto link = add(spec);
  events().wait_for_state(link.id, LinkState::kActive);
  restart_daemon();
  events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(backend().last_access().kubeconfig, "/named");
  EXPECT_EQ(backend().last_access().kubeconfig_list, "");
}

TEST_F(DirectLinkTest, ForegroundLinksDoNotOutliveTheDaemon) {
  ready_pods({"web-1"});
  events().wait_for_state(add(web()).id, LinkState::kActive);
  restart_daemon();
  EXPECT_TRUE(daemon().links().empty());
}

TEST_F(DirectLinkTest, ADetachedLinkWhosePortIsTakenMeanwhileTriesAgain) {
  ready_pods({"web-1"});
  auto spec = web();
  spec.detach = true;
  const auto link = add(spec);
  const auto port = events().wait_for_state(link.id, LinkState::kActive).ports[0].local;
  end_daemon();
  auto thief = run([&] {
    return net::Listener::create(loop(), {"127.0.0.1", port},
                                 [](std::unique_ptr<net::ByteStream>, net::HostPort) {});
  });
  ASSERT_TRUE(thief.has_value());
  start_daemon();
  const auto starting = events().wait_for_state(link.id, LinkState::kStarting);
  EXPECT_THAT(starting.reason, HasSubstr("listens there; trying again"));
  run([&] { thief->reset(); });
  events().wait_for_state(link.id, LinkState::kActive);
}

}  // namespace
}  // namespace ferry::daemon
