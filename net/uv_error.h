// libuv's error numbers (negated errno) as errors of Ferry. Included by sources of net/ only.
#pragma once

#include <string>

#include "base/error.h"

namespace ferry::net {

// `what` and the kernel's words.
Error uv_error(int uv_code, std::string what);

}  // namespace ferry::net
