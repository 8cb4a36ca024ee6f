#include "base/byte_queue.h"

#include <cassert>

namespace ferry {
namespace {
constexpr std::size_t kKeepCapacity = std::size_t{64} * 1024;
}

void ByteQueue::append(Bytes data) {
  if (head_ > 0 && head_ >= size()) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  buffer_.insert(buffer_.end(), data.begin(), data.end());
}

void ByteQueue::pop(std::size_t n) {
  assert(n <= size());
  head_ += n;
  if (head_ == buffer_.size()) clear();
}

void ByteQueue::clear() {
  head_ = 0;
  if (buffer_.capacity() > kKeepCapacity) {
    std::vector<std::uint8_t>().swap(buffer_);
  } else {
    buffer_.clear();
  }
}

}  // namespace ferry
