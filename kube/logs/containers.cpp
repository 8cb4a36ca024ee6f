#include "kube/logs/containers.h"

#include <array>
#include <string_view>

#include "kube/json_field.h"

namespace ferry::logs {
namespace {

using kube::field;
using kube::Json;
using kube::text_field;

struct Group {
  std::string_view in_spec;
  std::string_view in_status;
};

constexpr std::array<Group, 3> kGroups{{{"initContainers", "initContainerStatuses"},
                                        {"containers", "containerStatuses"},
                                        {"ephemeralContainers", "ephemeralContainerStatuses"}}};

const Json& status_of(const Json& pod, std::string_view group, const std::string& name) {
  for (const Json& status : kube::array_field(field(pod, "status"), group)) {
    if (text_field(status, "name") == name) return status;
  }
  return field(pod, "");
}

// As the kubelet chooses: the present run, or while it waits for the next one, the last.
void add_runs(const Json& status, LoggedContainer& to) {
  const Json& state = field(status, "state");
  const Json& terminated = field(state, "terminated");
  to.running = field(state, "running").is_object();
  to.previous_run = text_field(field(field(status, "lastState"), "terminated"), "containerID");
  if (to.running) to.run = text_field(status, "containerID");
  if (terminated.is_object()) to.run = text_field(terminated, "containerID");
  if (to.run.empty()) to.run = to.previous_run;
  to.waiting = text_field(field(state, "waiting"), "reason");
}

}  // namespace

std::vector<LoggedContainer> logged_containers(const Json& pod) {
  std::vector<LoggedContainer> all;
  const Json& metadata = field(pod, "metadata");
  for (const Group& group : kGroups) {
    for (const Json& container : kube::array_field(field(pod, "spec"), group.in_spec)) {
      LoggedContainer& added = all.emplace_back();
      added.pod = text_field(metadata, "name");
      added.uid = text_field(metadata, "uid");
      added.generate_name = text_field(metadata, "generateName");
      added.name = text_field(container, "name");
      add_runs(status_of(pod, group.in_status, added.name), added);
      if (added.waiting.empty()) added.waiting = text_field(field(pod, "status"), "phase");
    }
  }
  for (auto& container : all) container.alone = all.size() == 1;
  return all;
}

std::vector<std::string> container_names(const Json& pod_spec) {
  std::vector<std::string> names;
  for (const Group& group : kGroups) {
    for (const Json& container : kube::array_field(pod_spec, group.in_spec)) {
      names.push_back(text_field(container, "name"));
    }
  }
  return names;
}

std::string to_string(const LoggedContainer& container) {
  return "pod/" + container.pod + (container.alone ? "" : ", container " + container.name);
}

}  // namespace ferry::logs
