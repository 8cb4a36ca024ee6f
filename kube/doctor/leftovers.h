// What is in a namespace of Ferry's: proxies at work, and what was left behind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"

namespace ferry::doctor {

struct Leftover {
  std::string object;  // "deploy/web", "secret/ferry-proxy-1"
  std::string why;
  std::string fix;  // a command
};

struct Proxy {
  std::string job;
  std::string version;
  bool ended = false;  // Kubernetes removes it in a while
};

struct Traces {
  std::vector<Leftover> leftovers;
  std::vector<Proxy> proxies;
  std::vector<std::string> unseen;  // what may not be looked at
};

// `program`: how Ferry is called in commands; `now`: seconds since 1970. Swaps that work, and those
// that have only just begun, are no leftovers. What may not be listed is `unseen`. Errors: those of
// Api but kForbidden.
Result<Traces> find_traces(kube::Api& api, const std::string& ns, const std::string& program,
                           std::int64_t now, const kube::CancelToken& cancel);

}  // namespace ferry::doctor
