#include "kube/swap/obstacles.h"

#include <array>
#include <string_view>
#include <utility>

#include "kube/json_field.h"
#include "kube/swap/problems.h"
#include "kube/swap/record.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

using kube::Json;

struct Mark {
  std::string_view key;  // of a label or an annotation
  std::string_view manager;
};

// https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
// https://fluxcd.io/flux/faq/ (the labels that its controllers set)
// https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/reference/annotations
constexpr std::array<Mark, 6> kMarks{{{"argocd.argoproj.io/tracking-id", "Argo CD"},
                                      {"argocd.argoproj.io/instance", "Argo CD"},
                                      {"kustomize.toolkit.fluxcd.io/name", "Flux"},
                                      {"helm.toolkit.fluxcd.io/name", "Flux"},
                                      {"configmanagement.gke.io/managed", "Config Sync"},
                                      {"addonmanager.kubernetes.io/mode", "the addon manager"}}};

std::string controller_of(const Json& object) {
  for (const Json& owner : kube::array_field(kube::field(object, "metadata"), "ownerReferences")) {
    if (kube::bool_field(owner, "controller", false)) {
      return kube::text_field(owner, "kind") + "/" + kube::text_field(owner, "name");
    }
  }
  return {};
}

std::int64_t count(const Json& object, const char* key) {
  return kube::int_field(object, key, 0, 1'000'000'000, 0);
}

// Old pods beside new ones. Scaling to 0 ends a rollout: what comes back is the new version alone.
std::string rollout_under_way(const WorkloadRef& original, const Json& object) {
  if (original.kind == WorkloadKind::kReplicaSet) return {};
  const Json& status = kube::field(object, "status");
  const std::string current = kube::text_field(status, "currentRevision");
  if (!current.empty() && current != kube::text_field(status, "updateRevision")) {
    return "some of its pods are of the revision " + current;
  }
  const std::int64_t all = count(status, "replicas");
  const std::int64_t updated = count(status, "updatedReplicas");
  if (original.kind == WorkloadKind::kStatefulSet || updated >= all) return {};
  return std::to_string(all - updated) + " of its " + std::to_string(all) +
         " pods are of the old version";
}

class Check {
 public:
  Check(const WorkloadRef& original, const Json& object, bool force)
      : original_(original),
        object_(object),
        spec_(kube::field(object, "spec")),
        pod_(kube::field(kube::field(spec_, "template"), "spec")),
        force_(force) {}

  Result<std::vector<Error>> run() {
    using Step = Status (Check::*)();
    for (const Step step : {&Check::not_leaving, &Check::network, &Check::claims,
                            &Check::controller, &Check::rollout}) {
      if (Status status = (this->*step)(); !status) return fail(status.error());
    }
    peculiarities();
    return std::move(warnings_);
  }

 private:
  Status refuse(const Problem& problem, std::string why, std::string fix) const {
    return fail(problem, "swapping " + describe(original_), std::move(why), std::move(fix));
  }

  void warn(std::string why, std::string fix) {
    warnings_.push_back(
        Error{problem::kPeculiarity, describe(original_), std::move(why), std::move(fix)});
  }

  Status not_leaving() {
    if (kube::text_field(kube::field(object_, "metadata"), "deletionTimestamp").empty()) return {};
    return refuse(problem::kBeingDeleted, "it is being deleted", "wait until it is there again");
  }

  Status network() {
    if (kube::bool_field(pod_, "hostNetwork", false)) {
      return refuse(problem::kHostNetwork,
                    "its pods use the network of their node (hostNetwork): a stand-in would need "
                    "the same ports of the same node at the same time",
                    "forward to it instead, or run it without hostNetwork while you work on it");
    }
    const bool windows =
        kube::text_field(kube::field(pod_, "os"), "name") == "windows" ||
        kube::text_field(kube::field(pod_, "nodeSelector"), "kubernetes.io/os") == "windows";
    if (!windows) return {};
    return refuse(problem::kWindows, "its pods run on Windows nodes, and the proxy on Linux",
                  "forward to it instead");
  }

  Status claims() {
    std::vector<std::string> names;
    for (const Json& claim : kube::array_field(spec_, "volumeClaimTemplates")) {
      names.push_back(kube::text_field(kube::field(claim, "metadata"), "name"));
    }
    if (names.empty()) return {};
    return refuse(problem::kOwnVolumes,
                  "each of its pods has a volume of its own (" + kube::enumerate(names, "") +
                      "), and what it keeps there can't be stood in for",
                  "forward to it instead (ferry forward " + to_string(original_) + ")");
  }

  Status controller() {
    const std::string owner = controller_of(object_);
    if (owner.empty()) return {};
    if (original_.kind != WorkloadKind::kReplicaSet) {
      warn("it belongs to " + owner + ", which may scale it up again while it is swapped",
           "if it does, the stand-in gets a share of the traffic only; stop " + owner +
               " for the time");
      return {};
    }
    return refuse(problem::kOwned, "it belongs to " + owner + ", which would scale it up again",
                  owner.starts_with("Deployment/")
                      ? "swap deploy/" + owner.substr(owner.find('/') + 1)
                      : "swap what stands above it, if that is a "
                        "Deployment or a StatefulSet");
  }

  Status rollout() {
    const std::string mixed = rollout_under_way(original_, object_);
    if (mixed.empty()) return {};
    const std::string why = "a rollout is under way: " + mixed;
    if (!force_) {
      return refuse(problem::kRolloutUnderway, why,
                    "wait until it is through, or undo it (kubectl rollout undo); with --force, "
                    "restoring brings back the new version only");
    }
    warn(why, "restoring brings back the new version only");
    return {};
  }

  void peculiarities() {
    if (kube::bool_field(spec_, "paused", false)) {
      warn("it is paused: changes of its pod template wait",
           "swapping and restoring work all the same");
    }
    if (replicas_of(object_) == 0 && record_text(object_).empty()) {
      warn("it is at 0 replicas", "restoring leaves it so");
    }
    if (original_.kind == WorkloadKind::kStatefulSet) {
      warn("its pods have names of their own; the stand-in's pod has another",
           "who asks for " + original_.name + "-0 by name gets no answer while it is swapped");
    }
    const std::string manager = manager_of(object_);
    if (!manager.empty() && controller_of(object_).empty()) {
      warn(manager + " manages it and may set its replicas back while it is swapped",
           "if it does, the stand-in gets a share of the traffic only; let it ignore "
           "spec.replicas, or stop it for the time");
    }
  }

  const WorkloadRef& original_;
  const Json& object_;
  const Json& spec_;
  const Json& pod_;
  const bool force_;
  std::vector<Error> warnings_;
};

}  // namespace

std::string manager_of(const Json& object) {
  const Json& metadata = kube::field(object, "metadata");
  for (const Mark& mark : kMarks) {
    for (const char* where : {"labels", "annotations"}) {
      if (kube::field(kube::field(metadata, where), mark.key).is_string()) {
        return std::string(mark.manager);
      }
    }
  }
  return controller_of(object);
}

Result<std::vector<Error>> check_swappable(const WorkloadRef& original, const Json& object,
                                           bool force) {
  return Check(original, object, force).run();
}

}  // namespace ferry::swap
