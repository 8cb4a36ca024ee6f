// Errors are values: a function that can fail returns Result<T>.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace ferry {

template <typename T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

// return fail(problem::kFileMissing, "reading ca.crt", "no such file", "check
// certificate-authority"); the fix may be left to the Problem.
inline tl::unexpected<Error> fail(const Problem& problem, std::string what, std::string why,
                                  std::string fix = {}) {
  return tl::unexpected<Error>(Error{problem, std::move(what), std::move(why), std::move(fix)});
}

inline tl::unexpected<Error> fail(ErrorCode code, std::string what, std::string why,
                                  std::string fix = {}) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(why), std::move(fix)});
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace ferry
