#include "kube/target_pods.h"

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/object_names.h"
#include "kube/problems.h"

namespace ferry::kube {

Result<TargetPods> find_pods(Api& api, const Target& target, const std::string& ns,
                             const std::string& what, const CancelToken& cancel) {
  if (target.kind == TargetKind::kHost) {
    return fail(problem::kHostNotAnObject, what, "a host is no object of the cluster",
                "name a Service, a workload or a pod");
  }
  const auto object = get_named(api, resource_of(target.kind), ns, target.name, cancel);
  if (!object) return fail(object.error());
  TargetPods found;
  const Json& spec = field(*object, "spec");
  if (target.kind == TargetKind::kPod) {
    found.selectors.fields = "metadata.name=" + target.name;
    found.spec = spec;
    return found;
  }
  const bool service = target.kind == TargetKind::kService;
  found.selectors.labels =
      service ? to_selector(parse_service(*object).selector) : parse_workload(*object).selector;
  found.spec = field(field(spec, "template"), "spec");
  if (!found.selectors.labels.empty()) return found;
  return fail(problem::kNoSelector, what, "it has no selector, and so no pods of its own",
              "name the pod: pod/NAME");
}

}  // namespace ferry::kube
