#include "daemon/link_health.h"

#include <algorithm>
#include <utility>

namespace ferry::daemon {
namespace {
constexpr Duration kFirstWait = std::chrono::seconds(1);
constexpr Duration kLongestWait = std::chrono::seconds(30);
}  // namespace

LinkHealth::LinkHealth(net::Loop& loop, std::size_t ports, std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      ports_(ports),
      backoff_(kFirstWait, kLongestWait),
      retest_(loop, [this] { test_ports(); }) {}

void LinkHealth::watch(LinkRoute& route) {
  if (route_ != nullptr) return;
  route_ = &route;
  backoff_.reset();
  retest_.start(backoff_.next());  // not from within the caller
}

void LinkHealth::stop() {
  route_ = nullptr;
  retest_.stop();
  for (Port& port : ports_) port = {};
}

void LinkHealth::test_ports() {
  for (std::size_t i = 0; i < ports_.size() && route_ != nullptr; ++i) {
    if (ports_[i].works || ports_[i].test) continue;
    ports_[i].test = std::make_unique<ConnectionTest>(
        *route_, i,
        [this](std::size_t port, std::optional<Error> error) { tested(port, std::move(error)); });
    ports_[i].test->start();
  }
}

void LinkHealth::tested(std::size_t port, std::optional<Error> error) {
  ports_[port].test.reset();
  if (error) {
    refused(port, *error);
  } else {
    connected(port);
  }
}

void LinkHealth::connected(std::size_t port) {
  last_proof_ = control::unix_millis_now();
  if (ports_[port].works) return;
  ports_[port].works = true;
  ports_[port].error.reset();
  if (proven()) backoff_.reset();
  on_change_();
}

void LinkHealth::refused(std::size_t port, const Error& error) {
  ports_[port].works = false;
  ports_[port].error = error;
  if (route_ != nullptr && !retest_.active()) {
    Duration wait = backoff_.next();
    if (wait == Duration{}) wait = backoff_.next();  // the refusal itself was the first attempt
    retest_.start(wait);
  }
  on_change_();
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
