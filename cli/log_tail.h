// `ferry logs`: the end of the daemon's log, and what is added to it.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace ferry::cli {

// The last `lines` lines of a file. Errors: kNotFound, kIo.
Result<std::string> last_lines(const std::string& path, unsigned lines);

// Follows a file that grows and may be rotated (renamed, with a new one in its place) or not be
// there yet. Looks for news a few times a second, until print returns false.
void follow_file(const std::string& path, const std::function<bool(const std::string&)>& print);

}  // namespace ferry::cli
