#include "tunnel/stream_table.h"

namespace ferry::tunnel {

Stream* StreamTable::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

Stream* StreamTable::find_live(StreamId id) {
  Stream* stream = find(id);
  return stream != nullptr && stream->state != StreamState::kGone ? stream : nullptr;
}

Stream& StreamTable::add(StreamId id) {
  memory_.take(kStreamMemory);
  Stream& stream = streams_[id];
  stream.id = id;
  return stream;
}

Stream& StreamTable::add_own() {
  const StreamId id = next_own_;
  next_own_ += 2;
  return add(id);
}

bool StreamTable::may_peer_open(StreamId id) const {
  return id != 0 && !is_own(id) && id >= next_peer_ && id < kLastId;
}

void StreamTable::clear() {
  memory_.give_back(streams_.size() * kStreamMemory);
  streams_.clear();
}

bool StreamTable::was_opened(StreamId id) const {
  if (id == 0) return false;
  return is_own(id) ? id < next_own_ : id < next_peer_;
}

}  // namespace ferry::tunnel
