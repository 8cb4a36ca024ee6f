#include "tunnel/liveness.h"

#include <algorithm>

namespace ferry::tunnel {
namespace {

constexpr int kMisses = 2;
constexpr Duration kAsleep = std::chrono::seconds(1);  // a deadline missed by this much
constexpr Duration kSampleEvery = std::chrono::seconds(2);
constexpr Duration kAskTalkerEvery = std::chrono::seconds(5);  // while an ACK is waited for
constexpr std::size_t kFewBytes = 512;

}  // namespace

void Liveness::start(TimePoint now) {
  state_ = State::kGreeting;
  ping_wanted_ = false;
  ping_sent_.reset();
  question_.reset();
  in_doubt_ = unanswered_ = false;
  sampled_ = 0;
  deadline_ = now + options_.greeting_timeout;
}

void Liveness::established(TimePoint now) {
  state_ = State::kIdle;
  ping_wanted_ = true;  // for the round trip
  heard_at_ = flowing_at_ = now;
}

void Liveness::stop() {
  state_ = State::kOff;
  in_doubt_ = unanswered_ = false;
  ping_wanted_ = false;
  ping_sent_.reset();
  question_.reset();
}

void Liveness::heard(TimePoint now, std::size_t bytes) {
  if (state_ != State::kIdle && state_ != State::kProbing) return;
  heard_at_ = now;
  if (bytes > kFewBytes) return flows(now);
  if (state_ == State::kProbing && owed_ && !in_doubt_) return;
  state_ = State::kIdle;
  in_doubt_ = false;
}

void Liveness::flows(TimePoint now) {
  flowing_at_ = now;
  if (state_ == State::kProbing) state_ = State::kIdle;
  in_doubt_ = false;
}

void Liveness::acknowledged(TimePoint now) {
  if (question_) question_->since = now;
  flows(now);
}

// While an answer is waited for, asking again doesn't give the carrier more time.
void Liveness::probe(TimePoint now) {
  if (state_ == State::kProbing) ping_wanted_ = true;
  if (state_ == State::kIdle) begin_probing(now, false);
}

void Liveness::begin_probing(TimePoint now, bool owed) {
  state_ = State::kProbing;
  owed_ = owed;
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
  const TimePoint silent =
      awaiting ? flowing_at_ + answerable(options_.answer_idle) : heard_at_ + options_.ping_idle;
  const auto asks = awaiting ? asks_talker_at() : std::nullopt;
  return std::min({silent, asks.value_or(silent), patience_ends().value_or(silent)});
}

std::optional<TimePoint> Liveness::patience_ends() const {
  if (!question_) return std::nullopt;
  return question_->since + options_.pong_patience;
}

// None: it is asked already.
std::optional<TimePoint> Liveness::asks_talker_at() const {
  if (ping_wanted_ || question_) return std::nullopt;
  return answered_at_ + kAskTalkerEvery;
}

bool Liveness::wake(TimePoint now) {
  // What is due then at the latest, whatever is awaited.
  const auto due = deadline(false);
  if (!due || now - *due < kAsleep) return false;
  if (question_) question_->since = now;
  if (state_ == State::kIdle) return false;
  if (state_ == State::kGreeting) {
    deadline_ = now + options_.greeting_timeout;
  } else {
    begin_probing(now, false);
  }
  return true;
}

Liveness::Verdict Liveness::on_timeout(TimePoint now, bool awaiting) {
  const auto due = deadline(awaiting);
  if (!due || now < *due) return Verdict::kAlive;
  if (state_ == State::kIdle && now >= patience_ends().value_or(TimePoint::max())) {
    stop();
    return Verdict::kDead;
  }
  if (state_ == State::kIdle && awaiting && now < flowing_at_ + answerable(options_.answer_idle)) {
    ping_wanted_ = true;
    return Verdict::kAlive;
  }
  if (state_ == State::kIdle) {
    begin_probing(now, awaiting);
    return Verdict::kAlive;
  }
  if (state_ == State::kProbing && !in_doubt_) {
    in_doubt_ = unanswered_ = true;
    doubt_ping_ = last_ping_ + (ping_wanted_ ? 1 : 0);
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
  return up && !question_ && now - answered_at_ > kSampleEvery;
}

std::uint64_t Liveness::ping(TimePoint now) {
  ping_wanted_ = false;
  ping_sent_ = now;
  ++last_ping_;
  if (!question_) question_ = Question{last_ping_, now, now};
  return last_ping_;
}

bool Liveness::pong(std::uint64_t number, TimePoint now) {
  if (number > last_ping_) return false;
  if (number >= doubt_ping_) unanswered_ = false;
  if (question_ && number == question_->first_ping) {
    take_sample(now - question_->sent);
  } else if (number == last_ping_ && ping_sent_) {
    take_sample(now - *ping_sent_);
  }
  if (number == last_ping_) ping_sent_.reset();
  if (!question_ || number < question_->first_ping) return false;
  question_.reset();
  answered_at_ = now;
  flows(now);
  return true;
}

void Liveness::take_sample(Duration round_trip) {
  samples_[sampled_++ % kSamples] = round_trip;
  const auto end = samples_.begin() + static_cast<std::ptrdiff_t>(std::min(sampled_, kSamples));
  round_trip_ = *std::min_element(samples_.begin(), end);
}

}  // namespace ferry::tunnel
