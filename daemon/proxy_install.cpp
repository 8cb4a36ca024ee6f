#include "daemon/proxy_install.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/problems.h"
#include "daemon/proxy_identity.h"
#include "daemon/proxy_objects.h"
#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/pod_start.h"

namespace ferry::daemon {
namespace {

using kube::Json;

// Jobs that are made anew because the one waited for has gone.
constexpr int kMaxJobs = 3;

constexpr const char* kImageFix =
    "name an image that the cluster can pull, or go without a proxy (--route direct)";
constexpr const char* kRightsFix =
    "manifests/user-role.yaml lists the rights that are needed; --route direct needs fewer";

std::string job_called(const std::string& ns, const std::string& name) {
  return "job/" + name + " in namespace " + ns;
}

Error with_fix(Error error) {
  if (error.code == ErrorCode::kForbidden && error.fix.empty()) error.fix = kRightsFix;
  return error;
}

// Complete or Failed, or being deleted: its pod will not come back.
bool finished(const Json& job) {
  if (!kube::text_field(kube::field(job, "metadata"), "deletionTimestamp").empty()) return true;
  for (const Json& condition : kube::array_field(kube::field(job, "status"), "conditions")) {
    const std::string type = kube::text_field(condition, "type");
    const bool ends = type == "Complete" || type == "Failed" || type == "FailureTarget" ||
                      type == "SuccessCriteriaMet";
    if (ends && kube::text_field(condition, "status") == "True") return true;
  }
  return false;
}

// Its pod was deleted or evicted, and the Job controller waits before it makes another: ten seconds
// at first, minutes in the end.
bool resting(const Json& job) {
  const Json& status = kube::field(job, "status");
  constexpr std::int64_t kMany = 1'000'000;
  return kube::int_field(status, "failed", 0, kMany, 0) > 0 &&
         kube::int_field(status, "active", 0, kMany, 0) == 0;
}

bool gone(const kube::Pod& pod) {
  return pod.terminating || pod.phase == "Succeeded" || pod.phase == "Failed";
}

// As the Job controller labels the pods that it makes.
std::string job_of(const kube::Pod& pod) {
  const auto label = pod.labels.find("job-name");
  return label == pod.labels.end() ? std::string() : label->second;
}

// One call of ensure_proxy().
class Installation {
 public:
  Installation(kube::Api& api, const ProxyInstallOptions& options, const ProxyIdentity& identity,
               const ProxyProgress& progress, const kube::CancelToken& cancel)
      : api_(api),
        options_(options),
        identity_(identity),
        selector_(proxy_selector(identity.owner)),
        progress_(progress),
        cancel_(cancel),
        started_(clock_.now()) {}

  Result<ProxyPod> run() {
    for (;;) {
      const Result<std::optional<kube::Pod>> pod = best_pod();
      if (!pod) return fail(with_fix(pod.error()));
      if (*pod && (*pod)->ready) return found(**pod);
      if (Status job = look_after_job(pod->has_value()); !job) return fail(with_fix(job.error()));
      if (*pod && job_of(**pod) == job_name_) {
        if (std::optional<Error> hopeless = judge(**pod)) return fail(*hopeless);
      }
      if (clock_.now() - started_ >= options_.ready_timeout) return fail(too_late());
      if (!cancel_.sleep_for(options_.poll_interval)) {
        return fail(kube::cancelled_error("waiting for " + waiting_for_));
      }
    }
  }

 private:
  // The ready one, else one that is on its way. Pods outlive their Job for a moment when it is
  // deleted: such a one isn't waited for.
  Result<std::optional<kube::Pod>> best_pod() {
    const auto list = api_.list(kube::kPods, options_.ns, {selector_, {}}, cancel_);
    if (!list) return fail(list.error());
    std::optional<kube::Pod> best;
    for (const Json& item : list->items) {
      kube::Pod pod = kube::parse_pod(item);
      if (gone(pod)) continue;
      if (!pod.ready && !job_name_.empty() && job_of(pod) != job_name_) continue;
      if (!best || (pod.ready && !best->ready)) best = std::move(pod);
    }
    return best;
  }

  // Sees to it that there is a Job whose pod is on its way, and its Secret.
  Status look_after_job(bool has_pod) {
    if (has_pod && secret_done_) return {};
    Result<Json> job = current_job();
    if (!job) return fail(job.error());
    if (job->is_null()) {
      job = create_job();
      if (!job) return fail(job.error());
    }
    const Json& metadata = kube::field(*job, "metadata");
    const std::string name = kube::text_field(metadata, "name");
    if (name != job_name_) {
      job_name_ = name;
      secret_done_ = false;
    }
    if (!secret_done_) {
      if (Status secret = create_secret(*job); !secret) return secret;
      secret_done_ = true;
    }
    if (has_pod) return {};
    tell(job_called(options_.ns, name), "it has no pod yet");
    return why_no_pod(kube::text_field(metadata, "uid"));
  }

  // Null: there is none that has a pod or is about to make one. Those that rest are removed, so
  // that their pods don't come back beside the new Job's; where that isn't allowed, such a pod ends
  // when it is idle. So are those of another image, which may be one that can't be pulled.
  Result<Json> current_job() {
    const auto list = api_.list(kube::kJobs, options_.ns, {selector_, {}}, cancel_);
    if (!list) return fail(list.error());
    Json current;
    for (const Json& job : list->items) {
      if (finished(job)) continue;
      if (!resting(job) && !of_another_image(job)) {
        current = job;
        continue;
      }
      const Json& metadata = kube::field(job, "metadata");
      const auto removed = api_.remove(kube::kJobs, options_.ns, kube::text_field(metadata, "name"),
                                       {.uid = kube::text_field(metadata, "uid")}, cancel_);
      if (!removed && removed.error().code == ErrorCode::kCancelled) return fail(removed.error());
    }
    return current;
  }

  // Asked only while no pod is ready. The Job that is waited for has been found good already, even
  // if the cluster's admission gave it another image.
  bool of_another_image(const Json& job) const {
    if (options_.image.empty()) return false;
    if (kube::text_field(kube::field(job, "metadata"), "name") == job_name_) return false;
    const Json& pod = kube::field(kube::field(kube::field(job, "spec"), "template"), "spec");
    for (const Json& container : kube::array_field(pod, "containers")) {
      if (kube::text_field(container, "image") == options_.image) return false;
    }
    return true;
  }

  Result<Json> create_job() {
    const std::string what = "creating a proxy in namespace " + options_.ns;
    if (options_.image.empty()) {
      return fail(problem::kNoImage, what, "no image is known for it", kImageFix);
    }
    if (++jobs_ > kMaxJobs) {
      return fail(problem::kProxyEnds, what,
                  "its Job ended " + std::to_string(kMaxJobs) + " times before it was ready",
                  "kubectl get events -n " + options_.ns + " may say who ends it");
    }
    Result<Json> job = make_proxy_job(options_, identity_.owner);
    if (!job) return job;
    tell("namespace " + options_.ns, "creating a proxy from the image " + options_.image);
    job = api_.create(kube::kJobs, options_.ns, *job, cancel_);
    if (job) created_ = kube::text_field(kube::field(*job, "metadata"), "name");
    return job;
  }

  // The Job of an image that can't be had would retry for hours. One that isn't of this call stays.
  void take_back_job() {
    if (created_.empty() || created_ != job_name_) return;
    const kube::CancelToken never;
    static_cast<void>(api_.remove(kube::kJobs, options_.ns, created_, {}, never));
  }

  // Its pod waits for it. An earlier call may have made it.
  Status create_secret(const Json& job) {
    const Result<Json> secret = make_proxy_secret(job, identity_);
    if (!secret) return fail(secret.error());
    const auto created = api_.create(kube::kSecrets, options_.ns, *secret, cancel_);
    if (created || created.error().code == ErrorCode::kAlreadyExists) return {};
    // Without the right to it no later call does any better: take the Job back.
    Error error = created.error();
    if (error.code == ErrorCode::kForbidden) {
      const kube::CancelToken never;
      const auto removed = api_.remove(kube::kJobs, options_.ns, job_name_, {}, never);
      if (!removed)
        error.fix = "delete " + job_called(options_.ns, job_name_) + ", which is of no use";
    }
    return fail(std::move(error));
  }

  // Quota and Pod Security speak through the Job's events; not being allowed to read them is no
  // reason to give up.
  Status why_no_pod(const std::string& job_uid) {
    const auto events =
        api_.list(kube::kEvents, options_.ns, {{}, "involvedObject.uid=" + job_uid}, cancel_);
    if (!events) {
      if (events.error().code == ErrorCode::kCancelled) return fail(events.error());
      return {};
    }
    for (const Json& event : events->items) {
      if (kube::text_field(kube::field(event, "involvedObject"), "uid") != job_uid) continue;
      if (kube::text_field(event, "reason") != "FailedCreate") continue;
      return fail(problem::kProxyRefused,
                  "starting the proxy of " + job_called(options_.ns, job_name_),
                  kube::text_field(event, "message"),
                  "let the namespace have one more small pod, or use another (--route direct needs "
                  "none)");
    }
    return {};
  }

  // What waiting would not change.
  std::optional<Error> judge(const kube::Pod& pod) {
    const std::string what = "starting the proxy pod/" + pod.name + " in namespace " + options_.ns;
    tell("pod/" + pod.name, pod.trouble());
    const auto verdict = start_.look(pod, clock_.now());
    if (!verdict) return std::nullopt;
    Error error{problem::kProxyFails, what, verdict->why, {}};
    switch (verdict->failure) {
      case kube::StartFailure::kImage:
        take_back_job();
        error.fix = kImageFix;
        break;
      case kube::StartFailure::kCrash:
        error.fix = "kubectl logs -n " + options_.ns + " " + pod.name + " may say more";
        break;
      case kube::StartFailure::kUnschedulable:
        error.fix = "make room on a node, or go without a proxy (--route direct)";
        break;
    }
    return error;
  }

  Result<ProxyPod> found(const kube::Pod& pod) {
    ProxyPod proxy;
    proxy.ns = options_.ns;
    proxy.name = pod.name;
    proxy.uid = pod.uid;
    proxy.credentials = {identity_.ca_pem, identity_.daemon.certificate_pem,
                         identity_.daemon.key_pem};
    for (const kube::Container& container : pod.containers) {
      for (const kube::ContainerPort& port : container.ports) {
        if (port.name != "tunnel") continue;
        proxy.port = port.port;
        tell_of_another_image(pod, container.image);
      }
    }
    if (proxy.port == 0) {
      return fail(problem::kProxyMalformed, "using the proxy pod/" + pod.name,
                  "it declares no port called tunnel");
    }
    return proxy;
  }

  // What this call has created is what was asked for, whatever admission made of it.
  void tell_of_another_image(const kube::Pod& pod, const std::string& image) {
    const bool created_here = !created_.empty() && job_of(pod) == created_;
    if (options_.image.empty() || image == options_.image || created_here) return;
    tell("pod/" + pod.name, "using the proxy that runs, made from " + image);
  }

  void tell(const std::string& object, const std::string& state) {
    std::string line = object + ": " + state;
    if (line == waiting_for_) return;
    waiting_for_ = std::move(line);
    if (progress_) progress_(waiting_for_);
  }

  Error too_late() const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(options_.ready_timeout).count();
    return Error{
        problem::kProxyLate,
        "waiting " + std::to_string(seconds) + " s for the proxy in namespace " + options_.ns,
        waiting_for_, "kubectl describe pod -n " + options_.ns + " -l " + selector_};
  }

  kube::Api& api_;
  const ProxyInstallOptions& options_;
  const ProxyIdentity& identity_;
  const std::string selector_;
  const ProxyProgress& progress_;
  const kube::CancelToken& cancel_;
  const SteadyClock clock_;
  const TimePoint started_;
  int jobs_ = 0;              // created by this call
  std::string created_;       // the latest of them
  std::string job_name_;      // the Job that is waited for
  bool secret_done_ = false;  // and whether its Secret is there
  std::string waiting_for_;   // the latest line of progress
  kube::StartJudge start_;
};

}  // namespace

Result<ProxyPod> ensure_proxy(kube::Api& api, const ProxyInstallOptions& options,
                              const ProxyProgress& progress, const kube::CancelToken& cancel) {
  const auto identity = load_or_make_proxy_identity(options.state_dir, options.cluster, options.ns);
  if (!identity) return fail(identity.error());
  return Installation(api, options, *identity, progress, cancel).run();
}

std::string default_proxy_image() { return FERRY_PROXY_IMAGE; }

}  // namespace ferry::daemon
