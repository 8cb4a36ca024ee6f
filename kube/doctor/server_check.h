// Whether the API server answers, how fast, and what its clock says.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "kube/cancel.h"
#include "kube/credentials.h"

namespace ferry::doctor {

struct ServerAnswer {
  std::string version;  // "v1.33.1"; empty where it doesn't say
  Duration latency{};   // of a request over a connection that stands
  Duration first{};     // of the first one: name, TCP, TLS and credentials included
  // The server's clock less this machine's, in seconds, half of the latency allowed for; the
  // header has whole seconds. 0 where it doesn't say.
  std::int64_t clock_ahead = 0;
};

// GET /version, twice. Errors: those of Credentials::get(), kUnreachable, kTimedOut, and what the
// status says (kUnauthenticated, kForbidden, kUnavailable, ...).
Result<ServerAnswer> ask_server(kube::Credentials& credentials, const kube::CancelToken& cancel);

}  // namespace ferry::doctor
