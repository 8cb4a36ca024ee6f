// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/control/api.h"

namespace ferry::cli {

std::string human_bytes(std::uint64_t bytes);            // "0 B", "1.5 KiB", "12 MiB"
std::string human_rate(std::uint64_t bytes_per_second);  // "1.5 KiB/s"
std::string human_age(std::int64_t milliseconds);  // "0s", "59s", "3m20s", "5h", "12d", as kubectl
std::string human_round_trip(std::uint64_t microseconds);  // "0.4 ms", "12 ms"; "-" for 0
std::string human_seconds(std::int64_t milliseconds);      // "0.3 s", "12 s"

}  // namespace ferry::cli
