// What can go wrong with a tunnel between ferryd and a proxy, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::tunnel::problem {

inline constexpr Problem kNotFerry{"tunnel.not-ferry", ErrorCode::kProtocol,
                                   "what answers is no proxy of Ferry's",
                                   "check the proxy's address (--proxy-addr)"};
inline constexpr Problem kVersionMismatch{"tunnel.version-mismatch", ErrorCode::kVersionMismatch,
                                          "ferryd and the proxy don't understand each other",
                                          "upgrade the older one of the two"};
inline constexpr Problem kPeerTooOld{"tunnel.peer-too-old", ErrorCode::kUnsupported,
                                     "the other side's version doesn't know what is asked of it",
                                     "use the same version on both sides"};
inline constexpr Problem kRefused{"tunnel.refused", ErrorCode::kUnavailable,
                                  "the proxy takes no tunnel at present, and says why",
                                  "it is tried again by itself"};
inline constexpr Problem kConnectionLost{
    "tunnel.connection-lost", ErrorCode::kReset,
    "the connection under the tunnel was closed or cut",
    "nothing: a new one is made, and connections go on where they were"};
inline constexpr Problem kSilent{"tunnel.silent", ErrorCode::kTimedOut,
                                 "the other side of the tunnel does not answer any more",
                                 "nothing: a new connection is made"};
inline constexpr Problem kSessionGone{
    "tunnel.session-gone", ErrorCode::kGone,
    "the proxy doesn't have the session any more: it was restarted, or away for too long",
    "nothing: a new session is made; connections of the old one have ended"};
inline constexpr Problem kProofWrong{"tunnel.proof-wrong", ErrorCode::kUnauthenticated,
                                     "somebody wanted to resume a session without being its owner",
                                     "look at the proxy's log for who connects there"};
inline constexpr Problem kTakenOver{"tunnel.taken-over", ErrorCode::kConflict,
                                    "a later connection carries the session already",
                                    "nothing: the session goes on over that one"};
inline constexpr Problem kNotConnected{"tunnel.not-connected", ErrorCode::kUnavailable,
                                       "there is no tunnel at present",
                                       "ferry status says what it waits for"};
inline constexpr Problem kPeerEnds{"tunnel.peer-ends", ErrorCode::kUnavailable,
                                   "the proxy is about to end and takes nothing new",
                                   "try again in a moment"};
inline constexpr Problem kFull{
    "tunnel.full", ErrorCode::kExhausted,
    "a limit of the tunnel is reached: of connections, of ports or of memory",
    "end what is not needed; docs/reliability.md has the limits"};
inline constexpr Problem kTargetInvalid{"tunnel.target-invalid", ErrorCode::kInvalid,
                                        "that is no host or no port that a tunnel can be asked for",
                                        "check the target's name and its port"};
inline constexpr Problem kProtocol{"tunnel.protocol", ErrorCode::kProtocol,
                                   "one side of the tunnel broke its protocol",
                                   "use the same version on both sides; report it if they are"};

}  // namespace ferry::tunnel::problem
