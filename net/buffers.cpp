#include "net/buffers.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ferry::net {

void Buffers::make_room(Buffer& buffer, std::size_t n) {
  const std::size_t needed = buffer.size() + n;
  if (needed <= buffer.capacity()) return;
  const std::size_t size = std::bit_ceil(std::max(needed, kSmallest));
  const auto index = static_cast<std::size_t>(std::countr_zero(size / kSmallest));
  Buffer larger;
  if (index < kSizes) {
    for (Buffer& kept : kept_.at(index)) {
      if (kept.capacity() > 0) {
        larger.swap(kept);
        break;
      }
    }
  }
  larger.reserve(size);
  larger.insert(larger.end(), buffer.begin(), buffer.end());
  buffer.swap(larger);
  give_back(larger);
}

void Buffers::give_back(Buffer& buffer) {
  Buffer given = std::exchange(buffer, {});
  if (given.capacity() < kSmallest) return;
  given.clear();
  const auto index = static_cast<std::size_t>(std::bit_width(given.capacity() / kSmallest) - 1);
  if (index >= kSizes) return;
  for (Buffer& kept : kept_.at(index)) {
    if (kept.capacity() == 0) return kept.swap(given);
  }
}

void Buffers::make_room(ReadRoom& room) {
  if (room) return;
  for (ReadRoom& kept : rooms_) {
    if (kept) return room.swap(kept);
  }
  room.reset(new std::uint8_t[kReadRoom]);
}

void Buffers::give_back(ReadRoom& room) {
  for (ReadRoom& kept : rooms_) {
    if (!kept) return kept.swap(room);
  }
  room.reset();
}

}  // namespace ferry::net
