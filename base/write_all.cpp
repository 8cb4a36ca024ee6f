#include "base/write_all.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ferry {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {  // somebody who shares it wants it non-blocking
      pollfd on{fd, POLLOUT, 0};
      static_cast<void>(poll(&on, 1, -1));
      continue;
    }
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace ferry
