// What went wrong, in the three parts that a person needs: what failed, why, and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferry {

// The kind of a failure: what a program decides by (exit codes, retries). People read the texts.
enum class ErrorCode : std::uint8_t {
  kInternal,         // a fault of Ferry's own
  kUsage,            // the user's words are off
  kInvalid,          // input that does not parse or is out of its range
  kNotFound,         // no such object
  kAlreadyExists,    // an object, a lock or a port is taken
  kConflict,         // somebody changed it in between
  kUnauthenticated,  // credentials missing, wrong or expired
  kForbidden,        // known, but not allowed
  kUnreachable,      // no connection: network, name resolution, refused, TLS
  kTimedOut,         // nothing came in time
  kReset,            // the peer cut the connection
  kCancelled,        // the user or a shutdown ended it
  kProtocol,         // the peer broke the protocol
  kVersionMismatch,  // the peer speaks another protocol version
  kExhausted,        // a limit of Ferry's own is reached
  kUnavailable,      // the other side says: not now
  kGone,             // a resource version or a session that no longer exists
  kIo,               // the operating system refused
  kUnsupported,      // understood, but it cannot be done
};

// A short, stable, lower-case name ("not-found"), for logs and JSON.
std::string_view name_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string what;  // what was tried, on which object or address
  std::string why;   // the words of whoever refused: API server, resolver, kernel, peer
  std::string fix;   // what to do; may be empty

  // "what: why" on one line, without the fix.
  std::string summary() const;
};

}  // namespace ferry
