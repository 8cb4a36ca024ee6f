#include "kube/logs/log_source.h"

#include "kube/json_field.h"
#include "kube/logs/containers.h"
#include "kube/model.h"

namespace ferry::logs {

using kube::Json;
using kube::TargetKind;

Result<LogSource> find_source(kube::Api& api, const kube::Target& target, const std::string& ns,
                              const kube::CancelToken& cancel) {
  const std::string what = "reading the logs of " + to_string(target);
  if (target.kind == TargetKind::kHost) {
    return fail(ErrorCode::kUnsupported, what, "a host is no object of the cluster",
                "name a Service, a workload or a pod");
  }
  const auto object = api.get(resource_of(target.kind), ns, target.name, cancel);
  if (!object) return fail(object.error());
  LogSource source{.target = target, .ns = ns};
  const Json& spec = kube::field(*object, "spec");
  if (target.kind == TargetKind::kPod) {
    source.pods.fields = "metadata.name=" + target.name;
    source.declared = container_names(spec);
    return source;
  }
  const bool service = target.kind == TargetKind::kService;
  source.pods.labels = service ? kube::to_selector(kube::parse_service(*object).selector)
                               : kube::parse_workload(*object).selector;
  source.declared = container_names(kube::field(kube::field(spec, "template"), "spec"));
  if (!source.pods.labels.empty()) return source;
  return fail(ErrorCode::kUnsupported, what, "it has no selector, and so no pods of its own",
              "name the pod: pod/NAME");
}

}  // namespace ferry::logs
