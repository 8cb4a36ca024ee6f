// Errors over HTTP: a status for programs that look no further, and the error itself as
// {"error": {code, what, why, fix}}.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ferry::control {

int http_status_of(ErrorCode code);

std::string error_body(const Error& error);

// The error of a response that is not a success. A body that holds none makes a kProtocol error:
// something else than ferryd answered.
Error error_from_response(const std::string& request, int status, std::string_view body);

}  // namespace ferry::control
