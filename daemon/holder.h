// Who this daemon is to a proxy: by it the proxy lets go of what an earlier one left there when it
// was killed.
#pragma once

#include <optional>
#include <string>

#include "tunnel/types.h"

namespace ferry::daemon {

// `installation`: Backend::installation_id(); empty: there is none, and nothing is said. `owner`:
// user and machine, so that machines that share a home directory are told apart. The process part
// is random, another one with each call; which tunnel it is for is left open.
std::optional<tunnel::Holder> make_holder(const std::string& installation,
                                          const std::string& owner);

}  // namespace ferry::daemon
