// Reads a descriptor that isn't ours alone (standard input) for the loop: on a thread of its own
// and blocking, since to make it non-blocking would make it so for everybody who shares it.
#pragma once

#include <array>
#include <functional>
#include <thread>

#include "base/bytes.h"
#include "kube/cancel.h"
#include "net/loop.h"

namespace ferry::exec {

class DescriptorReader {
 public:
  // What was read, at most kMost bytes, on the loop's thread; valid until next(). Empty: the end,
  // or it can't be read any more; nothing follows.
  using OnRead = std::function<void(Bytes)>;

  static constexpr std::size_t kMost = std::size_t{32} * 1024 - 1;

  // Begins at once; `fd` stays the caller's. Lives as long as the loop runs.
  DescriptorReader(net::Loop& loop, int fd, OnRead on_read);
  // Waits for the thread, which gives up at once; what it read last and nobody got is lost.
  ~DescriptorReader();
  DescriptorReader(const DescriptorReader&) = delete;
  DescriptorReader& operator=(const DescriptorReader&) = delete;

  // Lets go of what was read, and reads on.
  void next();

 private:
  void run();
  bool wait_for(int descriptor) const;

  net::Loop& loop_;
  const int fd_;
  const OnRead on_read_;
  std::array<std::uint8_t, kMost> buffer_;  // the thread's until on_read_, the loop's until next()
  kube::CancelToken cancel_;
  const int go_on_;  // an eventfd
  std::thread thread_;
};

}  // namespace ferry::exec
