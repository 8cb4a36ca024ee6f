// Bounds of what the control API takes: far above what people use, low enough that a broken client
// costs the daemon little.
#pragma once

#include <cstddef>

namespace ferry::control {

inline constexpr std::size_t kMaxBody =
    std::size_t{4} * 1024 * 1024;                                     // an environment may be large
inline constexpr std::size_t kMaxText = 4096;                         // names, paths, messages
inline constexpr std::size_t kMaxErrorText = std::size_t{64} * 1024;  // a server may say much
inline constexpr std::size_t kMaxErrorId = 100;
inline constexpr std::size_t kMaxPorts = 64;                          // of one link
inline constexpr std::size_t kMaxAddresses = 16;                      // of one link
inline constexpr std::size_t kMaxList = 64;                           // other lists of a request
inline constexpr std::size_t kMaxEnvironment = 8192;                  // variables
inline constexpr std::size_t kMaxVariable = std::size_t{128} * 1024;  // Linux' MAX_ARG_STRLEN
inline constexpr std::size_t kMaxLinks = 1024;

}  // namespace ferry::control
