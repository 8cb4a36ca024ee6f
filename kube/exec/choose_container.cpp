#include "kube/exec/choose_container.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "kube/exec/problems.h"
#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/text.h"

namespace ferry::exec {
namespace {

using kube::field;
using kube::Json;
using kube::text_field;

constexpr const char* kDefaultContainer = "kubectl.kubernetes.io/default-container";
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kGroups{
    {{"containers", "containerStatuses"},
     {"initContainers", "initContainerStatuses"},
     {"ephemeralContainers", "ephemeralContainerStatuses"}}};

const Json& state_of(const Json& pod, std::string_view group, const std::string& name) {
  for (const Json& status : kube::array_field(field(pod, "status"), group)) {
    if (text_field(status, "name") == name) return field(status, "state");
  }
  return field(pod, "");
}

std::string why_not_running(const Json& state) {
  const Json& terminated = field(state, "terminated");
  if (terminated.is_object()) {
    const std::string reason = text_field(terminated, "reason");
    return "it has ended with exit code " +
           std::to_string(kube::int_field(terminated, "exitCode", 0, 255, 0)) +
           (reason.empty() ? "" : " (" + reason + ")");
  }
  const Json& waiting = field(state, "waiting");
  const std::string message = text_field(waiting, "message");
  return text_field(waiting, "reason") + (message.empty() ? "" : ": " + message);
}

std::string wanted_in(const Json& pod, const std::vector<ContainerState>& containers,
                      const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  const std::string marked =
      text_field(field(field(pod, "metadata"), "annotations"), kDefaultContainer);
  const bool there = std::any_of(containers.begin(), containers.end(),
                                 [&](const ContainerState& each) { return each.name == marked; });
  if (there) return marked;
  return containers.empty() ? std::string() : containers.front().name;
}

// The lower, the better; nothing where it doesn't run.
std::optional<int> rank_of(const kube::Pod& pod, const ContainerState& container) {
  if (!container.running) return std::nullopt;
  if (pod.terminating) return 2;
  return pod.ready ? 0 : 1;
}

struct Candidate {
  Place place;
  std::optional<int> rank;
  std::string why_not;
};

std::optional<Candidate> candidate_in(const Json& object, const std::string& wanted) {
  const auto containers = containers_of(object);
  const std::string name = wanted_in(object, containers, wanted);
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const ContainerState& each) { return each.name == name; });
  if (found == containers.end()) return std::nullopt;
  const kube::Pod pod = kube::parse_pod(object);
  Candidate candidate{{pod.name, name, {}}, rank_of(pod, *found), found->why_not};
  for (const auto& each : containers) {
    if (each.name != name) candidate.place.others.push_back(each.name);
  }
  if (candidate.why_not.empty()) {
    const std::string trouble = pod.trouble();
    candidate.why_not = "the pod is " + (pod.phase.empty() ? "not started" : pod.phase) +
                        (trouble.empty() ? "" : ": " + trouble);
  }
  return candidate;
}

std::string names_in(const std::vector<Json>& pods) {
  std::vector<std::string> names;
  for (const Json& pod : pods) {
    for (auto& each : containers_of(pod)) {
      if (std::find(names.begin(), names.end(), each.name) == names.end()) {
        names.push_back(std::move(each.name));
      }
    }
  }
  return kube::enumerate(names, "none");
}

}  // namespace

std::vector<ContainerState> containers_of(const Json& pod) {
  std::vector<ContainerState> all;
  for (const auto& [in_spec, in_status] : kGroups) {
    for (const Json& container : kube::array_field(field(pod, "spec"), in_spec)) {
      ContainerState& added = all.emplace_back();
      added.name = text_field(container, "name");
      const Json& state = state_of(pod, in_status, added.name);
      added.running = field(state, "running").is_object();
      if (!added.running) added.why_not = why_not_running(state);
    }
  }
  return all;
}

Result<Place> choose_container(const std::vector<Json>& pods, const std::string& wanted,
                               const std::string& what, const std::string& target,
                               const std::string& program) {
  std::optional<Candidate> best;
  for (const Json& pod : pods) {
    auto candidate = candidate_in(pod, wanted);
    if (!candidate) continue;
    const bool better =
        !best || (candidate->rank && (!best->rank || *candidate->rank < *best->rank));
    if (better) best = std::move(candidate);
  }
  if (pods.empty()) {
    return fail(problem::kNoPods, what, "it has no pods at present",
                "'" + program + " diagnose " + target + "' says why");
  }
  if (!best) {
    return fail(problem::kContainerUnknown, what, "it has no container '" + wanted + "'",
                "it has " + names_in(pods));
  }
  if (best->rank) return std::move(best->place);
  const std::string where = "container " + best->place.container + " of pod " + best->place.pod;
  return fail(problem::kContainerNotRunning, what, where + " doesn't run: " + best->why_not,
              "'" + program + " diagnose pod/" + best->place.pod + "' says more");
}

}  // namespace ferry::exec
