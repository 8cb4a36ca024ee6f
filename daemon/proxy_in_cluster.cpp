#include "daemon/proxy_in_cluster.h"

#include <utility>

#include "daemon/problems.h"
#include "kube/model.h"

namespace ferry::daemon {
namespace {

// Whether a pod's process may still be there. An API server that can't be asked leaves that open.
Status check_pod(kube::Api& api, const ProxyPod& pod, const kube::CancelToken& cancel) {
  const std::string what = "reaching the proxy pod/" + pod.name;
  const auto object = api.get(kube::kPods, pod.ns, pod.name, cancel);
  if (!object && object.error().code == ErrorCode::kNotFound) {
    return fail(problem::kProxyGone, what, "the pod is gone");
  }
  if (!object) return fail(object.error());
  const auto found = kube::parse_pod(*object);
  if (found.uid != pod.uid) return fail(problem::kProxyGone, what, "the pod was replaced");
  if (found.phase == "Succeeded" || found.phase == "Failed") {
    return fail(problem::kProxyGone, what, "the pod has ended (phase " + found.phase + ")");
  }
  return {};
}

// After so many, the API server is asked about the pod all the same: a gateway may reset what leads
// to a node that is gone.
constexpr int kDialsInVain = 20;

// An API server that can't be reached says nothing about the pod; to ask it about that would only
// take the time of the next attempt.
bool is_of_network(const Error& error) {
  return error.code == ErrorCode::kUnreachable || error.code == ErrorCode::kReset;
}

Result<ProxyPod> find_no_other(kube::Api&, const ProxyProgress&, const kube::CancelToken&) {
  return fail(problem::kProxyGone, "reaching the proxy", "its pod has ended");
}

}  // namespace

ProxyInCluster::ProxyInCluster(net::Loop& loop, Workers& workers, Cluster cluster, FindProxy find)
    : loop_(loop), workers_(workers), cluster_(std::move(cluster)), find_(std::move(find)) {}

void ProxyInCluster::connect(Callback callback, Progress progress) {
  give_up();
  callback_ = std::move(callback);
  switch (step_) {
    case Step::kDial: dial(); return;
    case Step::kCheck: check(); return;
    case Step::kFind: find(progress); return;
  }
}

std::unique_ptr<CarrierSource> ProxyInCluster::abandon() {
  give_up();
  auto same = std::make_unique<ProxyInCluster>(loop_, workers_, cluster_, find_no_other);
  same->pod_ = std::exchange(pod_, std::nullopt);
  *same->last_address_ = *last_address_;
  if (same->pod_) same->step_ = Step::kDial;
  step_ = Step::kFind;
  return same;
}

void ProxyInCluster::give_up() {
  task_.reset();
  handshake_.reset();
  dial_.reset();
}

void ProxyInCluster::dial() {
  dial_ = std::make_unique<kube::PortForwardDial>(
      loop_, cluster_.credentials,
      kube::PortForwardTarget{.ns = pod_->ns, .pod = pod_->name, .port = pod_->port},
      kube::PortForwardOptions{.dial = {.again_after = kAskAgain, .last = last_address_}},
      [this](Result<std::unique_ptr<net::ByteStream>> stream) {
        if (stream) {
          shake_hands(std::move(*stream));
        } else {
          const bool vain = is_of_network(stream.error()) && ++dials_in_vain_ < kDialsInVain;
          fail_attempt(stream.error(), vain ? Step::kDial : Step::kCheck);
        }
      });
}

void ProxyInCluster::shake_hands(std::unique_ptr<net::ByteStream> stream) {
  handshake_ = std::make_unique<CarrierHandshake>(
      loop_,
      TunnelCredentials{.ca_pem = pod_->credentials.ca_pem,
                        .certificate_pem = pod_->credentials.certificate_pem,
                        .key_pem = pod_->credentials.key_pem},
      std::move(stream), "pod/" + pod_->name, pod_->uid, [this](Result<NewCarrier> carrier) {
        if (carrier) {
          step_ = Step::kDial;
          dials_in_vain_ = 0;
          carrier->expires_in = cluster_.credentials->expires_in();
          callback_(std::move(carrier));
        } else {
          // Certificates that have ended are not the pod's fault, and another look at it wouldn't
          // help: whoever finds the proxy makes them anew.
          const bool expired = carrier.error().code == ErrorCode::kUnauthenticated;
          fail_attempt(carrier.error(), expired ? Step::kFind : Step::kCheck);
        }
      });
}

void ProxyInCluster::check() {
  dials_in_vain_ = 0;
  task_ = workers_.start([this, api = cluster_.api, pod = *pod_](const TaskContext& task) {
    const auto checked = check_pod(*api, pod, task.cancel());
    task.post([this, checked] {
      if (checked) {
        dial();
        return;
      }
      const bool gone = checked.error().code == ErrorCode::kGone;
      fail_attempt(checked.error(), gone ? Step::kFind : Step::kDial);
    });
  });
}

void ProxyInCluster::find(const Progress& progress) {
  task_ =
      workers_.start([this, api = cluster_.api, look = find_, progress](const TaskContext& task) {
        const auto report = [&](const std::string& line) {
          task.post([progress, line] { progress(line); });
        };
        auto pod = look(*api, report, task.cancel());
        task.post([this, pod = std::move(pod)] {
          if (!pod) {
            fail_attempt(pod.error(), Step::kFind);
            return;
          }
          pod_ = *pod;
          dial();
        });
      });
}

void ProxyInCluster::fail_attempt(const Error& error, Step next) {
  step_ = next;
  if (next == Step::kFind) pod_.reset();
  callback_(fail(error));
}

}  // namespace ferry::daemon
