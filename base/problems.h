// What can go wrong in what all programs share, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::problem {

inline constexpr Problem kLogLevelUnknown{
    "base.log-level-unknown", ErrorCode::kInvalid, "there is no such log level",
    "use trace, debug, info, warning, error, critical or off"};
inline constexpr Problem kLogFileFails{"base.log-file-fails", ErrorCode::kIo,
                                       "the log file can't be opened",
                                       "check the path, its permissions and the room on the disk"};

}  // namespace ferry::problem
