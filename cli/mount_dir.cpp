#include "cli/mount_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "base/write_all.h"
#include "cli/problems.h"

namespace ferry::cli {
namespace {

constexpr const char* kTemporary = ".ferry-new";

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }

 private:
  int fd_;
};

Error io_error(const std::string& path, int error, std::string fix = {}) {
  return {problem::kFileUnwritable, "writing " + path, std::strerror(error), std::move(fix)};
}

// "/etc/app/x" -> etc, app, x; nothing for a path that leads elsewhere.
std::optional<std::vector<std::string>> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream in(path);
  for (std::string part; std::getline(in, part, '/');) {
    if (part == "." || part == ".." || part.find('\0') != std::string::npos) return std::nullopt;
    if (!part.empty()) parts.push_back(std::move(part));
  }
  if (parts.empty()) return std::nullopt;
  return parts;
}

std::string joined(const std::vector<std::string>& parts, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : "/") + parts[i];
  return out;
}

Fd open_directory(int parent, const std::string& name) {
  return Fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

mode_t mode_of(const control::MountedFile& file) {
  return (file.mode & 0111U) != 0 ? S_IRWXU : S_IRUSR | S_IWUSR;
}

// Writes beside it, and puts it in place in one step.
int replace(int directory, const std::string& name, const control::MountedFile& file) {
  unlinkat(directory, kTemporary, 0);  // of a run that was killed
  const Fd fd(openat(directory, kTemporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     S_IRUSR | S_IWUSR));
  if (fd.get() < 0) return errno;
  const bool fine = fchmod(fd.get(), mode_of(file)) == 0 && write_all(fd.get(), file.content) &&
                    renameat(directory, kTemporary, directory, name.c_str()) == 0;
  if (fine) return 0;
  const int error = errno;
  unlinkat(directory, kTemporary, 0);
  return error;
}

bool holds(int directory, const std::string& name, const std::string& content) {
  const Fd fd(openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (fd.get() < 0 || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (info.st_size != static_cast<off_t>(content.size())) return false;
  std::string found(content.size() + 1, '\0');
  std::size_t size = 0;
  for (ssize_t n = 0; (n = read(fd.get(), found.data() + size, found.size() - size)) > 0;) {
    size += static_cast<std::size_t>(n);
  }
  return found.substr(0, size) == content;
}

bool exists(int directory, const std::string& name) {
  struct stat info {};
  return fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

Result<MountDir> MountDir::open(const std::string& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (!there && mkdir(path.c_str(), S_IRWXU) != 0) {
    return fail(problem::kFileUnwritable, "making the directory " + path, std::strerror(errno),
                "make the directory above it first");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail(problem::kFileUnwritable, "opening the directory " + path, std::strerror(errno));
  std::array<char, PATH_MAX> real{};
  const std::string absolute = realpath(path.c_str(), real.data()) == nullptr ? path : real.data();
  return MountDir(absolute, fd, !there);
}

MountDir::MountDir(MountDir&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      made_(other.made_),
      written_(std::move(other.written_)),
      directories_(std::move(other.directories_)) {}

MountDir::~MountDir() {
  if (fd_ >= 0) close(fd_);
}

Status MountDir::write(const std::vector<control::MountedFile>& files) {
  std::set<std::string> wanted;
  for (const auto& file : files) {
    if (auto done = write_file(file); !done) return done;
    wanted.insert(joined(*parts_of(file.path), parts_of(file.path)->size()));
  }
  std::set<std::string> gone;
  for (const auto& [name, file] : written_) {
    if (!wanted.contains(name)) gone.insert(name);
  }
  for (const auto& name : gone) forget(name);
  return {};
}

Status MountDir::write_file(const control::MountedFile& file) {
  const std::string shown = path_ + file.path;
  const auto parts = parts_of(file.path);
  if (!parts) {
    return fail(problem::kPathLeadsOut, "writing the file '" + file.path + "' to " + path_,
                "its path leads out of there", "");
  }
  Fd directory(dup(fd_));
  for (std::size_t i = 0; i + 1 < parts->size(); ++i) {
    if (mkdirat(directory.get(), (*parts)[i].c_str(), S_IRWXU) == 0) {
      directories_.insert(joined(*parts, i + 1));
    }
    Fd next = open_directory(directory.get(), (*parts)[i]);
    if (next.get() < 0) {
      return fail(io_error(
          shown, errno,
          path_ + "/" + joined(*parts, i + 1) + " is in the way; choose an empty directory"));
    }
    directory = std::move(next);
  }
  const std::string name = joined(*parts, parts->size());
  const auto before = written_.find(name);
  if (before != written_.end() && before->second == file) return {};
  if (before == written_.end() && exists(directory.get(), parts->back()) &&
      !holds(directory.get(), parts->back(), file.content)) {
    return fail(problem::kFileInTheWay, "writing " + shown, "there is another file already",
                "choose an empty directory for --mount");
  }
  if (const int error = replace(directory.get(), parts->back(), file); error != 0) {
    return fail(io_error(shown, error));
  }
  written_[name] = file;
  return {};
}

void MountDir::forget(const std::string& name) {
  const auto parts = parts_of(name);
  Fd directory(dup(fd_));
  for (std::size_t i = 0; i + 1 < parts->size() && directory.get() >= 0; ++i) {
    Fd next = open_directory(directory.get(), (*parts)[i]);
    directory = std::move(next);
  }
  if (directory.get() >= 0) unlinkat(directory.get(), parts->back().c_str(), 0);
  written_.erase(name);
}

void MountDir::remove() {
  while (!written_.empty()) forget(std::string(written_.begin()->first));
  // The deepest first: a directory sorts before what it holds.
  for (auto name = directories_.rbegin(); name != directories_.rend(); ++name) {
    unlinkat(fd_, name->c_str(), AT_REMOVEDIR);
  }
  directories_.clear();
  if (made_) rmdir(path_.c_str());
}

}  // namespace ferry::cli
