#include "tunnel/liveness.h"

namespace ferry::tunnel {
namespace {

constexpr int kMisses = 2;
constexpr Duration kAsleep = std::chrono::seconds(1);  // a deadline missed by this much
constexpr Duration kSampleEvery = std::chrono::seconds(2);

}  // namespace

void Liveness::start(TimePoint now) {
  state_ = State::kGreeting;
  ping_wanted_ = false;
  ping_sent_.reset();
  deadline_ = now + options_.greeting_timeout;
}

void Liveness::established(TimePoint now) {
  state_ = State::kIdle;
  ping_wanted_ = true;  // for the round trip
  deadline_ = now + options_.ping_idle;
}

void Liveness::stop() {
  state_ = State::kOff;
  ping_wanted_ = false;
  ping_sent_.reset();
  deadline_.reset();
}

void Liveness::heard(TimePoint now) {
  if (state_ != State::kIdle && state_ != State::kProbing) return;
  state_ = State::kIdle;
  deadline_ = now + options_.ping_idle;
}

// While an answer is waited for, asking again doesn't give the carrier more time.
void Liveness::probe(TimePoint now) {
  if (state_ == State::kProbing) ping_wanted_ = true;
  if (state_ == State::kIdle) begin_probing(now);
}

void Liveness::begin_probing(TimePoint now) {
  state_ = State::kProbing;
  misses_ = 0;
  ping_wanted_ = true;
  deadline_ = now + options_.ping_timeout;
}

bool Liveness::wake(TimePoint now) {
  if (!deadline_ || now - *deadline_ < kAsleep) return false;
  if (state_ == State::kGreeting) {
    deadline_ = now + options_.greeting_timeout;
  } else {
    begin_probing(now);
  }
  return true;
}

Liveness::Verdict Liveness::on_timeout(TimePoint now) {
  if (!deadline_ || now < *deadline_) return Verdict::kAlive;
  if (state_ == State::kIdle) {
    begin_probing(now);
    return Verdict::kAlive;
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

void Liveness::pong(std::uint64_t number, TimePoint now) {
  if (number != last_ping_ || !ping_sent_) return;
  round_trip_ = now - *ping_sent_;
  ping_sent_.reset();
  sampled_at_ = now;
}

}  // namespace ferry::tunnel
