// A first-in, first-out queue of bytes in one contiguous buffer.
//
// Appending is amortised O(1); taking from the front moves an index, and the rest is moved down
// only when at least half of the buffer is free space in front. An empty queue that once grew large
// gives its memory back. It has no bound of its own: whoever fills it keeps the bound (credit, a
// batch size, a header limit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace ferry {

class ByteQueue {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return buffer_.size() - head_; }

  // All queued bytes, oldest first. Valid until the next call that changes the queue.
  Bytes front() const { return Bytes(buffer_).subspan(head_); }

  void append(Bytes data);

  // Takes n bytes (at most size()) off the front.
  void pop(std::size_t n);

  void clear();

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t head_ = 0;  // buffer_[0, head_) is already taken
};

}  // namespace ferry
