// What a swap does to a cluster, step by step: the workflows of kube/swap/ as one daemon runs them.
// All of it blocks, on worker threads.
#pragma once

#include <functional>
#include <string>

#include "daemon/backend.h"
#include "daemon/control/api.h"
#include "daemon/proxy_identity.h"
#include "kube/swap/plan.h"
#include "kube/swap/restore.h"
#include "kube/swap/stand_in.h"
#include "kube/swap/take_over.h"
#include "kube/swap/watch.h"

namespace ferry::daemon {

struct StepContext {
  const kube::CancelToken& cancel;
  swap::Pace& pace;
  swap::Progress progress;  // may be empty
  Duration step_timeout{};  // zero: its default
  // Why it has to be tried again; may be empty.
  std::function<void(const Error& error)> on_trouble = {};
};

// "ann@laptop", for the people who find the workload swapped.
std::string local_owner();

// What the user asked for, as the workflows take it. Error: kUnsupported (no image is known).
Result<swap::SwapRequest> swap_request(const control::SwapSpec& spec, const std::string& ns,
                                       const std::string& swap_id);

swap::WorkloadRef workload_ref(const control::Target& workload, const std::string& ns);

// Where the workload is, and what will be done; nothing is touched. Errors: those of
// open_cluster(), swap_request() and swap::plan_swap().
struct ReadPlan {
  Cluster cluster;
  swap::SwapPlan plan;
  std::string kubernetes_version;  // "1.33", as far as it is told; else empty
};
Result<ReadPlan> read_plan(Backend& backend, const control::SwapSpec& spec,
                           const std::string& swap_id, const StepContext& context);
// As often as it takes, for as long as trying again may help: for a swap that is there already.
// Error: kGone when its stand-in isn't (any more).
Result<ReadPlan> read_plan_for_sure(Backend& backend, const control::SwapSpec& spec,
                                    const std::string& swap_id, const StepContext& context);

// The stand-in is there and its proxy runs. The plan is another one where somebody else's swap had
// to be ended first.
struct Started {
  ProxyIdentity identity;
  swap::SwapPlan plan;          // its orphan_restore as it is, not as it was planned
  std::vector<Error> warnings;  // those that the former plan didn't have
  swap::StandInPod pod;
};
Result<Started> start_stand_in(Backend& backend, const Cluster& cluster, const swap::SwapPlan& plan,
                               const StepContext& context);

// Waits until the stand-in takes part in its Services, then takes the original's place.
Result<swap::TakenOver> take_over(kube::Api& api, const swap::SwapPlan& plan,
                                  const StepContext& context);

// Tells of what others do to a swap, until cancelled: before it has taken over, to the stand-in
// alone.
void watch_swap(kube::Api& api, const swap::SwapPlan& plan, bool taken_over,
                swap::SwapObserver& observer,
                const std::function<void(const swap::Change&)>& on_change,
                const StepContext& context);

// As often as it takes: what is refused today may be allowed tomorrow, and an original is not left
// at 0 for it. Of `request` all but `original` is set. Errors: kCancelled; kForbidden when for half
// a minute not even reading the original was allowed.
Result<swap::RestoreReport> restore_for_sure(Backend& backend, const control::KubeAccess& kube,
                                             const control::Target& workload,
                                             swap::RestoreRequest request,
                                             const StepContext& context);

}  // namespace ferry::daemon
