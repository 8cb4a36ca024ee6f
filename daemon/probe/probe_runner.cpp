#include "daemon/probe/probe_runner.h"

#include "daemon/probe/checks.h"
#include "kube/curl_transfer.h"

namespace ferry::daemon {
namespace {

ProbeTarget target_of(const std::string& host, const ProbePort& port,
                      const ProbeSurroundings& surroundings) {
  if (!host.empty()) return {.host = host, .port = port.number, .local = false};
  return {.host = kLocalHost, .port = local_port(surroundings, port.number)};
}

ProbeOutcome no_such_port(const ProbePort& port) {
  return {ProbeVerdict::kUnknown, "no port of the container is named \"" + port.name + "\""};
}

struct Run {
  const ProbeTiming& timing;
  const ProbeSurroundings& surroundings;
  const kube::CancelToken& cancel;

  ProbeOutcome operator()(const HttpGetAction& action) const {
    if (action.port.number == 0) return no_such_port(action.port);
    return check_http(action, target_of(action.host, action.port, surroundings), timing.timeout,
                      surroundings, cancel);
  }
  ProbeOutcome operator()(const TcpSocketAction& action) const {
    if (action.port.number == 0) return no_such_port(action.port);
    return check_tcp(target_of(action.host, action.port, surroundings), timing.timeout, cancel);
  }
  ProbeOutcome operator()(const ExecAction& action) const {
    return check_exec(action, timing.timeout, surroundings.environment, cancel);
  }
  ProbeOutcome operator()(const GrpcAction& action) const {
    return check_grpc(action, target_of({}, action.port, surroundings), timing.timeout,
                      surroundings.kubernetes_version, cancel);
  }
};

}  // namespace

std::string to_string(const ProbeTarget& target) {
  return kube::url_host(target.host) + ":" + std::to_string(target.port);
}

std::uint16_t local_port(const ProbeSurroundings& surroundings, std::uint16_t port) {
  const auto mapped = surroundings.ports.find(port);
  return mapped == surroundings.ports.end() ? port : mapped->second;
}

ProbeOutcome run_probe(const Probe& probe, const ProbeSurroundings& surroundings,
                       const kube::CancelToken& cancel) {
  const ProbeOutcome outcome = std::visit(Run{probe.timing, surroundings, cancel}, probe.action);
  if (cancel.cancelled()) return {ProbeVerdict::kUnknown, "cancelled"};
  return outcome;
}

}  // namespace ferry::daemon
