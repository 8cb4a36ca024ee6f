// Writes to a descriptor that isn't ours alone (standard output) for the loop: on a thread of its
// own, which blocks until there is room, as DescriptorReader reads. At most kRoom bytes wait for
// whoever reads there.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/byte_queue.h"
#include "base/bytes.h"
#include "kube/cancel.h"
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

  // `fd` stays the caller's. Lives as long as the loop runs. Once `cancel` (which may be null) is
  // cancelled, nobody is waited for any more: what can't be written at once is dropped.
  DescriptorWriter(net::Loop& loop, int fd, Events events,
                   const kube::CancelToken* cancel = nullptr);
  // As finish().
  ~DescriptorWriter();
  DescriptorWriter(const DescriptorWriter&) = delete;
  DescriptorWriter& operator=(const DescriptorWriter&) = delete;

  // Returns how many bytes of the beginning were taken.
  std::size_t offer(Bytes bytes);

  // Blocks until everything is written, can't be, or was dropped.
  void finish();

 private:
  void run();
  void write_some(std::unique_lock<std::mutex>& lock);
  bool write_out(std::string_view bytes) const;
  bool wait_for_room() const;

  net::Loop& loop_;
  const int fd_;
  const Events events_;
  const kube::CancelToken* const cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ByteQueue queue_;
  bool finishing_ = false;
  bool wanted_ = false;  // on_room is due
  bool broken_ = false;
  std::thread thread_;
};

}  // namespace ferry::exec
