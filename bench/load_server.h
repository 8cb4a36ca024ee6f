#pragma once

#include <cstdint>

namespace ferry::bench {

// `port`: 0 for a free one. Prints it and serves for ever. Throws what keeps it from listening.
[[noreturn]] void serve(const char* host, std::uint16_t port);

}  // namespace ferry::bench
