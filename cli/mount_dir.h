// The container's mounted files in a directory of this machine, for --mount. They may be secrets:
// files get the mode 0600 (0700 if they may be executed), directories 0700.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/environment.h"

namespace ferry::cli {

class MountDir {
 public:
  // Makes the directory where it isn't there. Error: kIo.
  static Result<MountDir> open(const std::string& path);

  ~MountDir();
  MountDir(MountDir&& other) noexcept;
  MountDir& operator=(MountDir&&) = delete;
  MountDir(const MountDir&) = delete;
  MountDir& operator=(const MountDir&) = delete;

  // Absolute; what FERRY_ROOT says.
  const std::string& path() const { return path_; }

  // Makes the directory hold these files, each under its own path: replaces those that changed, in
  // one step each, and removes those of an earlier call that are gone. Does not follow symbolic
  // links, and leaves files that it didn't write alone. Errors: kAlreadyExists (somebody else's
  // file is in the way), kInvalid (a path that leads out), kIo. What came before the error stays.
  Status write(const std::vector<control::MountedFile>& files);

  // Removes what it wrote, and the directories it made that are empty then.
  void remove();

 private:
  MountDir(std::string path, int fd, bool made) : path_(std::move(path)), fd_(fd), made_(made) {}

  Status write_file(const control::MountedFile& file);
  void forget(const std::string& name);

  std::string path_;
  int fd_;
  bool made_;
  std::map<std::string, control::MountedFile> written_;  // by path below the directory
  std::set<std::string> directories_;                    // made here, below the directory
};

}  // namespace ferry::cli
