#include "cli/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/write_all.h"
#include "cli/problems.h"

namespace ferry::cli {
namespace {

Status failed(const std::string& path, int error) {
  return fail(problem::kFileUnwritable, "writing " + path, std::strerror(error));
}

Status write_to(const std::string& path, const std::string& content) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return failed(path, errno);
  const bool fine = write_all(fd, content);
  const int error = errno;
  close(fd);
  return fine ? Status() : failed(path, error);
}

}  // namespace

Status write_private_file(const std::string& path, const std::string& content) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) return write_to(path, content);
  std::string temporary = path + ".XXXXXX";
  const int fd = mkstemp(temporary.data());  // mode 0600
  if (fd < 0) return failed(path, errno);
  bool fine = write_all(fd, content);
  if (close(fd) != 0) fine = false;
  if (fine && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int error = errno;
  unlink(temporary.c_str());
  return failed(path, error);
}

}  // namespace ferry::cli
