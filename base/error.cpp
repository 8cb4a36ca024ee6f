#include "base/error.h"

#include <utility>

namespace ferry {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal: return "internal";
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kNotFound: return "not-found";
    case ErrorCode::kAlreadyExists: return "already-exists";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kUnauthenticated: return "unauthenticated";
    case ErrorCode::kForbidden: return "forbidden";
    case ErrorCode::kUnreachable: return "unreachable";
    case ErrorCode::kTimedOut: return "timed-out";
    case ErrorCode::kReset: return "reset";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kProtocol: return "protocol";
    case ErrorCode::kVersionMismatch: return "version-mismatch";
    case ErrorCode::kExhausted: return "exhausted";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kGone: return "gone";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kUnsupported: return "unsupported";
  }
  return "unknown";
}

Error::Error(const Problem& problem, std::string what_failed, std::string reason, std::string step)
    : code(problem.kind),
      what(std::move(what_failed)),
      why(std::move(reason)),
      fix(step.empty() ? std::string(problem.fix) : std::move(step)),
      id(problem.id) {}

Error::Error(const Error& cause, std::string what_failed, std::string reason, std::string step)
    : code(cause.code),
      what(std::move(what_failed)),
      why(std::move(reason)),
      fix(std::move(step)),
      id(cause.id) {}

Error::Error(ErrorCode kind, std::string what_failed, std::string reason, std::string step)
    : code(kind),
      what(std::move(what_failed)),
      why(std::move(reason)),
      fix(std::move(step)),
      id("other." + std::string(name_of(kind))) {}

std::string Error::summary() const {
  if (why.empty()) return what;
  if (what.empty()) return why;
  return what + ": " + why;
}

}  // namespace ferry
