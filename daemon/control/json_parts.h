// The JSON of values that several others hold. ..._from_json() refuses members that it does not
// know,
// ..._at() ignores them; path names the object in errors.
#pragma once

#include <string>
#include <utility>

#include "daemon/control/json.h"
#include "daemon/control/json_reader.h"

namespace ferry::control {

Json to_json(const Target& target);
Json to_json(const PortRef& port);  // a number, or a name
Json to_json(const KubeAccess& kube, Include include);
Json to_json(const ProxyOptions& proxy);
Json to_json(const SwapStatus& swap);

Result<Target> target_from_json(const Json& json, const std::string& path);
Result<KubeAccess> kube_from_json(const Json& json, const std::string& path);
Result<ProxyOptions> proxy_from_json(const Json& json, const std::string& path);

Result<Target> target_at(const Json& json, const std::string& path);
Result<SwapStatus> swap_status_at(const Json& json, const std::string& path);

// A port as to_json() writes it. Absent: `out` stays as it is.
void read_port(JsonReader& reader, const char* key, PortRef& out);

// The spec, if the reader met nothing else and problem_of() finds nothing.
template <typename Spec>
Result<Spec> checked(JsonReader& reader, Spec spec) {
  reader.refuse_unknown_members();
  if (!reader.failure()) {
    if (auto problem = problem_of(spec)) reader.refuse(std::move(*problem));
  }
  return reader.finish(std::move(spec));
}

}  // namespace ferry::control
