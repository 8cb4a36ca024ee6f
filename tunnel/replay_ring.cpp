#include "tunnel/replay_ring.h"

#include <algorithm>

#include "tunnel/frame.h"

namespace ferry::tunnel {
namespace {

constexpr std::size_t kMaxSpare = 4;  // blocks kept for the next frames

std::size_t frame_size(const std::uint8_t* frame) { return kHeaderSize + get_header(frame).length; }

}  // namespace

void ReplayRing::add_block() {
  Block block;
  block.start = end_;
  if (spare_.empty()) {
    block.data = std::make_unique_for_overwrite<std::uint8_t[]>(kBlockSize);
    memory_.take(kBlockSize);
  } else {
    block.data = std::move(spare_.back());
    spare_.pop_back();
  }
  blocks_.push_back(std::move(block));
}

bool ReplayRing::has_place(std::size_t size) const {
  return !spare_.empty() || (!blocks_.empty() && kBlockSize - blocks_.back().used >= size);
}

MutableBytes ReplayRing::reserve(std::size_t size) {
  reserved_ = false;
  if (blocks_.empty() || kBlockSize - blocks_.back().used < size) add_block();
  reserved_ = true;
  Block& last = blocks_.back();
  return {last.data.get() + last.used, size};
}

void ReplayRing::commit(std::size_t n) {
  reserved_ = false;
  if (n == 0) return;
  blocks_.back().used += n;
  end_ += n;
}

void ReplayRing::append(Bytes frame) {
  const MutableBytes place = reserve(frame.size());
  std::copy(frame.begin(), frame.end(), place.begin());
  commit(frame.size());
}

std::size_t ReplayRing::take(std::size_t max, std::vector<Bytes>& pieces) {
  std::size_t total = 0;
  while (sent_ < end_) {
    const Block& block = blocks_[cursor_];
    const std::size_t at = static_cast<std::size_t>(sent_ - block.start);
    if (at == block.used) {
      ++cursor_;
      continue;
    }
    std::size_t n = 0;
    while (at + n < block.used) {
      const std::size_t next = frame_size(block.data.get() + at + n);
      if (total + n > 0 && total + n + next > max) break;
      n += next;
    }
    if (n == 0) break;
    pieces.emplace_back(block.data.get() + at, n);
    sent_ += n;
    total += n;
  }
  return total;
}

void ReplayRing::release_acknowledged() {
  std::size_t done = 0;
  while (done < blocks_.size()) {
    Block& block = blocks_[done];
    const bool last = done + 1 == blocks_.size();
    if (block.start + block.used > acked_ || (last && reserved_)) break;
    if (last) {  // goes on to be written to, from its beginning
      block.start = end_;
      block.used = 0;
      break;
    }
    if (spare_.size() < kMaxSpare) {
      spare_.push_back(std::move(block.data));
    } else {
      memory_.give_back(kBlockSize);
    }
    ++done;
  }
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(done));
  cursor_ -= std::min(done, cursor_);
}

bool ReplayRing::acknowledge(std::uint64_t offset) {
  if (offset < acked_ || offset > sent_) return false;
  acked_ = offset;
  release_acknowledged();
  return true;
}

bool ReplayRing::is_boundary(std::uint64_t offset) const {
  for (const Block& block : blocks_) {
    if (offset < block.start || offset > block.start + block.used) continue;
    std::size_t at = 0;
    const std::size_t wanted = static_cast<std::size_t>(offset - block.start);
    while (at < wanted) at += frame_size(block.data.get() + at);
    return at == wanted;
  }
  return offset == end_;
}

bool ReplayRing::rewind(std::uint64_t offset) {
  if (offset < acked_ || offset > sent_ || !is_boundary(offset)) return false;
  sent_ = offset;
  cursor_ = 0;
  while (cursor_ + 1 < blocks_.size() && blocks_[cursor_ + 1].start <= sent_) ++cursor_;
  return acknowledge(offset);
}

void ReplayRing::trim() {
  const std::size_t before = memory();
  spare_.clear();
  if (used() == 0 && !reserved_) {
    blocks_.clear();
    cursor_ = 0;
  }
  memory_.give_back(before - memory());
}

void ReplayRing::clear() {
  acked_ = sent_ = end_ = 0;
  reserved_ = false;
  trim();
}

}  // namespace ferry::tunnel
