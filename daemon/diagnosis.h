// What clients ask about things that don't work.
#pragma once

#include "daemon/backend.h"
#include "kube/cancel.h"

namespace ferry::daemon {

// As of control::Service. Blocks, on the thread of whoever asks.
Result<control::Diagnosis> diagnose(Backend& backend, const control::DiagnoseSpec& spec,
                                    const kube::CancelToken& cancel);

}  // namespace ferry::daemon
