#include "net/uv_error.h"

#include <uv.h>

#include <utility>

namespace ferry::net {

ErrorCode code_of_uv(int uv_code) {
  switch (uv_code) {
    case UV_ECONNRESET:
    case UV_ECONNABORTED:
    case UV_EPIPE:
    case UV_ENOTCONN: return ErrorCode::kReset;
    case UV_ETIMEDOUT: return ErrorCode::kTimedOut;
    case UV_ECONNREFUSED:
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_ENETDOWN: return ErrorCode::kUnreachable;
    case UV_EADDRINUSE: return ErrorCode::kAlreadyExists;
    case UV_EACCES:
    case UV_EPERM: return ErrorCode::kForbidden;
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT:
    case UV_EINVAL: return ErrorCode::kInvalid;
    case UV_ECANCELED: return ErrorCode::kCancelled;
    default: return ErrorCode::kIo;
  }
}

Error uv_error(int uv_code, std::string what) {
  return Error{code_of_uv(uv_code), std::move(what), uv_strerror(uv_code), {}};
}

}  // namespace ferry::net
