#include "kube/exec/debug_pod.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

#include "kube/exec/choose_container.h"
#include "kube/json_field.h"
#include "kube/model.h"

namespace ferry::exec {
namespace {

using kube::field;
using kube::Json;
using kube::text_field;

constexpr std::size_t kLongestName = 63;
// Without vowels and what looks alike, as the API server makes names.
constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::array<const char*, 7> kHopeless = {
    "ImagePullBackOff",     "InvalidImageName",  "ErrImageNeverPull", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError", "CrashLoopBackOff"};

// Of a pod that has run, what belongs to it alone.
constexpr std::array<const char*, 4> kOwnOfPod = {"nodeName", "ephemeralContainers", "hostname",
                                                  "subdomain"};
constexpr std::array<const char*, 4> kProbesAndHooks = {"livenessProbe", "readinessProbe",
                                                        "startupProbe", "lifecycle"};

std::string first_container(const Json& pod) {
  const auto& containers = kube::array_field(field(pod, "spec"), "containers");
  return containers.empty() ? std::string() : text_field(containers.front(), "name");
}

void make_wait(Json& container, const std::string& image) {
  container["command"] = {"sleep", std::to_string(kCopyLife)};
  container.erase("args");
  if (!image.empty()) container["image"] = image;
}

const Json& state_in(const Json& pod, const std::string& container) {
  for (const char* group :
       {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
    for (const Json& status : kube::array_field(field(pod, "status"), group)) {
      if (text_field(status, "name") == container) return field(status, "state");
    }
  }
  return field(pod, "");
}

std::string why_ended(const Json& pod) {
  const Json& status = field(pod, "status");
  const std::string reason = text_field(status, "reason");
  const std::string message = text_field(status, "message");
  return (reason.empty() ? text_field(status, "phase") : reason) +
         (message.empty() ? "" : ": " + message);
}

}  // namespace

bool has_ended(const Json& pod) {
  const std::string phase = text_field(field(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed";
}

std::string random_name(const std::string& base) {
  std::random_device random;
  std::uniform_int_distribution<std::size_t> letter(0, kLetters.size() - 1);
  std::string name = base.substr(0, kLongestName - 6) + "-";
  for (int i = 0; i < 5; ++i) name += kLetters[letter(random)];
  return name;
}

Json ephemeral_patch(const DebugContainer& container, const Json& security) {
  Json added = {{"name", container.name},
                {"image", container.image},
                {"stdin", container.input},
                // Its input ends with ours.
                {"stdinOnce", container.input},
                {"tty", container.terminal},
                {"terminationMessagePolicy", "File"}};
  if (!container.command.empty()) added["command"] = container.command;
  if (!container.target.empty()) added["targetContainerName"] = container.target;
  if (!security.is_null()) added["securityContext"] = security;
  return {{"spec", {{"ephemeralContainers", Json::array({added})}}}};
}

Json security_context_of(const Json& pod, const std::string& container) {
  const std::string wanted = container.empty() ? first_container(pod) : container;
  for (const Json& each : kube::array_field(field(pod, "spec"), "containers")) {
    if (text_field(each, "name") == wanted) return field(each, "securityContext");
  }
  return nullptr;
}

Json copy_for_debugging(const Json& pod, const std::string& name, const std::string& container,
                        const std::string& image) {
  const std::string wanted = container.empty() ? first_container(pod) : container;
  Json spec = field(pod, "spec");
  if (!spec.is_object()) spec = Json::object();
  for (const char* key : kOwnOfPod) spec.erase(key);
  spec["restartPolicy"] = "Never";
  spec["terminationGracePeriodSeconds"] = 1;
  spec["activeDeadlineSeconds"] = kCopyLife;
  if (spec.contains("containers") && spec["containers"].is_array()) {
    for (Json& each : spec["containers"]) {
      if (!each.is_object()) continue;
      for (const char* key : kProbesAndHooks) each.erase(key);
      if (text_field(each, "name") == wanted) make_wait(each, image);
    }
  }
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", name},
            {"annotations",
             {{"ferry.dev/debug-copy-of", text_field(field(pod, "metadata"), "name")}}}}},
          {"spec", std::move(spec)}};
}

ContainerProgress progress_of(const Json& pod, const std::string& container) {
  ContainerProgress progress;
  const Json& state = state_in(pod, container);
  const Json& terminated = field(state, "terminated");
  progress.running = field(state, "running").is_object();
  if (progress.running) return progress;
  if (terminated.is_object()) {
    progress.exit_code = static_cast<int>(kube::int_field(terminated, "exitCode", 0, 255, 255));
    progress.why = text_field(terminated, "message");
    // It never ran: the runtime couldn't start it.
    progress.hopeless = text_field(terminated, "reason") == "StartError";
    return progress;
  }
  if (has_ended(pod)) {
    progress.why = "the pod has ended: " + why_ended(pod);
    progress.hopeless = true;
    return progress;
  }
  const Json& waiting = field(state, "waiting");
  const std::string reason = text_field(waiting, "reason");
  const std::string message = text_field(waiting, "message");
  progress.why = reason + (message.empty() ? "" : ": " + message);
  progress.hopeless = std::any_of(kHopeless.begin(), kHopeless.end(),
                                  [&](const char* each) { return reason == each; });
  if (!reason.empty() && reason != "PodInitializing" && reason != "ContainerCreating") {
    return progress;
  }
  // Then it is the pod that says why.
  const kube::Pod parsed = kube::parse_pod(pod);
  if (!parsed.unschedulable.empty()) progress.why = "Unschedulable: " + parsed.unschedulable;
  if (progress.why.empty()) progress.why = "ContainerCreating";
  return progress;
}

}  // namespace ferry::exec
