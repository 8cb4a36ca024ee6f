#include "kube/exec/descriptor_writer.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "base/write_all.h"

namespace ferry::exec {

DescriptorWriter::DescriptorWriter(net::Loop& loop, int fd, Events events)
    : loop_(loop), fd_(fd), events_(std::move(events)), thread_([this] { run(); }) {}

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
  const bool written = write_all(fd_, piece);
  const int error = errno;
  lock.lock();
  if (written) {
    if (std::exchange(wanted_, false)) loop_.post(events_.on_room);
    return;
  }
  broken_ = true;
  queue_.clear();
  loop_.post([this, error] { events_.on_broken(error); });
}

}  // namespace ferry::exec
