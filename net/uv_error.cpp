#include "net/uv_error.h"

#include <uv.h>

#include <utility>

#include "net/problems.h"

namespace ferry::net {

namespace {

const Problem& problem_of_uv(int uv_code) {
  switch (uv_code) {
    case UV_ECONNRESET:
    case UV_ECONNABORTED:
    case UV_EPIPE:
    case UV_ENOTCONN: return problem::kConnectionCut;
    case UV_ETIMEDOUT: return problem::kTimedOut;
    case UV_ECONNREFUSED: return problem::kRefused;
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_ENETDOWN: return problem::kUnreachable;
    case UV_EADDRINUSE: return problem::kPortTaken;
    case UV_EACCES:
    case UV_EPERM: return problem::kNotPermitted;
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT:
    case UV_EINVAL: return problem::kAddressUnusable;
    case UV_ECANCELED: return problem::kCancelled;
    default: return problem::kIo;
  }
}

}  // namespace

Error uv_error(int uv_code, std::string what) {
  return Error{problem_of_uv(uv_code), std::move(what), uv_strerror(uv_code), {}};
}

}  // namespace ferry::net
