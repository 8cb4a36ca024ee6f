// What commands print of swaps: of one that is planned, and of those that a namespace has.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"

namespace ferry::cli {

// swap-deployment --dry-run
std::string plan_text(const control::SwapPlanText& plan, const View& view);

// list --swaps
std::string swaps_text(const std::vector<control::SwapListing>& swaps, const View& view);

// "8081<-80, 8082<-443"; a port that nobody answers on here is in brackets.
std::string swap_ports(const control::SwapStatus& swap);

// The lines of `status` that only a swap has.
std::string swap_fields(const control::SwapStatus& swap, const View& view);

}  // namespace ferry::cli
