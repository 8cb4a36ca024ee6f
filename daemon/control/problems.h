// What can go wrong between ferry and ferryd, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::control::problem {

inline constexpr Problem kNotRunning{"control.not-running", ErrorCode::kNotFound,
                                     "the daemon is not running",
                                     "start it: ferryd; commands that need it do so by themselves"};
inline constexpr Problem kNotAnswering{"control.not-answering", ErrorCode::kUnreachable,
                                       "nobody answers at the daemon's socket", "start it: ferryd"};
inline constexpr Problem kWentAway{"control.went-away", ErrorCode::kReset,
                                   "the daemon ended, or crashed, while it was asked",
                                   "see its log: ferry logs"};
inline constexpr Problem kHangs{"control.hangs", ErrorCode::kTimedOut,
                                "the daemon runs, and doesn't answer",
                                "is it stopped, or the machine overloaded? see ferry logs"};
inline constexpr Problem kNotFerryd{"control.not-ferryd", ErrorCode::kProtocol,
                                    "what answers at the daemon's socket is no ferryd, or of a "
                                    "version that is too far away",
                                    "end it, and try again; ferry logs is the daemon's log"};
inline constexpr Problem kSocketForbidden{"control.socket-forbidden", ErrorCode::kForbidden,
                                          "the daemon's socket belongs to another user",
                                          "set XDG_RUNTIME_DIR to a directory of your own"};
inline constexpr Problem kSocketFails{"control.socket-fails", ErrorCode::kIo,
                                      "the daemon's socket can't be made or used",
                                      "check the directory's permissions, and what is in the way"};
inline constexpr Problem kPathInvalid{
    "control.path-invalid", ErrorCode::kInvalid,
    "there is no usable place for the daemon's socket or log: a path is too long, or HOME is not "
    "set",
    "set HOME, and XDG_RUNTIME_DIR to a short path"};
inline constexpr Problem kDirectoryMissing{"control.directory-missing", ErrorCode::kNotFound,
                                           "a directory of the daemon's is not there",
                                           "start the daemon, which makes it"};
inline constexpr Problem kDirectoryFails{"control.directory-fails", ErrorCode::kIo,
                                         "a directory of the daemon's can't be made or used",
                                         "check the permissions of the directory above it"};
inline constexpr Problem kDirectoryForeign{
    "control.directory-foreign", ErrorCode::kForbidden,
    "a directory of the daemon's belongs to somebody else, or others may write into it",
    "set XDG_RUNTIME_DIR to a directory of your own with mode 0700"};
inline constexpr Problem kJsonInvalid{
    "control.json-invalid", ErrorCode::kInvalid,
    "what was sent over the control API, or stored, is not JSON of the form it has to be",
    "docs/control-api.md says the form; with ferry and ferryd of one version, report it"};
inline constexpr Problem kSpecInvalid{"control.spec-invalid", ErrorCode::kInvalid,
                                      "a link or a swap can't be as it was asked for",
                                      "the message names the field; docs/control-api.md lists all"};
inline constexpr Problem kRequestInvalid{"control.request-invalid", ErrorCode::kInvalid,
                                         "a request of the control API can't be served so",
                                         "docs/control-api.md lists paths, methods and limits"};
inline constexpr Problem kEnvironmentInvalid{
    "control.environment-invalid", ErrorCode::kInvalid,
    "the environment that came from the stand-in can't be read", "is the proxy of this version?"};
inline constexpr Problem kFault{"control.fault", ErrorCode::kInternal, "a fault of the daemon's",
                                "see its log (ferry logs), and report it"};

}  // namespace ferry::control::problem
