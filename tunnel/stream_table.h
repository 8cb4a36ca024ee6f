// The streams of a session by id, and what an id that isn't there means.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "tunnel/memory_budget.h"
#include "tunnel/stream.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

class StreamTable {
 public:
  // What a stream takes besides its bytes: its state here, socket and buffers elsewhere.
  static constexpr std::size_t kStreamMemory = 4096;

  // `memory`: the session's share of what there is for that. It must outlive the table.
  StreamTable(Role role, MemoryShare& memory)
      : memory_(memory),
        next_own_(role == Role::kDaemon ? 1 : 2),
        next_peer_(role == Role::kDaemon ? 2 : 1) {}

  // nullptr: not known.
  Stream* find(StreamId id);
  // As find(), without those that are kGone.
  Stream* find_live(StreamId id);

  // Whether the process has memory for one more.
  bool has_room() const { return memory_.left() >= kStreamMemory; }
  bool has_next_own() const { return next_own_ < kLastId; }
  Stream& add_own();
  // True: the peer may open this id: its own kind, and higher than all before.
  bool may_peer_open(StreamId id) const;
  // It did, whether a stream comes of it or not.
  void note_peer_id(StreamId id) { next_peer_ = id + 2; }
  Stream& add_peer(StreamId id) { return add(id); }
  // Whether this id was opened once, by either side.
  bool was_opened(StreamId id) const;

  void erase(StreamId id) { memory_.give_back(streams_.erase(id) * kStreamMemory); }
  std::size_t size() const { return streams_.size(); }
  auto begin() { return streams_.begin(); }
  auto end() { return streams_.end(); }
  void clear();

 private:
  static constexpr StreamId kLastId = 0xfffffff0;

  Stream& add(StreamId id);
  bool is_own(StreamId id) const { return id % 2 == next_own_ % 2; }

  MemoryShare& memory_;
  std::unordered_map<StreamId, Stream> streams_;  // its nodes stay where they are
  StreamId next_own_;
  StreamId next_peer_;  // the lowest that the peer hasn't used
};

}  // namespace ferry::tunnel
