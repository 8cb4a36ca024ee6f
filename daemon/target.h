// What a link leads to, as the API server knows it: checked before the link is made, and followed
// while it is there. Blocking calls, for worker threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/control/api.h"
#include "kube/api.h"
#include "kube/target.h"

namespace ferry::daemon {

struct PlannedPort {
  std::uint16_t remote = 0;  // the Service's, pod's or host's port
  std::uint16_t target = 0;  // where the pod listens; 0: differs by pod, or isn't known
  std::string slice_name;    // the port's name in the Service's EndpointSlices
  kube::PortRef container;   // as asked of a pod
};

// How connections to a target are made, decided once.
struct TargetPlan {
  std::string name;  // "svc/app"
  std::string ns;
  std::vector<PlannedPort> ports;
  // What the proxy dials. Empty: the address of a ready pod.
  std::string dial_host;
  // Why the direct route can't serve this target; empty: it can.
  std::string needs_proxy;

  // What to follow for ready pods.
  enum class Follow : std::uint8_t { kNothing, kEndpointSlices, kPods };
  Follow follow = Follow::kNothing;
  kube::Selectors selectors;
  std::string pod_selector;       // the Service's, to say why none is ready
  bool running_is_ready = false;  // a pod that was named is used even when it isn't ready
};

// Checks that the target and its ports exist and can be forwarded. Errors: kNotFound (names what
// there is), kUnsupported (UDP), kUnavailable, those of kube::Api.
Result<TargetPlan> plan_target(kube::Api& api, const std::string& ns, const control::Target& target,
                               const std::vector<control::PortSpec>& ports,
                               const kube::CancelToken& cancel);

// The same without a cluster to ask, for a proxy whose address was given: hosts, and Services by
// port number. Error: kUnsupported.
Result<TargetPlan> plan_without_cluster(const std::string& ns, const control::Target& target,
                                        const std::vector<control::PortSpec>& ports);

struct ReadyPod {
  std::string name;  // empty: an address that is no pod
  std::string address;
  std::vector<std::uint16_t> ports;  // for each port of the link; 0: this pod has no such port

  bool operator==(const ReadyPod&) const = default;
};

// Where connections may go now.
struct TargetView {
  std::vector<ReadyPod> pods;
  std::string trouble;  // why there are none, in words

  bool operator==(const TargetView&) const = default;
};

struct TargetCallbacks {
  std::function<void(TargetView)> on_view;
  std::function<void(const Error&)> on_trouble;  // can't be followed now; goes on trying
};

// Reports views as they change, until cancelled. Returns at once when there is nothing to follow.
void follow_target(kube::Api& api, const TargetPlan& plan, const TargetCallbacks& callbacks,
                   const kube::CancelToken& cancel);

}  // namespace ferry::daemon
