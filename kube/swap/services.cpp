#include "kube/swap/services.h"

#include <algorithm>

#include "kube/json_field.h"

namespace ferry::swap {

using kube::Json;

Result<std::vector<Json>> services_for(Run& run, const std::string& ns, const Json& labels) {
  const auto all = run.api.list(kube::kServices, ns, {}, run.cancel);
  if (!all) return fail(all.error());
  std::vector<Json> fitting;
  for (const Json& service : all->items) {
    const auto selector = kube::text_map_field(kube::field(service, "spec"), "selector");
    const bool external = kube::text_field(kube::field(service, "spec"), "type") == "ExternalName";
    const bool fits = std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
      return kube::text_field(labels, wanted.first) == wanted.second;
    });
    if (!selector.empty() && !external && fits) fitting.push_back(service);
  }
  return fitting;
}

Result<kube::Endpoints> endpoints_of(Run& run, const std::string& ns, const std::string& service) {
  const auto slices = run.api.list(kube::kEndpointSlices, ns,
                                   {kube::endpoint_slice_selector(service), {}}, run.cancel);
  if (!slices) return fail(slices.error());
  return kube::parse_endpoint_slices(slices->items);
}

bool has_ready(const kube::Endpoints& endpoints, const std::string& pod) {
  return std::any_of(endpoints.members.begin(), endpoints.members.end(), [&](const auto& member) {
    return member.endpoint.pod == pod && member.endpoint.ready;
  });
}

}  // namespace ferry::swap
