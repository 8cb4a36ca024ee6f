#include "kube/exec/descriptor_reader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ferry::exec {

DescriptorReader::DescriptorReader(net::Loop& loop, int fd, OnRead on_read)
    : loop_(loop),
      fd_(fd),
      on_read_(std::move(on_read)),
      go_on_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

DescriptorReader::~DescriptorReader() {
  cancel_.cancel();
  thread_.join();
  close(go_on_);
}

void DescriptorReader::next() { static_cast<void>(eventfd_write(go_on_, 1)); }

// False: cancelled.
bool DescriptorReader::wait_for(int descriptor) const {
  std::array<pollfd, 2> on{{{descriptor, POLLIN, 0}, {cancel_.descriptor(), POLLIN, 0}}};
  while (poll(on.data(), on.size(), -1) < 0) {
    if (errno != EINTR && errno != EAGAIN) return false;
  }
  return !cancel_.cancelled();
}

void DescriptorReader::run() {
  while (wait_for(fd_)) {
    const ssize_t n = read(fd_, buffer_.data(), buffer_.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    const std::size_t size = n > 0 ? static_cast<std::size_t>(n) : 0;
    loop_.post([this, size] { on_read_(Bytes(buffer_).first(size)); });
    eventfd_t ignored = 0;
    if (size == 0 || !wait_for(go_on_) || eventfd_read(go_on_, &ignored) != 0) return;
  }
}

}  // namespace ferry::exec
