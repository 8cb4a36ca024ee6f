#include <algorithm>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/pod_start.h"
#include "kube/swap/problems.h"
#include "kube/swap/services.h"
#include "kube/swap/stand_in.h"
#include "kube/swap/waiting.h"

namespace ferry::swap {
namespace {

using kube::Json;

// A node may come up for it; a refusal may have been a webhook's bad moment.
constexpr Duration kUnschedulablePatience = std::chrono::seconds(30);
constexpr Duration kRefusalPatience = std::chrono::seconds(5);

constexpr const char* kImageFix = "name an image that the cluster can pull (--image)";
constexpr const char* kRoomFix =
    "make room on a node that its node selector, affinity and tolerations allow";
// The stand-in itself can't be looked at any more: it is removed after such an error.
constexpr const char* kLateFix =
    "mend what holds it up, or give it longer (--timeout TIME), and swap again";
constexpr const char* kRefusedFix =
    "let the namespace have one more small pod, and the pod what it asks for";

std::string creation_of(const Json& pod) {
  return kube::text_field(kube::field(pod, "metadata"), "creationTimestamp");
}

// The proxy's, by the port that no other container has; null: it isn't one of ours.
const kube::Container* proxy_of(const kube::Pod& pod, std::uint16_t& tunnel_port) {
  for (const kube::Container& container : pod.containers) {
    for (const kube::ContainerPort& port : container.ports) {
      if (port.name != "ferry-tunnel") continue;
      tunnel_port = port.port;
      return &container;
    }
  }
  return nullptr;
}

bool runs(const Json& pod, const std::string& container) {
  for (const Json& status : kube::array_field(kube::field(pod, "status"), "containerStatuses")) {
    if (kube::text_field(status, "name") != container) continue;
    return kube::field(kube::field(status, "state"), "running").is_object();
  }
  return false;
}

// What holds up the init containers, which come before all others; empty: nothing.
std::string init_trouble(const Json& pod) {
  for (const Json& status :
       kube::array_field(kube::field(pod, "status"), "initContainerStatuses")) {
    const Json& state = kube::field(status, "state");
    const Json& waiting = kube::field(state, "waiting");
    const std::string reason = kube::text_field(waiting, "reason");
    if (reason.empty() || reason == "PodInitializing") continue;
    const std::string message = kube::text_field(waiting, "message");
    return "init container " + kube::text_field(status, "name") + ": " + reason +
           (message.empty() ? "" : ": " + message);
  }
  return {};
}

Result<Json> newest_pod(Run& run, const std::string& ns, const std::string& id) {
  const auto list =
      run.api.list(kube::kPods, ns, {std::string(kStandInLabel) + "=" + id, {}}, run.cancel);
  if (!list) return fail(list.error());
  Json newest;
  for (const Json& pod : list->items) {
    const kube::Pod parsed = kube::parse_pod(pod);
    if (parsed.terminating || parsed.phase == "Failed" || parsed.phase == "Succeeded") continue;
    if (newest.is_null() || creation_of(pod) > creation_of(newest)) newest = pod;
  }
  return newest;
}

Error hopeless(const kube::Pod& pod, const kube::StartVerdict& verdict) {
  Error error{problem::kStandInFails,
              "starting the stand-in pod/" + pod.name + " in namespace " + pod.ns,
              verdict.why,
              {}};
  switch (verdict.failure) {
    case kube::StartFailure::kImage: error.fix = kImageFix; break;
    case kube::StartFailure::kCrash:
      error.fix = "kubectl logs -n " + pod.ns + " " + pod.name + " may say more";
      break;
    case kube::StartFailure::kUnschedulable: error.fix = kRoomFix; break;
  }
  return error;
}

StandInPod describe_pod(const Json& object, kube::StartJudge& judge, TimePoint now) {
  StandInPod found;
  found.trouble = "it has no pod yet";
  if (object.is_null()) return found;
  const kube::Pod pod = kube::parse_pod(object);
  found.name = pod.name;
  found.uid = pod.uid;
  found.ready = pod.ready;
  const kube::Container* proxy = proxy_of(pod, found.port);
  found.running = proxy != nullptr && runs(object, proxy->name);
  found.trouble = pod.ready ? "" : init_trouble(object);
  if (found.trouble.empty()) found.trouble = pod.trouble();
  const auto verdict = judge.look(pod, now, proxy == nullptr ? "" : proxy->name);
  if (verdict) found.hopeless = hopeless(pod, *verdict);
  return found;
}

// Looks at the pod again and again, with a memory for what gets better by itself.
class PodWait {
 public:
  PodWait(Run& run, const SwapPlan& plan) : run_(run), plan_(plan) {}

  // What keeps it from having been reached; nothing: `done` says yes.
  using Done = std::function<Result<std::optional<std::string>>(const StandInPod&)>;

  Result<StandInPod> until(std::optional<Duration> limit, const Done& done) {
    const auto look = [&]() -> Result<std::optional<std::string>> {
      if (Status seen = see(); !seen) return fail(seen.error());
      // Over as well, and not by an error that the waiting would sit out.
      if (pod_.hopeless) return std::optional<std::string>();
      return done(pod_);
    };
    const Status waited = wait_until(run_, stand_in_called(plan_), limit, look);
    if (waited && pod_.hopeless) return fail(*pod_.hopeless);
    if (waited) return pod_;
    Error error = waited.error();
    if (error.code == ErrorCode::kTimedOut) explain(error);
    return fail(std::move(error));
  }

 private:
  Status see() {
    const auto object = newest_pod(run_, plan_.request.original.ns, plan_.record.id);
    if (!object) return fail(object.error());
    pod_ = describe_pod(*object, judge_, run_.pace.now());
    return object->is_null() ? see_why_none() : Status{};
  }

  // Quota and Pod Security speak through a condition of the Deployment.
  Status see_why_none() {
    const auto stand_in = run_.api.get(kube::kDeployments, plan_.request.original.ns,
                                       plan_.record.stand_in, run_.cancel);
    if (!stand_in && stand_in.error().code == ErrorCode::kNotFound) {
      return fail(problem::kStandInDeleted, "waiting for " + stand_in_called(plan_),
                  "somebody has deleted it", "swap again");
    }
    if (!stand_in) return fail(stand_in.error());
    for (const Json& condition :
         kube::array_field(kube::field(*stand_in, "status"), "conditions")) {
      if (kube::text_field(condition, "type") != "ReplicaFailure") continue;
      if (kube::text_field(condition, "status") != "True") continue;
      pod_.trouble = kube::text_field(condition, "message");
      if (!refused_since_) refused_since_ = run_.pace.now();
      if (run_.pace.now() - *refused_since_ < kRefusalPatience) return {};
      pod_.hopeless = Error{problem::kStandInRefused, "starting a pod of " + stand_in_called(plan_),
                            pod_.trouble, kRefusedFix};
      return {};
    }
    refused_since_.reset();
    return {};
  }

  // What else `kubectl describe` would have shown: the latest warning about the pod.
  void explain(Error& error) {
    error.fix = kLateFix;
    if (pod_.uid.empty()) return;
    const auto events = run_.api.list(kube::kEvents, plan_.request.original.ns,
                                      {{}, "involvedObject.uid=" + pod_.uid}, run_.cancel);
    if (!events) return;
    std::string latest;
    std::string words;
    for (const Json& event : events->items) {
      const std::string when = kube::text_field(event, "lastTimestamp");
      const bool about = kube::text_field(kube::field(event, "involvedObject"), "uid") == pod_.uid;
      if (!about || kube::text_field(event, "type") != "Warning" || when < latest) continue;
      latest = when;
      words = kube::text_field(event, "reason") + ": " + kube::text_field(event, "message");
    }
    if (!words.empty()) error.why += " (" + words + ")";
  }

  Run& run_;
  const SwapPlan& plan_;
  kube::StartJudge judge_{kUnschedulablePatience};
  StandInPod pod_;
  std::optional<TimePoint> refused_since_;
};

}  // namespace

Result<StandInPod> find_stand_in_pod(Run& run, const std::string& ns, const std::string& id) {
  const auto object = newest_pod(run, ns, id);
  if (!object) return fail(object.error());
  kube::StartJudge judge(kUnschedulablePatience);
  return describe_pod(*object, judge, run.pace.now());
}

Result<StandInPod> wait_stand_in_running(Run& run, const SwapPlan& plan) {
  const auto done = [](const StandInPod& pod) -> Result<std::optional<std::string>> {
    if (pod.running) return std::optional<std::string>();
    return std::optional(pod.trouble);
  };
  return PodWait(run, plan).until(run.limits.step, done);
}

Result<StandInPod> wait_stand_in_ready(Run& run, const SwapPlan& plan, bool patient) {
  const auto done = [&](const StandInPod& pod) -> Result<std::optional<std::string>> {
    if (!pod.ready) return std::optional(pod.trouble);
    for (const PlannedService& service : plan.services) {
      const auto endpoints = endpoints_of(run, plan.request.original.ns, service.name);
      if (!endpoints) return fail(endpoints.error());
      if (!has_ready(*endpoints, pod.name)) {
        return std::optional("not among the endpoints of service/" + service.name + " yet");
      }
    }
    return std::optional<std::string>();
  };
  const std::optional<Duration> limit = patient ? std::nullopt : std::optional(run.limits.step);
  return PodWait(run, plan).until(limit, done);
}

}  // namespace ferry::swap
