// Writing to a descriptor until all is written.
#pragma once

#include <string_view>

namespace ferry {

// Blocks, and goes on after signals. False: errno says why, and part of it may be written.
bool write_all(int fd, std::string_view bytes);

}  // namespace ferry
