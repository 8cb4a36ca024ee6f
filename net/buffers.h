// Buffers of bytes on their way, for the connections of a loop: who is done with one leaves it for
// whoever needs one next. So a busy connection takes nothing from the heap for each batch, and an
// idle one holds nothing. Included by sources of net/ only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ferry::net {

class Buffers {
 public:
  using Buffer = std::vector<std::uint8_t>;
  using ReadRoom = std::unique_ptr<std::uint8_t[]>;
  static constexpr std::size_t kReadRoom = std::size_t{256} * 1024;  // bytes

  static constexpr std::size_t kLargest = std::size_t{512} * 1024;  // bytes, that is kept

  // Room for n bytes behind what the buffer holds; less than as much again comes on top of it.
  void make_room(Buffer& buffer, std::size_t n);
  // The buffer is empty then, and has no memory.
  void give_back(Buffer& buffer);

  // kReadRoom bytes that aren't filled with zeros, unless there is room already.
  void make_room(ReadRoom& room);
  void give_back(ReadRoom& room);

 private:
  static constexpr std::size_t kSmallest = 1024;  // bytes
  static constexpr std::size_t kSizes = 10;       // each twice the one before, up to kLargest
  static constexpr std::size_t kKeep = 4;         // of each size: 4 MiB together
  static constexpr std::size_t kKeepRooms = 4;    // connections that carry each other

  std::array<std::array<Buffer, kKeep>, kSizes> kept_;  // of the size, or larger
  std::array<ReadRoom, kKeepRooms> rooms_;
};

}  // namespace ferry::net
