#include "kube/exec/descriptor_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

namespace ferry::exec {

namespace {

// What a pipe takes without blocking once poll(2) says that it has room.
constexpr std::size_t kPiece = PIPE_BUF;

}  // namespace

DescriptorWriter::DescriptorWriter(net::Loop& loop, int fd, Events events,
                                   const kube::CancelToken* cancel)
    : loop_(loop), fd_(fd), events_(std::move(events)), cancel_(cancel), thread_([this] {
        run();
      }) {}

DescriptorWriter::~DescriptorWriter() { finish(); }

std::size_t DescriptorWriter::offer(Bytes bytes) {
  const std::lock_guard lock(mutex_);
  if (broken_) return bytes.size();
  const std::size_t n = std::min(bytes.size(), kRoom - queue_.size());
  wanted_ = n < bytes.size();
  queue_.append(bytes.first(n));
  changed_.notify_one();
  return n;
}

void DescriptorWriter::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void DescriptorWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
    if (queue_.empty() || broken_) return;
    write_some(lock);
  }
}

// All that is there now.
void DescriptorWriter::write_some(std::unique_lock<std::mutex>& lock) {
  const std::string piece(as_text(queue_.front()));
  queue_.clear();
  lock.unlock();
  const bool written = write_out(piece);
  const int error = errno;
  lock.lock();
  if (written) {
    if (std::exchange(wanted_, false)) loop_.post(events_.on_room);
    return;
  }
  broken_ = true;
  queue_.clear();
  if (error != ECANCELED) loop_.post([this, error] { events_.on_broken(error); });
}

// False: errno says why.
bool DescriptorWriter::write_out(std::string_view bytes) const {
  while (!bytes.empty()) {
    if (!wait_for_room()) return false;
    const ssize_t n = write(fd_, bytes.data(), std::min(bytes.size(), kPiece));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Also where writing fails at once.
bool DescriptorWriter::wait_for_room() const {
  const int cancelled = cancel_ == nullptr ? -1 : cancel_->descriptor();
  std::array<pollfd, 2> on{{{fd_, POLLOUT, 0}, {cancelled, POLLIN, 0}}};
  while (poll(on.data(), on.size(), -1) < 0) {
    if (errno != EINTR && errno != EAGAIN) return false;
  }
  if (on[0].revents != 0) return true;
  errno = ECANCELED;
  return false;
}

}  // namespace ferry::exec
