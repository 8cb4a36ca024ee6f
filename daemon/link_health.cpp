#include "daemon/link_health.h"

#include <algorithm>
#include <utility>

namespace ferry::daemon {
namespace {
constexpr Duration kFirstRetest = std::chrono::seconds(1);
constexpr Duration kLongestRetest = std::chrono::seconds(30);
}  // namespace

LinkHealth::LinkHealth(net::Loop& loop, std::size_t ports, Duration test_every,
                       std::function<void()> on_change)
    : loop_(loop),
      test_every_(test_every),
      on_change_(std::move(on_change)),
      ports_(ports),
      backoff_(kFirstRetest, kLongestRetest),
      retest_(loop, [this] { test_ports(false); }) {}

void LinkHealth::watch(LinkRoute& route) {
  if (route_ != nullptr) return;
  route_ = &route;
  backoff_.reset();
  retest_is_routine_ = false;
  retest_.start(backoff_.next());  // not from within the caller
}

void LinkHealth::stop(const Error& why) {
  if (std::exchange(asked_, false)) not_tested(why);
  route_ = nullptr;
  retest_.stop();
  for (Port& port : ports_) port = {};
}

void LinkHealth::test_now() {
  asked_ = route_ != nullptr;
  test_ports(true);
}

void LinkHealth::not_tested(const Error& why) {
  last_test_.tested = control::unix_millis_now();
  last_test_.error = why;
}

void LinkHealth::test_ports(bool all) {
  for (std::size_t i = 0; i < ports_.size() && route_ != nullptr; ++i) {
    const bool fresh = ports_[i].works && loop_.now() - ports_[i].proven < test_every_;
    if (ports_[i].test || (fresh && !all)) continue;
    ports_[i].test = std::make_unique<ConnectionTest>(
        loop_, *route_, i,
        [this](std::size_t port, std::optional<Error> error) { tested(port, std::move(error)); });
    ports_[i].test->start();
  }
  plan_next_test();
}

// Connections that come meanwhile put it off.
void LinkHealth::plan_next_test() {
  if (route_ == nullptr || !proven() || testing() || retest_.active()) return;
  const auto oldest =
      std::min_element(ports_.begin(), ports_.end(),
                       [](const Port& a, const Port& b) { return a.proven < b.proven; });
  if (oldest == ports_.end()) return;
  retest_is_routine_ = true;
  retest_.start(std::max(Duration{}, oldest->proven + test_every_ - loop_.now()));
}

void LinkHealth::tested(std::size_t port, std::optional<Error> error) {
  ports_[port].test.reset();
  if (!testing()) asked_ = false;
  if (error) {
    refused(port, *error);
  } else {
    connected(port);
  }
}

void LinkHealth::connected(std::size_t port) {
  const bool worked = std::exchange(ports_[port].works, true);
  ports_[port].proven = loop_.now();
  const control::UnixMillis now = control::unix_millis_now();
  ports_[port].passed = now;
  ports_[port].error.reset();
  note_success(now);
  if (!worked && proven()) backoff_.reset();
  plan_next_test();
  if (!worked) on_change_();
}

// The link as a whole has worked when the last of its ports did, not when one of them does.
void LinkHealth::note_success(control::UnixMillis now) {
  if (const auto error = trouble()) {
    last_test_.error = error;
  } else if (proven()) {
    const auto oldest =
        std::min_element(ports_.begin(), ports_.end(),
                         [](const Port& a, const Port& b) { return a.passed < b.passed; });
    last_test_.tested = now;
    last_test_.passed = oldest->passed;
    last_test_.error.reset();
  }
}

void LinkHealth::refused(std::size_t port, const Error& error) {
  ports_[port].works = false;
  ports_[port].error = error;
  last_test_.tested = control::unix_millis_now();
  last_test_.error = error;
  if (route_ != nullptr && (!retest_.active() || retest_is_routine_)) {
    Duration wait = backoff_.next();
    if (wait == Duration{}) wait = backoff_.next();  // the refusal itself was the first attempt
    retest_is_routine_ = false;
    retest_.start(wait);
  }
  on_change_();
}

control::SelfTest LinkHealth::last_test() const {
  auto test = last_test_;
  test.under_way = testing();
  return test;
}

bool LinkHealth::testing() const {
  return std::any_of(ports_.begin(), ports_.end(),
                     [](const Port& port) { return port.test != nullptr; });
}

bool LinkHealth::proven() const {
  return std::all_of(ports_.begin(), ports_.end(), [](const Port& port) { return port.works; });
}

std::optional<Error> LinkHealth::trouble() const {
  for (const Port& port : ports_) {
    if (port.error) return port.error;
  }
  return {};
}

}  // namespace ferry::daemon
