// What was sent in sequence and is not acknowledged yet, kept to be sent again on another carrier.
//
// Bytes are named by their offset in the session: the count of all sequenced bytes (headers
// included) before them. Three offsets move up: acked <= sent <= end. Frames are written into
// blocks of 256 KiB, whole; a block is given back once everything in it is acknowledged, so that
// memory follows use. How much may be kept is the caller's to decide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "tunnel/memory_budget.h"

namespace ferry::tunnel {

class ReplayRing {
 public:
  static constexpr std::size_t kBlockSize = std::size_t{256} * 1024;

  // `memory`: the session's share of the process' rings. It must outlive the ring.
  explicit ReplayRing(MemoryShare& memory) : memory_(memory) {}

  std::uint64_t acked() const { return acked_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t end() const { return end_; }
  std::size_t used() const { return static_cast<std::size_t>(end_ - acked_); }
  std::size_t unsent() const { return static_cast<std::size_t>(end_ - sent_); }
  std::size_t memory() const { return (blocks_.size() + spare_.size()) * kBlockSize; }

  // Whether a frame of this size takes no further memory.
  bool has_place(std::size_t size) const;
  // A place for one frame of up to `size` bytes (at most kMaxFrame), header included. It stays
  // where it is until commit() or append(); asking again gives it up.
  MutableBytes reserve(std::size_t size);
  // The first n bytes of the place are a frame now.
  void commit(std::size_t n);
  void append(Bytes frame);

  // Appends whole frames from sent() on to `pieces`, about `max` bytes (at least one frame, if
  // there is one), and counts them as sent. Returns their sum. The pieces stay until acknowledged.
  std::size_t take(std::size_t max, std::vector<Bytes>& pieces);

  // The peer has everything before `offset`. False: it cannot (not within [acked, sent]).
  bool acknowledge(std::uint64_t offset);
  // As acknowledge(), and everything from `offset` on is to be sent again. False: not within
  // [acked, sent], or in the middle of a frame; nothing has changed then.
  bool rewind(std::uint64_t offset);

  // Gives back what is held in reserve for the next frames.
  void trim();
  // Forgets everything, offsets included.
  void clear();

 private:
  struct Block {
    std::unique_ptr<std::uint8_t[]> data;
    std::uint64_t start = 0;  // offset of its first byte
    std::size_t used = 0;
  };

  void add_block();
  void release_acknowledged();
  bool is_boundary(std::uint64_t offset) const;

  MemoryShare& memory_;
  std::vector<Block> blocks_;  // oldest first
  std::vector<std::unique_ptr<std::uint8_t[]>> spare_;
  std::size_t cursor_ = 0;  // index of the block that holds sent_
  std::uint64_t acked_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t end_ = 0;
  bool reserved_ = false;  // a place in the last block is handed out
};

}  // namespace ferry::tunnel
