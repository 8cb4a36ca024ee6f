// A daemon's status with something in every member, as of kSampleNow.
#pragma once

#include "daemon/control/api.h"

namespace ferry::cli {

inline constexpr control::UnixMillis kSampleNow = 1795248303007;  // 2026-11-21T08:05:03.007Z

inline control::LinkStatus sample_link() {
  control::LinkStatus link;
  link.id = "3";
  link.target = {control::TargetKind::kService, "app"};
  link.context = "staging";
  link.kube_namespace = "shop";
  link.ports = {{.local = 8080,
                 .remote = {.number = 80},
                 .remote_port = 80,
                 .target_port = 8000,
                 .addresses = {"127.0.0.1", "::1"}},
                {.local = 40001,
                 .remote = {.name = "metrics"},
                 .remote_port = 9090,
                 .addresses = {"127.0.0.1"}}};
  link.route = control::Route::kProxy;
  link.tunnel = "t1";
  link.detached = true;
  link.state = control::LinkState::kActive;
  link.since = kSampleNow - 65'000;
  link.created = kSampleNow - 3'700'000;
  link.traffic = {.open_connections = 2,
                  .total_connections = 14,
                  .failed_connections = 1,
                  .bytes_sent = 1536,
                  .bytes_received = 5'000'000,
                  .bytes_sent_per_second = 0,
                  .bytes_received_per_second = 2048};
  link.test = {.tested = kSampleNow - 12'000,
               .passed = kSampleNow - 12'000,
               .way = "a connection to svc/app"};
  link.last_error =
      Error{ErrorCode::kUnreachable, "connecting to app:80", "connection refused", "start it"};
  return link;
}

inline control::DaemonStatus sample_status() {
  control::DaemonStatus status;
  status.version = "0.1.0";
  status.pid = 42;
  status.started = kSampleNow - 7'200'000;
  status.socket = "/run/user/7/ferry/ferryd.sock";
  status.log_file = "/home/u/.local/state/ferry/ferryd.log";
  control::LinkStatus waiting;
  waiting.id = "4";
  waiting.target = {control::TargetKind::kHost, "db.internal"};
  waiting.ports = {{.local = 5432, .remote = {.number = 5432}, .addresses = {"127.0.0.1"}}};
  waiting.state = control::LinkState::kWaiting;
  waiting.reason = "the tunnel is lost";
  waiting.since = kSampleNow - 4'000;
  waiting.created = kSampleNow - 50'000;
  status.links = {sample_link(), waiting};
  control::TunnelStatus tunnel;
  tunnel.id = "t1";
  tunnel.context = "staging";
  tunnel.kube_namespace = "shop";
  tunnel.peer = "pod/ferry-proxy-x";
  tunnel.state = control::TunnelState::kReady;
  tunnel.since = kSampleNow - 65'000;
  tunnel.reconnects = 2;
  tunnel.round_trip_microseconds = 1500;
  tunnel.streams = 2;
  tunnel.bytes_sent = 2000;
  tunnel.bytes_received = 5'000'100;
  tunnel.last_error = Error{ErrorCode::kReset, "reading from the tunnel", "connection reset", ""};
  status.tunnels = {tunnel};
  return status;
}

}  // namespace ferry::cli
