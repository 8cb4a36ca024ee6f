// The process's table of file descriptors: every connection takes one, and the table is bounded.
#pragma once

#include <cstddef>

namespace ferry::net {

// Left for the process's own needs (tunnels, probes, the control socket, files) by whatever serves
// others; see ListenOptions::spares_descriptors.
inline constexpr std::size_t kSpareDescriptors = 64;

// Raises the soft limit to the hard one: the usual soft limit of 1024 is for programs that use
// select(). Once, at the start; what the system refuses leaves the limit as it is.
void raise_descriptor_limit();

// Whether a descriptor just made is among the last kSpareDescriptors of the table, or failed to be
// made for want of one (-1). The kernel hands out the lowest free number.
bool is_spare_descriptor(int descriptor);

}  // namespace ferry::net
