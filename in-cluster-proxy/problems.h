// What can go wrong in ferry-proxy, as docs/errors.md lists it: in its log, and in what ferryd
// hears from it.
#pragma once

#include "base/error.h"

namespace ferry::proxy::problem {

inline constexpr Problem kFlagInvalid{"proxy.flag-invalid", ErrorCode::kInvalid,
                                      "a flag of ferry-proxy has a value that it can't have",
                                      "ferry-proxy --help says how each is written"};
inline constexpr Problem kFileUnreadable{
    "proxy.file-unreadable", ErrorCode::kIo, "a certificate or a key of the proxy can't be read",
    "--tls-dir names the directory; it needs ca.crt, tls.crt and tls.key"};
inline constexpr Problem kFull{"proxy.full", ErrorCode::kExhausted,
                               "the proxy has as many sessions as it takes, and all are in use",
                               "end a ferryd that is not needed, or run another proxy"};
inline constexpr Problem kSessionUnknown{
    "proxy.session-unknown", ErrorCode::kNotFound,
    "the proxy does not have the session that was to be resumed (any more)",
    "nothing: ferryd makes a new one"};
inline constexpr Problem kEnding{"proxy.ending", ErrorCode::kUnavailable,
                                 "the proxy is ending and takes no new session",
                                 "nothing: ferryd looks for another proxy"};
inline constexpr Problem kNoThread{"proxy.no-thread", ErrorCode::kUnavailable,
                                   "the node has no thread left for restoring the original",
                                   "it is tried again; ferry restore does it from any machine"};
inline constexpr Problem kNotInCluster{"proxy.not-in-cluster", ErrorCode::kNotFound,
                                       "--restore was given outside of a cluster",
                                       "run it in a pod, or leave --restore out"};

}  // namespace ferry::proxy::problem
