#include "tunnel/credit.h"

#include <algorithm>

namespace ferry::tunnel {
namespace {

constexpr std::size_t kFirstWindowShare = 64;   // a new stream gets 1/64 of what is spare
constexpr std::size_t kFirstOpeningShare = 32;  // many sessions may be begun and never used
constexpr std::uint64_t kClaimShare = 12;
constexpr std::uint64_t kSmallClaim = 2048;  // bytes: a request's head
// A window at a distance is to be there after few round trips; TCP below it starts slowly once, not
// for each stream. A large one takes smaller steps: it is memory on both sides.
constexpr std::size_t kLarge = std::size_t{2} * 1024 * 1024;  // bytes
constexpr std::size_t kSmallsGrowth = 4;
constexpr std::size_t kLargesGrowth = 2;
// What a busy machine needs beyond the round trip.
constexpr Duration kScheduling = std::chrono::milliseconds(1);
constexpr std::size_t kGrantShare = 16;
constexpr std::size_t kSmallGrant = std::size_t{64} * 1024;   // bytes
constexpr std::size_t kLargeGrant = std::size_t{512} * 1024;  // bytes

// What is worth a frame: a small part of a large window. With half of it at a time, a sender that
// waits for credit falls into step with the grants, and only half a window is ever under way.
std::size_t least_grant(std::size_t window) {
  return std::max(std::min(window / kGrantShare, kLargeGrant), std::min(window / 2, kSmallGrant));
}

}  // namespace

std::size_t CreditBudget::first_window() const {
  const std::size_t share = spare_of(options_.window_budget / 4 * 3) / kFirstWindowShare;
  return std::max(std::min(share, options_.initial_credit), options_.min_credit);
}

void ReceiveWindow::open(std::size_t granted, std::size_t window, CreditBudget& budget,
                         TimePoint now) {
  limit_ = granted;
  tell(budget, 0);
  window_ = window;
  measured_from_ = now;
}

bool ReceiveWindow::receive(std::size_t n) {
  if (n > limit_ - received_) return false;
  received_ += n;
  return true;
}

bool ReceiveWindow::skip(std::size_t n, CreditBudget& budget) {
  if (n > limit_ - received_) return false;
  const std::size_t before = exposure();
  received_ += n;
  consumed_ += n;
  measured_byte_ += n;  // not a use of the window
  tell(budget, before);
  window_ = std::max(budget.options().min_credit, exposure());
  return true;
}

void ReceiveWindow::grow_if_fast(CreditBudget& budget, TimePoint now, Duration round_trip) {
  if (consumed_ - measured_byte_ < window_ / 2) return;
  // Half of it in a round trip and little more: the sender waits for credit.
  const bool fast = now - measured_from_ < round_trip + std::max(round_trip / 4, kScheduling);
  measured_from_ = now;
  measured_byte_ = consumed_;
  const std::size_t growth = window_ < kLarge ? kSmallsGrowth : kLargesGrowth;
  const std::size_t grown = std::min(window_ * growth, budget.options().max_credit);
  // Half of what is spare at most: no stream takes all that is left.
  if (fast && grown > window_ && grown - window_ <= budget.spare() / 2) window_ = grown;
}

bool ReceiveWindow::replenish(CreditBudget& budget) {
  if (finished_) return false;
  const std::size_t before = exposure();
  const std::size_t least = budget.options().min_credit;
  const std::size_t affordable = std::max(before, least) + budget.spare();
  const std::size_t wanted = std::max(std::min(window_, affordable), least);
  const std::size_t more = wanted > before ? wanted - before : 0;
  if (more < least_grant(wanted)) return false;
  limit_ += more;
  tell(budget, before);
  return true;
}

bool ReceiveWindow::consume(std::size_t n, CreditBudget& budget, TimePoint now,
                            Duration round_trip) {
  const std::size_t before = exposure();
  consumed_ += n;
  tell(budget, before);
  grow_if_fast(budget, now, round_trip);
  return replenish(budget);
}

void ReceiveWindow::finish(CreditBudget& budget) {
  const std::size_t before = exposure();
  limit_ = received_;
  finished_ = true;
  tell(budget, before);
}

void ReceiveWindow::close(CreditBudget& budget) {
  const std::size_t before = exposure();
  limit_ = received_ = consumed_;
  tell(budget, before);
}

void OpeningCredit::open(CreditBudget& budget) {
  limit_ = std::min(full(budget), budget.spare_of_process() / kFirstOpeningShare);
  budget.take(left());
}

bool OpeningCredit::claim(std::size_t n, CreditBudget& budget) {
  if (n > left()) return false;
  claimed_ += n;
  budget.give_back(n);
  return true;
}

bool OpeningCredit::replenish(CreditBudget& budget) {
  const std::size_t wanted = full(budget);
  if (left() > wanted / 2) return false;
  const std::size_t more = std::min(wanted - left(), budget.spare() / 4);
  if (more < std::max(left() / 2, wanted / 64)) return false;
  budget.take(more);
  limit_ += more;
  return true;
}

void OpeningClaims::open(std::uint64_t limit) {
  limit_ = limit;
  kept_for_small_ = limit / 4;
}

bool OpeningClaims::raise(std::uint64_t limit) {
  if (limit < limit_) return false;
  limit_ = limit;
  return true;
}

std::uint32_t OpeningClaims::claim(std::size_t wanted) {
  const std::uint64_t left = limit_ - claimed_;
  const std::uint64_t plenty = left > kept_for_small_ ? left - kept_for_small_ : 0;
  const std::uint64_t share = std::max(plenty / kClaimShare, kSmallClaim);
  const std::uint64_t n = std::min({share, left, static_cast<std::uint64_t>(wanted)});
  claimed_ += n;
  return static_cast<std::uint32_t>(n);
}

}  // namespace ferry::tunnel
