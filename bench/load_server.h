#pragma once

namespace ferry::bench {

// Prints its port and serves for ever. Throws what keeps it from listening.
[[noreturn]] void serve(const char* host);

}  // namespace ferry::bench
