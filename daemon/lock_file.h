// The lock that keeps a daemon the only one of its user.
#pragma once

#include <string>

#include "base/result.h"

namespace ferry::daemon {

// Holds an advisory lock on a file until destroyed; the kernel drops it with the process, however
// that ends. The file holds the owner's pid and is never removed: removing it would let two
// processes lock two files of the same name.
class LockFile {
 public:
  // Errors: kAlreadyExists when another process holds it (`why` names its pid); kIo.
  static Result<LockFile> acquire(const std::string& path);
  ~LockFile();
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace ferry::daemon
