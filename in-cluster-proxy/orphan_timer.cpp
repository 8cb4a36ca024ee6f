#include "in-cluster-proxy/orphan_timer.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace ferry::proxy {

OrphanTimer::OrphanTimer(net::Loop& loop, const OrphanOptions& options, OrphanRestore* restore)
    : options_(options),
      loop_(loop),
      restore_(options.timeout > Duration::zero() ? restore : nullptr),
      alone_(options.timeout),
      timer_(loop, [this] { look(); }),
      backoff_(options.first_backoff) {
  set_attached(false);
}

void OrphanTimer::set_attached(bool attached) {
  attached_ = attached;
  if (attached) {
    timer_.stop();
    backoff_ = options_.first_backoff;
  } else if (restore_ != nullptr && !restoring_ && !restored_ && !timer_.active()) {
    waiting_ = true;
    alone_.start(loop_.now());
    timer_.start(alone_.next_look());
  }
}

void OrphanTimer::look() {
  if (waiting_ && !alone_.look(loop_.now())) return timer_.start(alone_.next_look());
  waiting_ = false;
  restore();
}

void OrphanTimer::restore() {
  restoring_ = true;
  spdlog::warn("no daemon was attached for too long: restoring what this pod stands in for");
  restore_->start([this](const Status& status) { finished(status); });
}

void OrphanTimer::finished(const Status& status) {
  restoring_ = false;
  restored_ = status.has_value();
  if (restored_) return spdlog::info("restored; this pod is not needed any more");
  spdlog::error("restoring failed: {}", status.error().summary());
  if (attached_) return;
  timer_.start(backoff_);
  backoff_ = std::min(backoff_ * 2, options_.max_backoff);
}

}  // namespace ferry::proxy
