// A file of the daemon's state that only its user may read.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace ferry::daemon {

// Replaces the file in one step, mode 0600 from its first moment: a crash of the daemon leaves the
// old one or the new one. It doesn't wait for the disk, since the event loop writes files as well:
// after a crash of the machine the file may be empty, and every reader of it copes with that.
// The directory is there. Error: kIo.
Status write_private_file(const std::filesystem::path& path, std::string_view text);

}  // namespace ferry::daemon
