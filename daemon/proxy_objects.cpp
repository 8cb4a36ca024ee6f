#include "daemon/proxy_objects.h"

#include "base/version.h"
#include "kube/json_field.h"
#include "kube/manifest.h"
#include "manifests/embedded.h"

namespace ferry::daemon {
namespace {

using kube::Json;

constexpr const char* kOwnerLabel = "ferry.dev/owner";
constexpr const char* kVersionLabel = "app.kubernetes.io/version";

void label(Json& metadata, const std::string& owner) {
  metadata["labels"][kOwnerLabel] = owner;
  metadata["labels"][kVersionLabel] = std::string(version());
}

}  // namespace

std::string proxy_selector(const std::string& owner) {
  return "app.kubernetes.io/name=ferry-proxy," + std::string(kOwnerLabel) + "=" + owner + "," +
         std::string(kVersionLabel) + "=" + std::string(version());
}

Result<Json> make_proxy_job(const ProxyInstallOptions& options, const std::string& owner) {
  Result<Json> job = kube::parse_manifest(manifests::proxy_job(), "proxy/job.yaml");
  if (!job) return job;
  const std::string name = "ferry-proxy-" + owner.substr(0, 8) + "-" + random_hex(5);
  (*job)["metadata"]["name"] = name;
  label((*job)["metadata"], owner);
  Json& pod = (*job)["spec"]["template"];
  label(pod["metadata"], owner);
  pod["spec"]["volumes"][0]["secret"]["secretName"] = name;
  Json& container = pod["spec"]["containers"][0];
  container["image"] = options.image;
  if (!options.image_pull_policy.empty()) container["imagePullPolicy"] = options.image_pull_policy;
  if (options.idle_exit > Duration::zero()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.idle_exit);
    container["args"].push_back("--idle-exit=" + std::to_string(seconds.count()) + "s");
  }
  for (const std::string& secret : options.pull_secrets) {
    pod["spec"]["imagePullSecrets"].push_back({{"name", secret}});
  }
  return job;
}

Result<Json> make_proxy_secret(const Json& job, const ProxyIdentity& identity) {
  Result<Json> secret = kube::parse_manifest(manifests::proxy_secret(), "proxy/secret.yaml");
  if (!secret) return secret;
  const Json& owner = kube::field(job, "metadata");
  (*secret)["metadata"]["name"] = kube::text_field(owner, "name");
  label((*secret)["metadata"], identity.owner);
  (*secret)["metadata"]["ownerReferences"] =
      Json::array({{{"apiVersion", "batch/v1"},
                    {"kind", "Job"},
                    {"name", kube::text_field(owner, "name")},
                    {"uid", kube::text_field(owner, "uid")}}});
  (*secret)["stringData"] = {{"ca.crt", identity.ca_pem},
                             {"tls.crt", identity.proxy.certificate_pem},
                             {"tls.key", identity.proxy.key_pem}};
  return secret;
}

}  // namespace ferry::daemon
