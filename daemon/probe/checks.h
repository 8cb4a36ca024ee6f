// The checks that a probe may ask for, one function each. Of run_probe() alone.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "daemon/probe/probe_runner.h"

namespace ferry::daemon {

// Where a check goes.
struct ProbeTarget {
  std::string host;  // without brackets; kLocalHost for the local process
  std::uint16_t port = 0;
  bool local = true;
};

inline constexpr const char* kLocalHost = "localhost";

// "host:port", with brackets around IPv6.
std::string to_string(const ProbeTarget& target);

std::uint16_t local_port(const ProbeSurroundings& surroundings, std::uint16_t port);

ProbeOutcome check_http(const HttpGetAction& action, const ProbeTarget& target, Duration timeout,
                        const ProbeSurroundings& surroundings, const kube::CancelToken& cancel);
ProbeOutcome check_tcp(const ProbeTarget& target, Duration timeout,
                       const kube::CancelToken& cancel);
ProbeOutcome check_exec(const ExecAction& action, Duration timeout,
                        const kube::Environment& environment, const kube::CancelToken& cancel);
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
ProbeOutcome check_grpc(const GrpcAction& action, const ProbeTarget& target, Duration timeout,
                        const std::string& kubernetes_version, const kube::CancelToken& cancel);

}  // namespace ferry::daemon
