// Which links `ferry leave` means.
#pragma once

#include <vector>

#include "base/result.h"
#include "cli/invocation.h"
#include "daemon/control/api.h"

namespace ferry::cli {

// By number, by TYPE/NAME (every link to it; --namespace and --context narrow it down), or all of
// them. Each link once. Errors: kNotFound, kUsage.
Result<std::vector<control::LinkStatus>> choose_links(
    const Invocation& invocation, const std::vector<control::LinkStatus>& links);

}  // namespace ferry::cli
