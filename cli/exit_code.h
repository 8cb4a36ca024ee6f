// The exit codes that scripts may rely on; docs/cli.md lists them.
#pragma once

#include "base/error.h"

namespace ferry::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitNotAllowed = 4;
inline constexpr int kExitUnreachable = 5;
inline constexpr int kExitInterrupted = 130;

int exit_code_of(ErrorCode code);

}  // namespace ferry::cli
