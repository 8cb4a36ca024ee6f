#include "kube/swap/objects.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "kube/json_field.h"
#include "kube/manifest.h"
#include "manifests/embedded.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr const char* kTlsVolume = "ferry-tls";
constexpr const char* kRestoreVolume = "ferry-restore";
constexpr const char* kLowPortSysctl = "net.ipv4.ip_unprivileged_port_start";

// What a proxy in the container's place must not have, or has of its own.
constexpr std::array<std::string_view, 12> kReplaced{
    "image",     "imagePullPolicy", "command",        "args",  "workingDir", "startupProbe",
    "lifecycle", "livenessProbe",   "readinessProbe", "stdin", "stdinOnce",  "tty"};

std::string tls_name(const SwapPlan& plan) {
  return plan.record.stand_in + "-" + plan.record.id + "-tls";
}
std::string restore_name(const SwapPlan& plan) {
  return plan.record.stand_in + "-" + plan.record.id + "-restore";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void erase_named(Json& object, const char* key,
                 const std::function<bool(const std::string&)>& goes) {
  if (!kube::field(object, key).is_array()) return;
  Json kept = Json::array();
  for (Json& item : object[key]) {
    if (!goes(kube::text_field(item, "name"))) kept.push_back(std::move(item));
  }
  object[key] = std::move(kept);
  if (object[key].empty()) object.erase(key);
}

void append(Json& object, const char* key, const Json& items) {
  if (!kube::field(object, key).is_array()) object[key] = Json::array();
  for (const Json& item : items) object[key].push_back(item);
}

// An environment variable or a file that tells the container its own limits would tell those of the
// proxy.
bool shows_resources(const Json& pod, const Json& container) {
  return container.dump().find("\"resourceFieldRef\"") != std::string::npos ||
         kube::field(pod, "volumes").dump().find("\"resourceFieldRef\"") != std::string::npos;
}

Json make_args(const SwapPlan& plan) {
  const std::string health = std::to_string(plan.health_port);
  const auto orphan =
      std::chrono::duration_cast<std::chrono::seconds>(plan.request.orphan_timeout).count();
  Json args = {"--stand-in=" + plan.record.id,
               "--listen=127.0.0.1:" + std::to_string(plan.tunnel_port),
               "--health-listen=0.0.0.0:" + health + ",[::]:" + health};
  for (const std::string& path : plan.mounts) args.push_back("--mount=" + path);
  if (plan.orphan_restore) {
    args.push_back("--orphan-timeout=" + std::to_string(orphan) + "s");
    args.push_back("--restore=" + to_argument(plan.request.original));
    args.push_back("--restore-credentials=/etc/ferry/restore");
  }
  return args;
}

void set_ports(Json& container, const SwapPlan& plan) {
  // A port of the node can't be had twice, and the original has it.
  for (Json& port : container["ports"]) port.erase("hostPort");
  append(container, "ports",
         {{{"name", "ferry-tunnel"}, {"containerPort", plan.tunnel_port}, {"protocol", "TCP"}},
          {{"name", "ferry-health"}, {"containerPort", plan.health_port}, {"protocol", "TCP"}}});
}

void set_mounts(Json& container, const SwapPlan& plan, const MountPlan& mounts, const Json& ours) {
  const auto dropped = [&](const std::string& name) { return contains(mounts.dropped, name); };
  erase_named(container, "volumeMounts", dropped);
  erase_named(container, "volumeDevices", dropped);
  append(container, "volumeMounts", kube::field(ours, "volumeMounts"));
  if (!plan.orphan_restore) {
    erase_named(container, "volumeMounts",
                [](const std::string& name) { return name == kRestoreVolume; });
  }
}

// A quota on one of these wants it set, and the original has it then; of the rest the proxy needs
// little.
Json make_resources(const Json& own, const Json& ours) {
  Json resources = ours;
  const Json& limits = kube::field(own, "limits");
  for (const char* key : {"cpu", "ephemeral-storage"}) {
    if (kube::field(limits, key).is_null()) continue;
    resources["limits"][key] = limits[key];
  }
  const Json& storage = kube::field(kube::field(own, "requests"), "ephemeral-storage");
  if (!storage.is_null()) resources["requests"]["ephemeral-storage"] = storage;
  return resources;
}

void replace_container(Json& container, const SwapPlan& plan, const MountPlan& mounts,
                       const Json& ours, bool keep_resources) {
  for (const std::string_view key : kReplaced) container.erase(std::string(key));
  if (!kube::field(container, "ports").is_array()) container["ports"] = Json::array();
  set_ports(container, plan);
  set_mounts(container, plan, mounts, ours);
  container["image"] = plan.request.image;
  if (!plan.request.image_pull_policy.empty()) {
    container["imagePullPolicy"] = plan.request.image_pull_policy;
  }
  container["args"] = kube::field(ours, "args");
  append(container, "args", make_args(plan));
  for (const char* probe : {"readinessProbe", "livenessProbe"}) {
    container[probe] = kube::field(ours, probe);
    container[probe]["httpGet"]["port"] = plan.health_port;
  }
  if (keep_resources) return;
  container["resources"] =
      make_resources(kube::field(container, "resources"), kube::field(ours, "resources"));
}

bool in_use(const Json& pod, const std::string& volume) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const Json& container : kube::array_field(pod, list)) {
      for (const char* key : {"volumeMounts", "volumeDevices"}) {
        for (const Json& mount : kube::array_field(container, key)) {
          if (kube::text_field(mount, "name") == volume) return true;
        }
      }
    }
  }
  return false;
}

void set_volumes(Json& pod, const SwapPlan& plan, const MountPlan& mounts, const Json& ours) {
  erase_named(pod, "volumes", [&](const std::string& name) {
    return contains(mounts.dropped, name) && !in_use(pod, name);
  });
  for (Json volume : kube::array_field(ours, "volumes")) {
    const std::string name = kube::text_field(volume, "name");
    if (name == kRestoreVolume && !plan.orphan_restore) continue;
    volume["secret"]["secretName"] = name == kTlsVolume ? tls_name(plan) : restore_name(plan);
    append(pod, "volumes", Json::array({volume}));
  }
}

bool runs_as_root(const Json& pod, const Json& container) {
  const Json& own = kube::field(kube::field(container, "securityContext"), "runAsUser");
  if (own.is_number_integer()) return own == 0;
  return kube::field(kube::field(pod, "securityContext"), "runAsUser") == 0;
}

// A safe sysctl, which every level of Pod Security allows:
// https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
void allow_low_ports(Json& pod, const SwapPlan& plan, const Json& container) {
  const bool low = std::any_of(plan.exposed.begin(), plan.exposed.end(),
                               [](const Exposed& port) { return port.remote < 1024; });
  if (!low || runs_as_root(pod, container)) return;
  Json& context = pod["securityContext"];
  erase_named(context, "sysctls", [](const std::string& name) { return name == kLowPortSysctl; });
  append(context, "sysctls", Json::array({{{"name", kLowPortSysctl}, {"value", "0"}}}));
}

// One pod has nobody to be spread from, and with the original's labels it would keep away from the
// original's own pods: on a small cluster, from every node.
void place_anywhere(Json& pod) {
  pod.erase("topologySpreadConstraints");
  if (kube::field(pod, "affinity").is_object()) pod["affinity"].erase("podAntiAffinity");
}

void set_pod(Json& pod, const SwapPlan& plan, const MountPlan& mounts, const Json& ours) {
  const Json& proxy = kube::field(ours, "containers").at(0);
  const bool keep_resources = shows_resources(pod, plan.container_spec);
  for (Json& container : pod["containers"]) {
    if (kube::text_field(container, "name") != plan.container) continue;
    allow_low_ports(pod, plan, container);
    replace_container(container, plan, mounts, proxy, keep_resources);
  }
  if (!keep_resources) pod.erase("resources");
  set_volumes(pod, plan, mounts, ours);
  place_anywhere(pod);
  const Json& grace = kube::field(ours, "terminationGracePeriodSeconds");
  const std::int64_t own =
      kube::int_field(pod, "terminationGracePeriodSeconds", 0, 1'000'000'000, 30);
  if (own < grace.get<std::int64_t>()) pod["terminationGracePeriodSeconds"] = grace;
  for (const std::string& secret : plan.request.pull_secrets) {
    append(pod, "imagePullSecrets", Json::array({{{"name", secret}}}));
  }
}

void name_object(Json& object, const SwapPlan& plan, const std::string& name) {
  Json& metadata = object["metadata"];
  metadata["name"] = name;
  metadata["namespace"] = plan.request.original.ns;
  metadata["labels"][kStandInLabel] = plan.record.id;
}

void fill_role(Json& role, const SwapPlan& plan) {
  Json& rules = role["rules"];
  rules[0]["resources"] = Json::array({resource_of(plan.request.original.kind).plural});
  rules[0]["resourceNames"] = Json::array({plan.request.original.name});
  rules[1]["resourceNames"] = plan.record.services;
  rules[2]["resourceNames"] = Json::array({plan.record.stand_in});
  // A rule without names would be for all of them.
  if (plan.record.services.empty()) rules.erase(1);
}

}  // namespace

Result<Json> make_stand_in(const SwapPlan& plan, const Json& original, const MountPlan& mounts) {
  Result<Json> stand_in =
      kube::parse_manifest(manifests::stand_in_deployment(), "stand-in/deployment.yaml");
  if (!stand_in) return stand_in;
  name_object(*stand_in, plan, plan.record.stand_in);
  (*stand_in)["metadata"]["annotations"][kSwapAnnotation] = to_text(plan.record);
  Json& spec = (*stand_in)["spec"];
  spec["selector"]["matchLabels"] = {{kStandInLabel, plan.record.id}};
  const Json ours = spec["template"]["spec"];
  spec["template"] = kube::field(kube::field(original, "spec"), "template");
  Json& metadata = spec["template"]["metadata"];
  metadata.erase("creationTimestamp");
  metadata["labels"].erase("pod-template-hash");
  metadata["labels"][kStandInLabel] = plan.record.id;
  set_pod(spec["template"]["spec"], plan, mounts, ours);
  return stand_in;
}

Result<std::vector<Json>> make_owned(const SwapPlan& plan) {
  struct Source {
    std::string_view text;
    const char* name;
  };
  std::vector<Source> sources{{manifests::stand_in_secret(), "stand-in/secret.yaml"}};
  if (plan.orphan_restore) {
    sources.push_back({manifests::stand_in_service_account(), "stand-in/service-account.yaml"});
    sources.push_back({manifests::stand_in_role(), "stand-in/role.yaml"});
    sources.push_back({manifests::stand_in_role_binding(), "stand-in/role-binding.yaml"});
    sources.push_back({manifests::stand_in_token(), "stand-in/token.yaml"});
  }
  std::vector<Json> objects;
  for (const Source& source : sources) {
    Result<Json> object = kube::parse_manifest(source.text, source.name);
    if (!object) return fail(object.error());
    name_object(*object, plan, objects.empty() ? tls_name(plan) : restore_name(plan));
    const std::string kind = kube::text_field(*object, "kind");
    if (kind == "Role") fill_role(*object, plan);
    if (kind == "RoleBinding") {
      (*object)["roleRef"]["name"] = restore_name(plan);
      (*object)["subjects"][0]["name"] = restore_name(plan);
      (*object)["subjects"][0]["namespace"] = plan.request.original.ns;
    }
    if (kind == "Secret" && !objects.empty()) {
      (*object)["metadata"]["annotations"]["kubernetes.io/service-account.name"] =
          restore_name(plan);
    }
    objects.push_back(std::move(*object));
  }
  return objects;
}

void set_owner(Json& object, const Json& stand_in) {
  const Json& metadata = kube::field(stand_in, "metadata");
  object["metadata"]["ownerReferences"] =
      Json::array({{{"apiVersion", "apps/v1"},
                    {"kind", "Deployment"},
                    {"name", kube::text_field(metadata, "name")},
                    {"uid", kube::text_field(metadata, "uid")}}});
}

const kube::Resource& resource_of_owned(const Json& object) {
  const std::string kind = kube::text_field(object, "kind");
  if (kind == "ServiceAccount") return kube::kServiceAccounts;
  if (kind == "Role") return kube::kRoles;
  return kind == "RoleBinding" ? kube::kRoleBindings : kube::kSecrets;
}

}  // namespace ferry::swap
