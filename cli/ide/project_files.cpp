#include "cli/ide/project_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/write_all.h"
#include "cli/ide/jsonc.h"
#include "cli/problems.h"

namespace ferry::cli::ide {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const std::string& doing, const std::string& path, int code) {
  return fail(problem::kProjectFileUnusable, doing + " " + path, std::strerror(code));
}

// The mode of the file that is there, or what a new one gets.
mode_t mode_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) return info.st_mode & 07777U;
  const mode_t mask = umask(0);
  umask(mask);
  return 0666U & ~mask;
}

}  // namespace

Result<std::optional<std::string>> read_project_file(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return failed("reading", path, errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(problem::kProjectFileUnusable, "reading " + path, "it is no regular file");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed("reading", path, errno);
  std::string text(jsonc::kMaxText + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() <= jsonc::kMaxText) return std::optional<std::string>(std::move(text));
  return fail(problem::kProjectFileTooLarge, "reading " + path, "it is larger than 1 MiB");
}

Status write_project_file(const FileChange& change) {
  std::error_code error;
  fs::create_directories(fs::path(change.path).parent_path(), error);
  if (error) return failed("writing", change.path, error.value());
  const auto resolved = fs::weakly_canonical(change.path, error);
  const std::string path = error ? change.path : resolved.string();
  const mode_t mode = mode_of(path);
  std::string temporary = path + ".XXXXXX";
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return failed("writing", path, errno);
  bool fine = write_all(fd, change.after) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
  int code = errno;
  if (close(fd) != 0) fine = false;
  if (fine && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  if (fine) code = errno;
  unlink(temporary.c_str());
  return failed("writing", path, code);
}

}  // namespace ferry::cli::ide
