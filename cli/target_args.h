// The words that say what to forward: TYPE/NAME, [LOCAL:]REMOTE, addresses, durations. Shared by
// the command line and the file of links. Every error is kUsage.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"
#include "kube/target.h"

namespace ferry::cli {

inline constexpr const char* kForwardTypes = "svc, deploy, sts, rs, pod or host";

// "svc/app", "deployment/app", "host/db.internal"; a bare NAME is a pod, as kubectl has it.
// `types`: those that the command takes, as its errors tell them.
Result<control::Target> parse_target(const std::string& text, const char* types = kForwardTypes);

// The same, for commands that ask the API server themselves.
Result<kube::Target> parse_kube_target(const std::string& text);

// "8080:80", "8080:http", "80" (local 80), "http" (the local port is the number behind the name),
// ":80" and "0:80" (any free local port).
Result<control::PortSpec> parse_port(const std::string& text);

// "127.0.0.1", "::1", "localhost" (both); commas separate several.
Result<std::vector<std::string>> parse_addresses(const std::string& text);

struct SwapTarget {
  control::Target workload;
  std::string container;  // empty: not given
};

// "app" (a Deployment), "deploy/app", "sts/db", "rs/app-5d". Types that can't be swapped are found
// by problem_of().
Result<control::Target> parse_workload(const std::string& text);

// The same, perhaps with a container: "app:main".
Result<SwapTarget> parse_swap_target(const std::string& text);

// "8081:80", "8081:http", "8081" (the same number at both ends).
Result<control::ExposeSpec> parse_expose(const std::string& text);

// "follow", "hold", "ready", "none"
Result<control::ProbeMode> parse_probe_mode(const std::string& text);

// "auto", "proxy", "direct"
Result<control::Route> parse_route(const std::string& text);

// "90s", "15m", "2h", "1h30m"; at least a second, at most a week.
Result<std::chrono::seconds> parse_duration(const std::string& text);

// "Always", "IfNotPresent", "Never"; lower case is taken too.
Result<std::string> parse_pull_policy(const std::string& text);

// HOST:PORT or [IPV6]:PORT
Status check_host_port(const std::string& text);

}  // namespace ferry::cli
