#include "daemon/link_findings.h"

#include <optional>
#include <string>
#include <utility>

namespace ferry::daemon {
namespace {

using control::LinkState;
using diagnose::Code;
using diagnose::Finding;

void add_tunnel(const control::TunnelStatus& tunnel, const std::string& link,
                std::vector<Finding>& findings) {
  if (tunnel.state == control::TunnelState::kReady) return;
  Finding finding{
      .code = Code::kTunnelDown,
      .object = link,
      .cause = "its tunnel " + tunnel.id + " is " +
               (tunnel.state == control::TunnelState::kLost ? "cut, and is being made again"
                                                            : "not there yet"),
      .evidence = {},
      .fix = "wait; ferry logs tells of each attempt"};
  if (!tunnel.reason.empty()) finding.evidence.push_back(tunnel.reason);
  if (tunnel.last_error) {
    finding.evidence.push_back(tunnel.last_error->summary());
    if (!tunnel.last_error->fix.empty()) finding.fix = tunnel.last_error->fix;
  }
  findings.push_back(std::move(finding));
}

void add_local_side(const control::SwapStatus& swap, const std::string& link,
                    std::vector<Finding>& findings) {
  for (const auto& port : swap.ports) {
    if (port.open) continue;
    const std::string local = "localhost:" + std::to_string(port.local);
    findings.push_back({.code = Code::kLocalPortClosed,
                        .object = link,
                        .cause = "nothing listens on " + local + ", which is to answer for port " +
                                 std::to_string(port.remote),
                        .evidence = {},
                        .fix = "start the local process, or --expose the port it listens on"});
  }
  for (const auto& probe : swap.probes) {
    if (probe.ok || !findings.empty()) continue;
    findings.push_back({.code = Code::kLocalProbeFails,
                        .object = link,
                        .cause = "the " + probe.probe + " probe of the local process fails",
                        .evidence = {},
                        .fix = "mend what it asks for, or swap with --probes ready or none"});
    if (!probe.message.empty()) findings.back().evidence.push_back("came back: " + probe.message);
  }
}

// The local process is asked from the time on when the tunnel stands.
bool asks_local_side(const control::SwapStatus& swap) {
  return swap.phase == control::SwapPhase::kWaiting || swap.phase == control::SwapPhase::kSwapped;
}

}  // namespace

std::vector<Finding> link_findings(const control::LinkStatus& link,
                                   const std::vector<control::TunnelStatus>& tunnels) {
  std::vector<Finding> findings;
  if (link.state == LinkState::kActive) return findings;
  const std::string object = "link/" + link.id;
  for (const auto& tunnel : tunnels) {
    if (tunnel.id == link.tunnel) add_tunnel(tunnel, object, findings);
  }
  if (link.swap && asks_local_side(*link.swap)) add_local_side(*link.swap, object, findings);
  if (!findings.empty()) return findings;
  Finding waits{.code = Code::kLinkWaits,
                .object = object,
                .cause = "it is " + std::string(name_of(link.state)) +
                         (link.reason.empty() ? "" : ": " + link.reason),
                .evidence = {},
                .fix = {}};
  if (link.last_error) {
    waits.evidence.push_back(link.last_error->summary());
    waits.fix = link.last_error->fix;
  }
  findings.push_back(std::move(waits));
  return findings;
}

}  // namespace ferry::daemon
