#include "kube/diagnose/pod_facts.h"

#include <utility>

#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::diagnose {

using kube::Json;

// An event names a container as "spec.containers{main}" (Kubernetes API, Event.involvedObject).
std::string last_message(const PodFacts& facts, std::string_view reason, std::string_view container,
                         std::string_view beginning) {
  const std::string about = "{" + std::string(container) + "}";
  for (auto event = facts.events.rbegin(); event != facts.events.rend(); ++event) {
    if (kube::text_field(*event, "reason") != reason) continue;
    const auto path = kube::text_field(kube::field(*event, "involvedObject"), "fieldPath");
    if (!container.empty() && !path.ends_with(about)) continue;
    const auto message = kube::text_field(*event, "message");
    if (message.starts_with(beginning)) return std::string(kube::trim(message));
  }
  return {};
}

std::string name_of(const PodFacts& facts) {
  return "pod/" + kube::text_field(kube::field(facts.pod, "metadata"), "name");
}

std::string name_of(const PodFacts& facts, std::string_view container) {
  return name_of(facts) + ", container " + std::string(container);
}

Finding finding_at(const PodFacts& facts, const Json& container, Code code, std::string cause) {
  return {.code = code,
          .object = name_of(facts, kube::text_field(container, "name")),
          .cause = std::move(cause),
          .evidence = {},
          .fix = {}};
}

}  // namespace ferry::diagnose
