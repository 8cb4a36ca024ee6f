#include "daemon/door_check.h"

#include <utility>

#include "daemon/idle_stream.h"
#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

using diagnose::DoorState;

// Connections inside a cluster take milliseconds; a forbidden one mostly gets no answer at all.
constexpr Duration kDoorPatience = std::chrono::seconds(3);

// Shorter than for a link, as somebody waits for the diagnosis.
constexpr Duration kSettling = std::chrono::milliseconds(300);

// A node has words alone for it, those of its kernel.
DoorState state_of(const Error& error) {
  const bool from_node = error.why.find("connection refused") != std::string::npos;
  if (error.id == problem::kTargetRefused.id || from_node) return DoorState::kRefused;
  return error.code == ErrorCode::kTimedOut ? DoorState::kSilent : DoorState::kClosed;
}

}  // namespace

DoorCheck::DoorCheck(net::Loop& loop, TunnelPool& tunnels, const std::string& tunnel,
                     std::unique_ptr<PodDialer> dialer, std::vector<diagnose::Door> doors,
                     OnDone on_done)
    : loop_(loop),
      tunnels_(tunnels),
      tunnel_(tunnels.join(tunnel, *this)),
      dialer_(std::move(dialer)),
      on_done_(std::move(on_done)),
      start_(loop, [this] { begin(); }),
      deadline_(loop, [this] { out_of_time(); }),
      done_(loop, [this] { finish(); }) {
  for (auto& door : doors) {
    if (tunnel_ == nullptr && door.pod.empty()) continue;
    asked_.push_back({.door = std::move(door), .connection = {}, .pending = true, .knock = {}});
  }
  pending_ = asked_.size();
  start_.start({});
}

DoorCheck::~DoorCheck() {
  if (tunnel_ == nullptr) return;
  tunnel_->forget(*this);
  tunnels_.release(*tunnel_, *this);
}

void DoorCheck::begin() {
  if (asked_.empty()) return done_.start({});
  deadline_.start(kDoorPatience);
  for (std::size_t i = 0; i < asked_.size(); ++i) dial(i);
}

void DoorCheck::dial(std::size_t index) {
  auto& asked = asked_[index];
  const auto& door = asked.door;
  if (tunnel_ != nullptr && !door.http_path.empty()) {
    asked.on_answer = std::make_shared<HttpAsk::OnAnswer>(
        [this, index](const Result<int>& status) { on_answer(index, status); });
    auto local = std::make_unique<HttpAsk>(loop_, door.host, door.http_path, asked.on_answer);
    return tunnel_->carry({door.host, door.port}, std::move(local), index, *this);
  }
  auto local = std::make_unique<IdleStream>(loop_);
  if (tunnel_ != nullptr) {
    return tunnel_->carry({door.host, door.port}, std::move(local), index, *this);
  }
  asked.connection = std::make_unique<DirectConnection>(
      loop_, *dialer_, std::vector<PodPort>{{door.pod, door.port}}, std::move(local),
      DirectConnection::Callbacks{
          .on_connected = [this, index] { on_connected(index); },
          .on_end = [this, index](DirectConnection&,
                                  const ConnectionEnd& end) { on_ended(index, end); }},
      kSettling);
}

void DoorCheck::on_connected(std::size_t index) {
  asked_[index].accepted = true;
  if (asked_[index].on_answer) return;  // what it says is waited for
  settle(index, diagnose::Knock{asked_[index].door, DoorState::kOpen, {}});
}

void DoorCheck::on_ended(std::size_t index, const ConnectionEnd& end) {
  auto& asked = asked_[index];
  if (!end.opened && end.error) return failed(index, *end.error);
  if (!asked.on_answer) return on_connected(index);
  on_answer(index, fail(problem::kNoHttpAnswer, {}, "it is closed without an answer"));
}

void DoorCheck::on_answer(std::size_t index, const Result<int>& status) {
  const auto& door = asked_[index].door;
  if (status && *status < 500) return settle(index, diagnose::Knock{door, DoorState::kOpen, {}});
  const std::string said = status ? "HTTP " + std::to_string(*status) : status.error().why;
  settle(index, diagnose::Knock{door, DoorState::kHttpBad,
                                "the proxy: GET " + door.http_path + ": " + said});
}

// A port-forward may fail for reasons of its own, rights for one: only that nobody listens is news
// of the pod. So may the proxy's policy.
void DoorCheck::failed(std::size_t index, const Error& error) {
  const auto state = state_of(error);
  const bool telling =
      tunnel_ != nullptr ? error.code != ErrorCode::kForbidden : state == DoorState::kRefused;
  if (!telling) return settle(index, {});
  const std::string who = tunnel_ != nullptr ? "the proxy: " : "the node: ";
  settle(index, diagnose::Knock{asked_[index].door, state, who + error.summary()});
}

void DoorCheck::settle(std::size_t index, std::optional<diagnose::Knock> knock) {
  auto& asked = asked_[index];
  if (!asked.pending) return;
  asked.pending = false;
  asked.knock = std::move(knock);
  if (--pending_ == 0) done_.start({});  // what reports is still on the stack
}

void DoorCheck::out_of_time() {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    if (!asked_[i].pending) continue;
    const auto& door = asked_[i].door;
    if (asked_[i].accepted && asked_[i].on_answer) {
      on_answer(i, fail(problem::kNoHttpAnswer, {}, "no answer within 3 s"));
      continue;
    }
    const std::string words =
        "no answer from " + door.host + ":" + std::to_string(door.port) + " within 3 s";
    settle(i, tunnel_ == nullptr ? std::nullopt
                                 : std::optional(diagnose::Knock{door, DoorState::kSilent,
                                                                 "the proxy: " + words}));
  }
}

void DoorCheck::finish() {
  deadline_.stop();
  std::vector<diagnose::Knock> knocks;
  for (auto& asked : asked_) {
    if (asked.knock) knocks.push_back(std::move(*asked.knock));
  }
  const OnDone on_done = on_done_;  // may destroy this
  on_done(std::move(knocks));
}

}  // namespace ferry::daemon
