// Gets a proxy into a cluster: finds the one that runs for this user in a namespace, or creates one
// (a Job, and the Secret with its certificates, from manifests/proxy/), and waits until it serves.
//
// Nothing has to be cleaned up afterwards: the proxy ends by itself when no daemon has been
// attached for a while, the cluster then removes the Job, and the Secret, owned by the Job, goes
// with it.
//
// Rights needed in the namespace: jobs get, list, create; secrets create; pods get, list; events
// list (only to explain why a pod doesn't start); jobs delete, only to take back a Job that is of
// no use any more. manifests/user-role.yaml is that list.
//
// Blocking code for a worker thread; nothing here touches the event loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kube/api.h"

namespace ferry::daemon {

struct ProxyInstallOptions {
  std::string ns;  // where the proxy lives
  std::string
      cluster;  // the API server's URL: each cluster and namespace has certificates of its own
  std::filesystem::path state_dir;  // certificates are kept below it, readable by the user only
  std::string image;                // see default_proxy_image()
  std::string image_pull_policy;    // Always, IfNotPresent, Never; empty: the cluster's default
  std::vector<std::string> pull_secrets;  // names of Secrets in the namespace
  Duration idle_exit{};  // how long an unused proxy stays; zero: as the manifest has it
  Duration ready_timeout = std::chrono::minutes(2);
  Duration poll_interval = std::chrono::milliseconds(500);
};

// PEM texts: the daemon's end of the tunnel, and the authority that the proxy's certificate is
// from.
struct ProxyCredentials {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};

struct ProxyPod {
  std::string ns;
  std::string name;
  std::string uid;
  std::uint16_t port = 0;  // the tunnel's, in the pod
  ProxyCredentials credentials;
};

// One line for people, when what is waited for changes ("proxy pod ferry-proxy-x: pulling image").
using ProxyProgress = std::function<void(const std::string& line)>;

// Calls for the same state_dir, cluster and namespace must not overlap. Each failure says which
// object, and the API server's, scheduler's or kubelet's own words. Errors:
//   kForbidden    a right is missing, or quota or Pod Security refuses the pod
//   kUnsupported  no image is known (options.image is empty)
//   kUnavailable  the image can't be pulled, or no node takes the pod
//   kTimedOut     not ready within ready_timeout; `why` is what the pod was waiting for
//   kCancelled    and whatever reaching the API server brings
// What was created stays when waiting failed: a later call goes on with it, and the cluster removes
// it otherwise. But a Job whose image can't be pulled is deleted by the call that created it, and
// one of another image than options.image by a call that finds no proxy ready; where the right to
// that is missing, they stay and don't get in the way.
Result<ProxyPod> ensure_proxy(kube::Api& api, const ProxyInstallOptions& options,
                              const ProxyProgress& progress, const kube::CancelToken& cancel);

// The image that this build was made for (FERRY_PROXY_IMAGE at configure time); may be empty.
std::string default_proxy_image();

}  // namespace ferry::daemon
