// ferry diagnose: what is asked, and what is printed of the answer.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/invocation.h"
#include "cli/output.h"
#include "daemon/control/api.h"

namespace ferry::cli {

// Without `kube`. Error: kUsage.
Result<control::DiagnoseSpec> diagnose_spec(const Invocation& invocation);

// A numbered list of causes with their evidence, the likeliest first.
std::string diagnosis_text(const control::Diagnosis& diagnosis, const View& view);

}  // namespace ferry::cli
