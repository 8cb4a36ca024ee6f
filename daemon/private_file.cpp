#include "daemon/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/write_all.h"
#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

tl::unexpected<Error> io_error(const std::string& path) {
  return fail(problem::kStateUnwritable, "writing " + path, std::strerror(errno),
              "the state directory must be writable by you, and have room");
}

}  // namespace

Status write_private_file(const std::filesystem::path& path, std::string_view text) {
  const std::string part = path.string() + ".part";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return io_error(part);
  Status written;
  if (!write_all(fd, text)) written = io_error(part);
  close(fd);
  if (written && rename(part.c_str(), path.c_str()) != 0) written = io_error(path.string());
  return written;
}

}  // namespace ferry::daemon
