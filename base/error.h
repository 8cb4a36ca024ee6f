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

// One thing that can go wrong, as a user can tell it from others and act upon it. Each library
// names its own in a problems.h, which is where docs/errors.md comes from (scripts/errors-doc); an
// id that was released stays what it is.
struct Problem {
  std::string_view id;  // "kube.context-unknown"
  ErrorCode kind;
  std::string_view meaning;  // for docs/errors.md
  std::string_view fix;      // what to do, where an error has nothing more particular to say
};

struct Error {
  Error() = default;
  Error(const Problem& problem, std::string what, std::string why, std::string fix = {});
  // The same problem, told in other words.
  Error(const Error& cause, std::string what, std::string why, std::string fix = {});
  // Without a Problem, for tests and for what an older program sent: the id is "other." and the
  // code's name.
  Error(ErrorCode kind, std::string what, std::string why, std::string fix = {});

  ErrorCode code = ErrorCode::kInternal;
  std::string what;  // what was tried, on which object or address
  std::string why;   // the words of whoever refused: API server, resolver, kernel, peer
  std::string fix;   // what to do; may be empty
  std::string id;    // of the Problem

  // "what: why" on one line, without the fix.
  std::string summary() const;
};

}  // namespace ferry
