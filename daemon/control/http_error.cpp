#include "daemon/control/http_error.h"

#include "daemon/control/json.h"
#include "daemon/control/limits.h"
#include "daemon/control/problems.h"

namespace ferry::control {

int http_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
    case ErrorCode::kInvalid: return 400;
    case ErrorCode::kForbidden: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kGone: return 410;
    case ErrorCode::kUnsupported: return 501;
    case ErrorCode::kUnreachable: return 502;
    case ErrorCode::kExhausted:
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kTimedOut: return 504;
    case ErrorCode::kInternal:
    case ErrorCode::kUnauthenticated:  // of the cluster, not of this API
    case ErrorCode::kReset:
    case ErrorCode::kCancelled:
    case ErrorCode::kProtocol:
    case ErrorCode::kVersionMismatch:
    case ErrorCode::kIo: return 500;
  }
  return 500;
}

std::string error_body(const Error& error) { return dump(Json{{"error", to_json(error)}}) + "\n"; }

Error error_from_response(const std::string& request, int status, std::string_view body) {
  const auto json = parse_json(body, kMaxBody);
  if (json && json->is_object() && json->contains("error")) {
    if (auto error = error_from_json((*json)["error"])) return std::move(*error);
  }
  return Error{problem::kNotFerryd, request,
               "the daemon answered HTTP " + std::to_string(status) + " without saying why",
               "see its log: ferry logs"};
}

}  // namespace ferry::control
