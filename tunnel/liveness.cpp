#include "tunnel/liveness.h"

#include <algorithm>

namespace ferry::tunnel {
namespace {

constexpr int kMisses = 2;
constexpr Duration kAsleep = std::chrono::seconds(1);  // a deadline missed by this much
constexpr Duration kSampleEvery = std::chrono::seconds(2);
constexpr Duration kAskTalkerEvery = std::chrono::seconds(5);  // while an ACK is waited for

}  // namespace

void Liveness::start(TimePoint now) {
  state_ = State::kGreeting;
  ping_wanted_ = false;
  ping_sent_.reset();
  in_doubt_ = unanswered_ = false;
  sampled_ = 0;
  deadline_ = now + options_.greeting_timeout;
}

void Liveness::established(TimePoint now) {
  state_ = State::kIdle;
  ping_wanted_ = true;  // for the round trip
  heard_at_ = now;
}

void Liveness::stop() {
  state_ = State::kOff;
  in_doubt_ = unanswered_ = false;
  ping_wanted_ = false;
  ping_sent_.reset();
}

void Liveness::heard(TimePoint now) {
  if (state_ != State::kIdle && state_ != State::kProbing) return;
  state_ = State::kIdle;
  in_doubt_ = false;
  heard_at_ = now;
}

// While an answer is waited for, asking again doesn't give the carrier more time.
void Liveness::probe(TimePoint now) {
  if (state_ == State::kProbing) ping_wanted_ = true;
  if (state_ == State::kIdle) begin_probing(now);
}

void Liveness::begin_probing(TimePoint now) {
  state_ = State::kProbing;
  misses_ = 0;
  in_doubt_ = false;
  ping_wanted_ = true;
  asked_at_ = now;
  deadline_ = now + answerable(options_.doubt);
}

Duration Liveness::answerable(Duration time) const {
  const Duration thrice = 3 * round_trip_.value_or(Duration::zero());
  return std::max(time, std::min(thrice, options_.ping_timeout));
}

std::optional<TimePoint> Liveness::deadline(bool awaiting) const {
  if (state_ == State::kOff) return std::nullopt;
  if (state_ != State::kIdle) return deadline_;
  if (!awaiting) return heard_at_ + options_.ping_idle;
  const TimePoint silent = heard_at_ + answerable(options_.answer_idle);
  return std::min(silent, asks_talker_at().value_or(silent));
}

// None: it is asked already.
std::optional<TimePoint> Liveness::asks_talker_at() const {
  if (ping_wanted_ || ping_sent_) return std::nullopt;
  return sampled_at_ + kAskTalkerEvery;
}

bool Liveness::wake(TimePoint now) {
  const bool judges = state_ == State::kGreeting || state_ == State::kProbing;
  if (!judges || now - deadline_ < kAsleep) return false;
  if (state_ == State::kGreeting) {
    deadline_ = now + options_.greeting_timeout;
  } else {
    begin_probing(now);
  }
  return true;
}

Liveness::Verdict Liveness::on_timeout(TimePoint now, bool awaiting) {
  const auto due = deadline(awaiting);
  if (!due || now < *due) return Verdict::kAlive;
  if (state_ == State::kIdle && awaiting && now < heard_at_ + answerable(options_.answer_idle)) {
    ping_wanted_ = true;
    return Verdict::kAlive;
  }
  if (state_ == State::kIdle) {
    begin_probing(now);
    return Verdict::kAlive;
  }
  if (state_ == State::kProbing && !in_doubt_) {
    in_doubt_ = unanswered_ = true;
    deadline_ = std::max(asked_at_ + options_.ping_timeout, now + options_.doubt);
    return Verdict::kInDoubt;
  }
  if (state_ == State::kProbing && ++misses_ < kMisses) {
    ping_wanted_ = true;
    deadline_ = now + options_.ping_timeout;
    return Verdict::kAlive;
  }
  stop();
  return Verdict::kDead;
}

bool Liveness::may_sample(TimePoint now) const {
  const bool up = state_ == State::kIdle || state_ == State::kProbing;
  return up && !ping_sent_ && now - sampled_at_ > kSampleEvery;
}

std::uint64_t Liveness::ping(TimePoint now) {
  ping_wanted_ = false;
  ping_sent_ = now;
  return ++last_ping_;
}

bool Liveness::pong(std::uint64_t number, TimePoint now) {
  if (number != last_ping_ || !ping_sent_) return false;
  unanswered_ = false;
  samples_[sampled_++ % kSamples] = now - *ping_sent_;
  const auto end = samples_.begin() + static_cast<std::ptrdiff_t>(std::min(sampled_, kSamples));
  round_trip_ = *std::min_element(samples_.begin(), end);
  ping_sent_.reset();
  sampled_at_ = now;
  return true;
}

}  // namespace ferry::tunnel
