// What clients ask about swaps without making one: plans, lists, and restores of anybody's. Each of
// them blocks, on the thread of whoever asks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/backend.h"
#include "kube/cancel.h"

namespace ferry::daemon {

// As of control::Service, by the same names.
Result<control::SwapPlanText> plan_text(Backend& backend, const control::SwapSpec& spec,
                                        const kube::CancelToken& cancel);
Result<std::vector<control::SwapListing>> list_swaps(Backend& backend,
                                                     const control::KubeAccess& kube,
                                                     const kube::CancelToken& cancel);
Result<std::string> restore_swap(Backend& backend, const control::RestoreSpec& spec,
                                 const std::function<void(const control::Event&)>& on_event,
                                 const kube::CancelToken& cancel);

}  // namespace ferry::daemon
