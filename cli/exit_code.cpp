#include "cli/exit_code.h"

namespace ferry::cli {

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage: return kExitUsage;
    case ErrorCode::kNotFound: return kExitNotFound;
    case ErrorCode::kForbidden:
    case ErrorCode::kUnauthenticated: return kExitNotAllowed;
    case ErrorCode::kUnreachable:
    case ErrorCode::kTimedOut:
    case ErrorCode::kReset: return kExitUnreachable;
    case ErrorCode::kCancelled: return kExitInterrupted;
    case ErrorCode::kInternal:
    case ErrorCode::kInvalid:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
    case ErrorCode::kProtocol:
    case ErrorCode::kVersionMismatch:
    case ErrorCode::kExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kGone:
    case ErrorCode::kIo:
    case ErrorCode::kUnsupported: return kExitFailed;
  }
  return kExitFailed;
}

}  // namespace ferry::cli
