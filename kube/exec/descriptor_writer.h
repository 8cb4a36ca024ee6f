// Writes to a descriptor that isn't ours alone (standard output) for the loop: on a thread of its
// own and blocking, as DescriptorReader reads. At most kRoom bytes wait for whoever reads there.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/byte_queue.h"
#include "base/bytes.h"
#include "net/loop.h"

namespace ferry::exec {

class DescriptorWriter {
 public:
  static constexpr std::size_t kRoom = std::size_t{256} * 1024;

  struct Events {
    // After an offer() that was not taken whole: more can be. On the loop's thread.
    std::function<void()> on_room;
    // It can't be written to any more: an errno value. What comes from now on is dropped.
    std::function<void(int)> on_broken;
  };

  // `fd` stays the caller's. Lives as long as the loop runs.
  DescriptorWriter(net::Loop& loop, int fd, Events events);
  // As finish().
  ~DescriptorWriter();
  DescriptorWriter(const DescriptorWriter&) = delete;
  DescriptorWriter& operator=(const DescriptorWriter&) = delete;

  // Returns how many bytes of the beginning were taken.
  std::size_t offer(Bytes bytes);

  // Blocks until everything is written, or can't be.
  void finish();

 private:
  void run();
  void write_some(std::unique_lock<std::mutex>& lock);

  net::Loop& loop_;
  const int fd_;
  const Events events_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ByteQueue queue_;
  bool finishing_ = false;
  bool wanted_ = false;  // on_room is due
  bool broken_ = false;
  std::thread thread_;
};

}  // namespace ferry::exec
