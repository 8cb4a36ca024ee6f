// What all sessions of a process hold for their streams together, and each one's share of it.
//
// Three pools, so that none starves another: bytes that peers may send and nobody has taken yet,
// bytes that peers haven't acknowledged, and the streams themselves. Nobody has a fixed part of the
// first two. A share may grow to four times what is left: one busy session gets most, several get
// equal parts, and something is always left for who comes next. A session that finds nothing left
// goes on with the least that it needs, which comes on top: README.md, "Memory of a process".
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace ferry::tunnel {

class MemoryPool {
 public:
  explicit MemoryPool(std::size_t limit) : limit_(limit) {}  // bytes
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  std::size_t limit() const { return limit_; }
  std::size_t used() const { return used_; }

 private:
  friend class MemoryShare;
  const std::size_t limit_;
  std::size_t used_ = 0;
};

// What one session holds of a pool. Given back when it is destroyed.
class MemoryShare {
 public:
  // The pool must outlive the share; null: there is none, and everything is allowed.
  explicit MemoryShare(MemoryPool* pool) : pool_(pool) {}
  ~MemoryShare() { give_back(own_); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  // How much more may be taken in order to be faster.
  std::size_t spare() const {
    const std::size_t free = left();
    if (pool_ == nullptr) return free;
    return free * 4 > own_ ? std::min(free, free * 4 - own_) : 0;
  }
  // How much more there is for what is refused otherwise.
  std::size_t left() const {
    if (pool_ == nullptr) return std::numeric_limits<std::size_t>::max();
    return pool_->limit_ > pool_->used_ ? pool_->limit_ - pool_->used_ : 0;
  }

  void take(std::size_t n) {
    own_ += n;
    if (pool_ != nullptr) pool_->used_ += n;
  }
  void give_back(std::size_t n) {
    own_ -= n;
    if (pool_ != nullptr) pool_->used_ -= n;
  }

 private:
  MemoryPool* const pool_;
  std::size_t own_ = 0;
};

struct MemoryBudget {
  MemoryPool windows;  // granted and not consumed, beyond min_credit of each stream
  MemoryPool rings;    // blocks of replay rings
  MemoryPool streams;  // their state, sockets and buffers
};

}  // namespace ferry::tunnel
