#include "daemon/control/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::control {
namespace {

using testing::HasSubstr;

TEST(MetricsTest, TellEachLinkAndTunnel) {
  DaemonStatus status;
  status.version = "1.2.3";
  status.started = 1795248303007;
  LinkStatus link;
  link.id = "3";
  link.target = {TargetKind::kService, "app"};
  link.kube_namespace = "shop";
  link.state = LinkState::kActive;
  link.traffic.bytes_sent = 99;
  status.links = {link};
  TunnelStatus tunnel;
  tunnel.id = "t1";
  tunnel.state = TunnelState::kReady;
  tunnel.round_trip_microseconds = 1500;
  tunnel.streams = 7;
  status.tunnels = {tunnel};
  const std::string text = prometheus_text(status);
  EXPECT_THAT(text, HasSubstr("ferry_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ferry_start_time_seconds 1795248303.007000\n"));
  EXPECT_THAT(text,
              HasSubstr("ferry_link_up{link=\"3\",target=\"svc/app\",namespace=\"shop\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ferry_link_sent_bytes_total{link=\"3\",target=\"svc/app\",namespace="
                              "\"shop\"} 99\n"));
  EXPECT_THAT(text,
              HasSubstr("ferry_tunnel_sessions_lost_total{tunnel=\"t1\",route=\"proxy\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("ferry_tunnel_streams{tunnel=\"t1\",route=\"proxy\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("ferry_tunnel_round_trip_seconds{tunnel=\"t1\",route=\"proxy\"} "
                              "0.001500\n"));
}

TEST(MetricsTest, NameEachMetricOnce) {
  DaemonStatus status;
  status.links.resize(3);
  const std::string text = prometheus_text(status);
  const auto first = text.find("# TYPE ferry_link_up ");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("# TYPE ferry_link_up ", first + 1), std::string::npos);
}

}  // namespace
}  // namespace ferry::control
