#include "kube/object_names.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "kube/json_field.h"

namespace ferry::kube {
namespace {

// An API server answers for objects of a namespace that isn't there as for one that is empty.
std::string meant_namespace(Api& api, const std::string& ns, const CancelToken& cancel) {
  const auto names = object_names(api, kNamespaces, {}, cancel);
  if (!names || names->size() >= kMostNames) return {};
  if (names->empty() || std::find(names->begin(), names->end(), ns) != names->end()) return {};
  const std::string hint = did_you_mean(ns, *names);
  return "there is no namespace '" + ns + "'" + (hint.empty() ? "" : "; " + hint);
}

// "did you mean svc/web or deploy/web?", from the objects of other kinds with this very name.
std::string meant_kind(Api& api, const Resource& resource, std::string_view ns,
                       std::string_view name, const CancelToken& cancel, Meant meant) {
  std::vector<std::string> there;
  for (const auto& [type, other] :
       {std::pair("svc/", &kServices), std::pair("deploy/", &kDeployments),
        std::pair("sts/", &kStatefulSets)}) {
    const bool left_out = other == &kServices && meant == Meant::kWorkloads;
    if (left_out || other->plural == resource.plural) continue;
    if (api.get(*other, ns, name, cancel)) there.push_back(type + std::string(name));
  }
  return there.empty() ? std::string() : "did you mean " + one_of(there) + "?";
}

}  // namespace

Result<std::vector<std::string>> object_names(Api& api, const Resource& resource,
                                              std::string_view ns, const CancelToken& cancel) {
  const auto answer = api.request(
      {.path = path_of(resource, ns), .query = {{"limit", std::to_string(kMostNames)}}}, cancel);
  if (!answer) return fail(answer.error());
  std::vector<std::string> names;
  for (const Json& item : array_field(*answer, "items")) {
    std::string name = text_field(field(item, "metadata"), "name");
    if (!name.empty() && names.size() < kMostNames) names.push_back(std::move(name));
  }
  return names;
}

std::string meant_instead(Api& api, const Resource& resource, std::string_view ns,
                          std::string_view name, const CancelToken& cancel) {
  const auto names = object_names(api, resource, ns, cancel);
  if (names && names->empty()) return meant_namespace(api, std::string(ns), cancel);
  return names ? did_you_mean(name, *names) : std::string();
}

Result<Json> get_named(Api& api, const Resource& resource, std::string_view ns,
                       std::string_view name, const CancelToken& cancel, Meant meant) {
  auto object = api.get(resource, ns, name, cancel);
  if (object || object.error().code != ErrorCode::kNotFound) return object;
  Error error = object.error();
  std::string hint = meant_kind(api, resource, ns, name, cancel, meant);
  if (hint.empty()) hint = meant_instead(api, resource, ns, name, cancel);
  error.fix = with_hint(hint, error.fix);
  return fail(std::move(error));
}

}  // namespace ferry::kube
