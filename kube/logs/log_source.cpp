#include "kube/logs/log_source.h"

#include <utility>

#include "kube/logs/containers.h"
#include "kube/target_pods.h"

namespace ferry::logs {

Result<LogSource> find_source(kube::Api& api, const kube::Target& target, const std::string& ns,
                              const kube::CancelToken& cancel) {
  auto found = kube::find_pods(api, target, ns, "reading the logs of " + to_string(target), cancel);
  if (!found) return fail(found.error());
  return LogSource{target, ns, std::move(found->selectors), container_names(found->spec)};
}

}  // namespace ferry::logs
