#include "tunnel/scheduler.h"

#include <algorithm>

namespace ferry::tunnel {
namespace {

constexpr std::size_t kSparseBurst = 8192;  // bytes until a stream is no longer sparse
constexpr auto kQuantumBytes = static_cast<std::int64_t>(Scheduler::kQuantum);

}  // namespace

bool Scheduler::is_sparse(Stream& stream, TimePoint now) const {
  Turn& turn = stream.turn;
  // A stream that waits for its turn isn't idle, however long that takes.
  if (!waits(stream) && !turn.granted && now - turn.last_sent > kSparseIdle) turn.burst = 0;
  return turn.burst < kSparseBurst;
}

bool Scheduler::may_send(Stream& stream, std::size_t unsent, TimePoint now) {
  if (stream.turn.granted) return true;  // its room was counted
  const bool first = stream.turn.deficit > 0 || (is_sparse(stream, now) && !owes_bulk());
  if (first) return unsent < limit_ + kSparseExtra;
  return sparse_.empty() && bulk_.empty() && promised(unsent) < limit_;
}

void Scheduler::wait(Stream& stream) {
  end_grant(stream);
  if (waits(stream)) return;
  (stream.turn.burst < kSparseBurst ? sparse_ : bulk_).push_back(stream);
}

void Scheduler::sent(Stream& stream, std::size_t n, TimePoint now) {
  Turn& turn = stream.turn;
  end_grant(stream);
  sparse_.remove(stream);
  bulk_.remove(stream);
  if (n == 0) return;
  if (turn.burst < kSparseBurst) sparse_run_ = bulk_.empty() ? 0 : sparse_run_ + n;
  turn.deficit = std::max(turn.deficit - static_cast<std::int64_t>(n), -kQuantumBytes);
  turn.burst += n;
  turn.last_sent = now;
}

void Scheduler::remove(Stream& stream) {
  end_grant(stream);
  sparse_.remove(stream);
  bulk_.remove(stream);
}

void Scheduler::end_grant(Stream& stream) {
  if (!stream.turn.granted) return;
  stream.turn.granted = false;
  if (grants_ > 0) --grants_;
}

Stream* Scheduler::give(Queue& queue, Stream& stream, TimePoint now) {
  queue.remove(stream);
  stream.turn.granted = true;
  ++grants_;
  granted_at_ = now;
  return &stream;
}

Stream* Scheduler::grant(std::size_t unsent, TimePoint now) {
  if (!sparse_.empty() && !owes_bulk() && promised(unsent) < limit_ + kSparseExtra) {
    return give(sparse_, *sparse_.front(), now);
  }
  while (!bulk_.empty() && promised(unsent) < limit_) {
    Stream& stream = *bulk_.front();
    std::int64_t& deficit = stream.turn.deficit;
    deficit = std::min(deficit + kQuantumBytes, kQuantumBytes);
    if (deficit > 0) {
      sparse_run_ = 0;
      return give(bulk_, stream, now);
    }
    bulk_.remove(stream);
    bulk_.push_back(stream);
  }
  return nullptr;
}

std::optional<TimePoint> Scheduler::deadline() const {
  if (grants_ == 0 || (sparse_.empty() && bulk_.empty())) return std::nullopt;
  return granted_at_ + kGrantKept;
}

void Scheduler::on_timeout(TimePoint now) {
  const auto due = deadline();
  if (due && now >= *due) grants_ = 0;
}

}  // namespace ferry::tunnel
