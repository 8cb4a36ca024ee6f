// The ports of ferry-proxy, unless told otherwise. manifests/proxy/job.yaml names the same ones (a
// test holds them together).
#pragma once

#include <cstdint>

namespace ferry::proxy {

inline constexpr std::uint16_t kTunnelPort = 7443;
inline constexpr std::uint16_t kHealthPort = 7480;

}  // namespace ferry::proxy
