#include "tests/kube/swap/sim_cluster.h"

#include <algorithm>
#include <array>
#include <set>

#include "kube/json_field.h"
#include "kube/swap/record.h"
#include "kube/swap/workload.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr const char* kNs = "demo";
constexpr Duration kGrace = std::chrono::seconds(3);
constexpr Duration kLateness = std::chrono::seconds(40);

const std::array<kube::Resource, 3> kWorkloads{kube::kDeployments, kube::kStatefulSets,
                                               kube::kReplicaSets};
// Everything that a person or Ferry makes.
const std::array<kube::Resource, 8> kMade{
    kube::kDeployments, kube::kStatefulSets, kube::kReplicaSets,  kube::kServices,
    kube::kSecrets,     kube::kRoles,        kube::kRoleBindings, kube::kServiceAccounts};

std::string name_of(const Json& object) {
  return kube::text_field(kube::field(object, "metadata"), "name");
}

std::int64_t number(const Json& object, const char* key) {
  return kube::int_field(object, key, 0, INT64_MAX, 0);
}

bool ending(const Json& pod) { return kube::field(pod, "metadata").contains("deletionTimestamp"); }

bool is_ready(const Json& pod) {
  for (const Json& condition : kube::array_field(kube::field(pod, "status"), "conditions")) {
    if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
  }
  return false;
}

std::string verb_of(const kube::Request& request, bool has_name) {
  if (request.method == "POST") return "create";
  if (request.method == "PATCH") return "patch";
  if (request.method == "DELETE") return "delete";
  return has_name ? "get" : "list";
}

// "/apis/GROUP/VERSION/namespaces/NS/RESOURCE/NAME/SUB"
SimCluster::Attempt attempt_of(const kube::Request& request) {
  std::vector<std::string> words;
  for (const auto word : kube::split(request.path, '/')) words.emplace_back(word);
  const std::size_t at = words.at(1) == "apis" ? 4 : 3;
  SimCluster::Attempt attempt;
  if (words.at(1) == "apis") attempt.group = words.at(2);
  const std::size_t resource = words.at(at) == "namespaces" && words.size() > at + 2 ? at + 2 : at;
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };
  attempt.resource = word(resource);
  attempt.name = word(resource + 1);
  attempt.subresource = word(resource + 2);
  attempt.verb = verb_of(request, !attempt.name.empty());
  return attempt;
}

bool is_dry(const kube::Request& request) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [](const auto& one) { return one.first == "dryRun"; });
}

}  // namespace

std::vector<Json> SimCluster::all(const kube::Resource& resource) {
  return those(resource, [](const Json&) { return true; });
}

// Copies of those that are looked for: most of the time few of all.
std::vector<Json> SimCluster::those(const kube::Resource& resource,
                                    const std::function<bool(const Json&)>& wanted) const {
  std::vector<Json> found;
  objects_.each(resource, kNs, [&](const Json& object) {
    if (wanted(object)) found.push_back(object);
  });
  return found;
}

Json SimCluster::snapshot() {
  Json everything = Json::object();
  for (const kube::Resource& resource : kMade) {
    for (Json object : all(resource)) {
      object.erase("status");
      for (const char* key : {"resourceVersion", "generation", "uid"}) {
        object["metadata"].erase(key);
      }
      Json& metadata = object["metadata"];
      if (kube::field(metadata, "annotations").empty()) metadata.erase("annotations");
      everything[std::string(resource.plural) + "/" + name_of(object)] = object;
    }
  }
  return everything;
}

void SimCluster::advance(Duration time) {
  constexpr Duration kStep = std::chrono::milliseconds(500);
  control();  // objects may have been put there since
  for (Duration gone{}; gone < time; gone += kStep) {
    now_ += std::min(kStep, time - gone);
    if (due() || resting_) control();
    serve_late();
  }
}

void SimCluster::serve_late() {
  if (!under_way_ || now_ < under_way_->first) return;
  static_cast<void>(serve(std::exchange(under_way_, {})->second));
}

// Whether the time of some pod has come, or its readiness changes.
bool SimCluster::due() const {
  const auto now = now_.time_since_epoch().count();
  bool any = false;
  objects_.each(kube::kPods, kNs, [&](const Json& pod) {
    if (ending(pod)) {
      any = any || number(pod["sim"], "ends") <= now;
    } else if (pod["status"]["phase"] == "Pending") {
      any = any || number(pod["sim"], "starts") <= now;
    } else {
      any = any || (ready && ready(pod) != is_ready(pod));
    }
  });
  return any;
}

Result<Json> SimCluster::request(const kube::Request& request, const kube::CancelToken& cancel) {
  if (dead_ || cancel.cancelled()) return fail(kube::cancelled_error(request.path));
  const bool hit = fault && fault->call == calls;
  const bool lost = late == request.method + " " + request.path && !is_dry(request);
  ++calls;
  if (lost) late.reset();
  if (!hit && !lost) return serve(request);
  const Trouble trouble = lost ? Trouble::kLate : fault->trouble;
  dead_ = trouble == Trouble::kDiesBefore || trouble == Trouble::kDiesAfter;
  if (trouble == Trouble::kBefore || trouble == Trouble::kDiesBefore) {
    return fail(ErrorCode::kUnreachable, request.method + " " + request.path, "no route to host");
  }
  if (trouble == Trouble::kLate) {
    under_way_.emplace(now_ + kLateness, request);
    return fail(ErrorCode::kTimedOut, request.method + " " + request.path, "no answer");
  }
  static_cast<void>(serve(request));
  if (trouble == Trouble::kDuring) advance(std::chrono::seconds(30));
  return fail(ErrorCode::kTimedOut, request.method + " " + request.path, "no answer");
}

Status SimCluster::stream(const kube::Request& request, const OnLine&, const kube::CancelToken&) {
  return fail(ErrorCode::kUnsupported, request.path, "nothing is watched here");
}

Result<Json> SimCluster::serve(const kube::Request& request) {
  if (intercept) {
    if (auto answer = intercept(request)) return *answer;
  }
  if (request.path.find("selfsubjectaccessreviews") != std::string::npos) return review(request);
  if (auto refused = refuse(request)) return fail(*refused);
  if (is_dry(request)) return request.body;
  const bool writes = request.method != "GET";
  Result<Json> answer = objects_.request(request, never_);
  if (answer && writes) {
    control();
    if (on_change) on_change();
  }
  return answer;
}

Result<Json> SimCluster::review(const kube::Request& request) const {
  Json answer = request.body;
  const Json& asked = answer["spec"]["resourceAttributes"];
  const auto text = [&](const char* key) { return kube::text_field(asked, key); };
  answer["status"]["allowed"] = !may || may({text("verb"), text("group"), text("resource"),
                                             text("subresource"), text("name")});
  return answer;
}

std::optional<Error> SimCluster::refuse(const kube::Request& request) {
  if (may && !may(attempt_of(request))) {
    return Error{ErrorCode::kForbidden,
                 request.method + " " + request.path,
                 "user \"ann\" cannot do it",
                 {}};
  }
  if (request.method != "DELETE") return std::nullopt;
  const std::string wanted = kube::text_field(kube::field(request.body, "preconditions"), "uid");
  const auto object = objects_.request({.path = request.path}, never_);
  if (wanted.empty() || !object) return std::nullopt;
  if (kube::text_field(kube::field(*object, "metadata"), "uid") == wanted) return std::nullopt;
  return Error{ErrorCode::kConflict, "DELETE " + request.path, "the UID is another", {}};
}

// As the API server does it: one more for each change of the spec.
void SimCluster::count_generations() {
  for (const kube::Resource& resource : kWorkloads) {
    const auto changed = [&](const Json& workload) {
      return specs_[workload["metadata"]["uid"].get<std::string>()] != workload["spec"];
    };
    for (Json workload : those(resource, changed)) {
      specs_[workload["metadata"]["uid"].get<std::string>()] = workload["spec"];
      workload["metadata"]["generation"] = number(workload["metadata"], "generation") + 1;
      objects_.put(resource, kNs, workload);
    }
  }
}

void SimCluster::control() {
  count_generations();
  resting_ = now_ < controllers_rest_until;
  if (resting_) return;
  collect();
  age_pods();
  for (const kube::Resource& resource : kWorkloads) {
    for (const Json& workload : all(resource)) run_workload(resource, workload);
  }
  make_slices();
}

// What has an owner that isn't there any more goes; pods end in their own time.
void SimCluster::collect() {
  std::set<std::string> uids;
  for (const kube::Resource& resource : kMade) {
    objects_.each(resource, kNs,
                  [&](const Json& object) { uids.insert(object["metadata"]["uid"]); });
  }
  const auto lost = [&](const Json& object) {
    const auto& owners = kube::array_field(object["metadata"], "ownerReferences");
    return !owners.empty() && !uids.contains(kube::text_field(owners.front(), "uid"));
  };
  for (const kube::Resource& resource : kMade) {
    for (const Json& object : those(resource, lost)) {
      objects_.erase(resource, kNs, name_of(object));
    }
  }
  for (Json pod : those(kube::kPods, lost)) {
    if (ending(pod)) continue;
    pod["metadata"]["deletionTimestamp"] = date();
    pod["sim"]["ends"] = (now_ + kGrace).time_since_epoch().count();
    objects_.put(kube::kPods, kNs, pod);
  }
}

void SimCluster::run_workload(const kube::Resource& resource, const Json& workload) {
  const bool deployment = resource.kind == "Deployment";
  const std::string owner_kind = deployment ? "ReplicaSet" : std::string(resource.kind);
  const std::string owner = name_of(workload) + (deployment ? "-6f7d" : "");
  std::vector<Json> pods = those(kube::kPods, [&](const Json& pod) {
    const Json& by = pod["metadata"]["ownerReferences"][0];
    return by["uid"] == workload["metadata"]["uid"] && !ending(pod);
  });
  const std::size_t wanted = replicas_of(workload);
  for (std::size_t i = pods.size(); i < wanted; ++i) make_pod(workload, owner_kind, owner);
  for (std::size_t i = wanted; i < pods.size(); ++i) {
    pods[i]["metadata"]["deletionTimestamp"] = date();
    pods[i]["sim"]["ends"] = (now_ + kGrace).time_since_epoch().count();
    objects_.put(kube::kPods, kNs, pods[i]);
  }
  pods.resize(std::min(pods.size(), wanted));
  const auto good = std::count_if(pods.begin(), pods.end(), is_ready);
  Json now = workload;
  now["status"] = {{"replicas", wanted},
                   {"updatedReplicas", wanted},
                   {"readyReplicas", good},
                   {"availableReplicas", good},
                   {"observedGeneration", number(workload["metadata"], "generation")}};
  if (now != workload) objects_.put(resource, kNs, now);
}

void SimCluster::make_pod(const Json& workload, const std::string& owner_kind,
                          const std::string& owner_name) {
  Json pod = workload["spec"]["template"];
  const std::string name = owner_name + "-" + std::to_string(++pods_made_);
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  pod["metadata"]["name"] = name;
  pod["metadata"]["namespace"] = kNs;
  pod["metadata"]["creationTimestamp"] = date();
  if (owner_kind == "ReplicaSet") pod["metadata"]["labels"]["pod-template-hash"] = "6f7d";
  pod["metadata"]["ownerReferences"] = Json::array({{{"kind", owner_kind},
                                                     {"name", owner_name},
                                                     {"uid", workload["metadata"]["uid"]},
                                                     {"controller", true}}});
  pod["status"] = {{"phase", "Pending"}};
  pod["sim"]["starts"] = (now_ + start_time).time_since_epoch().count();
  objects_.put(kube::kPods, kNs, pod);
}

void SimCluster::age_pods() {
  const auto now = now_.time_since_epoch().count();
  for (Json pod : all(kube::kPods)) {
    if (ending(pod)) {
      if (number(pod["sim"], "ends") <= now) objects_.erase(kube::kPods, kNs, name_of(pod));
      continue;
    }
    if (number(pod["sim"], "starts") > now) continue;
    const bool good = !ready || ready(pod);
    const Json before = pod["status"];
    pod["status"] = {{"phase", "Running"},
                     {"conditions", {{{"type", "Ready"}, {"status", good ? "True" : "False"}}}},
                     {"containerStatuses", Json::array()}};
    for (const Json& container : pod["spec"]["containers"]) {
      pod["status"]["containerStatuses"].push_back(
          {{"name", container["name"]}, {"ready", good}, {"state", {{"running", Json::object()}}}});
    }
    if (pod["status"] != before) objects_.put(kube::kPods, kNs, pod);
  }
}

void SimCluster::make_slices() {
  for (const Json& service : all(kube::kServices)) {
    const auto selector = kube::text_map_field(service["spec"], "selector");
    if (selector.empty()) continue;
    Json slice = {{"metadata", {{"name", name_of(service) + "-slice"}}},
                  {"ports", Json::array()},
                  {"endpoints", Json::array()}};
    slice["metadata"]["labels"]["kubernetes.io/service-name"] = name_of(service);
    const auto fits = [&](const Json& pod) {
      const auto labels = kube::text_map_field(pod["metadata"], "labels");
      return std::all_of(selector.begin(), selector.end(), [&](const auto& one) {
        const auto label = labels.find(one.first);
        return label != labels.end() && label->second == one.second;
      });
    };
    for (const Json& pod : those(kube::kPods, fits)) {
      if (pod["status"]["phase"] == "Pending") continue;
      slice["endpoints"].push_back(
          {{"addresses", {"10.244.0.2"}},
           {"conditions", {{"ready", is_ready(pod) && !ending(pod)}, {"terminating", ending(pod)}}},
           {"targetRef", {{"kind", "Pod"}, {"name", name_of(pod)}}}});
    }
    const auto known = objects_.find(kube::kEndpointSlices, kNs, name_of(slice));
    if (!known || (*known)["endpoints"] != slice["endpoints"]) {
      objects_.put(kube::kEndpointSlices, kNs, slice);
    }
  }
}

std::string SimCluster::date() const {
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch());
  return to_rfc3339(
      std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000) + since));
}

}  // namespace ferry::swap
