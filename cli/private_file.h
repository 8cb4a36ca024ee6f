// A file that only its user may read.
#pragma once

#include <string>

#include "base/result.h"

namespace ferry::cli {

// Puts the content in place in one step, with the mode 0600. What is no regular file (a pipe, as in
// >(program)) is written to as it is. Error: kIo.
Status write_private_file(const std::string& path, const std::string& content);

}  // namespace ferry::cli
