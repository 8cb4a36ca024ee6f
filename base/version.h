// The version of this build, as CMake's project() states it: "0.1.0".
#pragma once

#include <string_view>

namespace ferry {

std::string_view version();

}  // namespace ferry
