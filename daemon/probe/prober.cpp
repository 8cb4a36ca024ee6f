#include "daemon/probe/prober.h"

#include <algorithm>

namespace ferry::daemon {
namespace {

Prober::State initial_state(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kLiveness: return Prober::State::kSuccess;
    case ProbeKind::kReadiness: return Prober::State::kFailure;
    case ProbeKind::kStartup: break;
  }
  return Prober::State::kUnknown;
}

}  // namespace

void Prober::reset() {
  state_ = initial_state(kind_);
  last_ = State::kUnknown;
  run_ = 0;
  trying_ = false;
  first_ = due_ = hurried_ = kNever;
}

void Prober::restart(TimePoint started) {
  reset();
  first_ = due_ = started + timing_.initial_delay;
}

void Prober::start_over(TimePoint now) {
  restart(now);
  due_ = std::max(due_, now + timing_.period);
}

void Prober::hurry(TimePoint now) {
  if (now >= first_) hurried_ = now;
}

TimePoint Prober::due() const { return trying_ ? kNever : std::min(due_, hurried_); }

void Prober::begin(TimePoint now) {
  trying_ = true;
  hurried_ = kNever;
  // As a ticker does: an attempt that outlasts its period is followed by the next at once, and that
  // by the ticks that were due anyway; none are made up for.
  if (due_ <= now) due_ += timing_.period * ((now - due_) / timing_.period + 1);
}

bool Prober::finish(ProbeVerdict verdict) {
  trying_ = false;
  if (verdict == ProbeVerdict::kUnknown) return false;
  const State now = verdict == ProbeVerdict::kFailure ? State::kFailure : State::kSuccess;
  const int threshold =
      now == State::kFailure ? timing_.failure_threshold : timing_.success_threshold;
  run_ = now == last_ ? std::min(run_ + 1, threshold) : 1;
  last_ = now;
  if (run_ < threshold || state_ == now) return false;
  state_ = now;
  return true;
}

}  // namespace ferry::daemon
