#include "daemon/waiting_connections.h"

#include <algorithm>
#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

void refuse(WaitingConnections::One connection, const Problem& problem, std::string why) {
  connection.socket->reset();
  connection.observer->on_ended(
      connection.port, {.error = Error{problem, "taking a connection", std::move(why), {}}});
}

}  // namespace

WaitingConnections::WaitingConnections(net::Loop& loop, std::size_t max, Duration timeout,
                                       std::function<std::string()> why)
    : loop_(loop), max_(max), timeout_(timeout), why_(std::move(why)), timer_(loop, [this] {
        expire();
      }) {}

WaitingConnections::~WaitingConnections() {
  for (Waiting& waiting : connections_) waiting.connection.socket->reset();
}

bool WaitingConnections::add(One connection) {
  if (connections_.size() >= max_) let_go_of_ended();
  if (connections_.size() >= max_) {
    refuse(std::move(connection), problem::kTooManyConnections,
           "too many wait for the proxy already");
    return false;
  }
  connections_.push_back({std::move(connection), loop_.now() + timeout_});
  if (!timer_.active()) timer_.start(timeout_);
  return true;
}

// Not as long as there are places: who has only ended the one side still gets an answer. An
// observer may forget others of its connections from within what it is told.
void WaitingConnections::let_go_of_ended() {
  if (looked_at_ && loop_.now() - *looked_at_ < kLook) return;
  looked_at_ = loop_.now();
  for (std::size_t i = 0; i < connections_.size();) {
    if (!connections_[i].connection.socket->peer_has_ended()) {
      ++i;
      continue;
    }
    One gone = std::move(connections_[i].connection);
    connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i));
    refuse(std::move(gone), problem::kTooManyConnections,
           "too many wait for the proxy, and its client has ended its side");
  }
}

WaitingConnections::One WaitingConnections::take() {
  One connection = std::move(connections_.front().connection);
  connections_.pop_front();
  return connection;
}

void WaitingConnections::forget(const ConnectionObserver& observer) {
  for (auto waiting = connections_.begin(); waiting != connections_.end();) {
    if (waiting->connection.observer == &observer) {
      waiting->connection.socket->reset();
      waiting = connections_.erase(waiting);
    } else {
      ++waiting;
    }
  }
}

std::uint64_t WaitingConnections::count(const ConnectionObserver& observer) const {
  return static_cast<std::uint64_t>(std::count_if(
      connections_.begin(), connections_.end(),
      [&](const Waiting& waiting) { return waiting.connection.observer == &observer; }));
}

// An observer may forget others of its connections from within what it is told.
void WaitingConnections::expire() {
  while (!empty() && connections_.front().deadline <= loop_.now()) {
    refuse(take(), problem::kProxyLate, "the proxy wasn't there in time: " + why_());
  }
  if (!empty()) timer_.start(connections_.front().deadline - loop_.now());
}

}  // namespace ferry::daemon
