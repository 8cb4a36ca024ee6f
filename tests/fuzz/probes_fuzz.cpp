// Any JSON as a container of a pod's spec: what comes of it are probes within their bounds, or an
// error that says which container.
#include <cstdlib>
#include <string_view>

#include "daemon/probe/probe.h"

namespace {

using namespace ferry::daemon;

void check(const std::optional<Probe>& probe) {
  if (!probe) return;
  const ProbeTiming& timing = probe->timing;
  const auto second = std::chrono::seconds(1);
  if (timing.initial_delay < ferry::Duration::zero()) std::abort();
  if (timing.period < second || timing.timeout < second) std::abort();
  if (timing.success_threshold < 1 || timing.failure_threshold < 1) std::abort();
  const auto* exec = std::get_if<ExecAction>(&probe->action);
  if (exec != nullptr && exec->command.empty()) std::abort();
  const auto* http = std::get_if<HttpGetAction>(&probe->action);
  if (http != nullptr &&
      (http->path.empty() || (http->port.number == 0 && http->port.name.empty())))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
  const auto probes = parse_probes(json);
  if (!probes) {
    if (probes.error().what.find("container") == std::string::npos) std::abort();
    return 0;
  }
  for (const auto kind : {ProbeKind::kStartup, ProbeKind::kReadiness, ProbeKind::kLiveness}) {
    check(probes->of(kind));
  }
  return 0;
}
