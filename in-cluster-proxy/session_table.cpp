#include "in-cluster-proxy/session_table.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "in-cluster-proxy/problems.h"
#include "net/hmac.h"
#include "tunnel/io/resume_proof.h"
#include "tunnel/messages.h"

namespace ferry::proxy {
namespace {

tunnel::SessionKeys random_keys() {
  tunnel::SessionKeys keys;
  net::fill_random(keys.id);
  net::fill_random(keys.secret);
  return keys;
}

}  // namespace

SessionTable::SessionTable(net::Loop& loop, TargetDialer& dialer, StandIn* stand_in,
                           const Config& config, Metrics& metrics, std::function<void()> on_change)
    : loop_(loop),
      dialer_(dialer),
      stand_in_(stand_in),
      config_(config),
      metrics_(metrics),
      on_change_(std::move(on_change)),
      prune_timer_(loop, [this] { prune(); }),
      memory_{.windows = tunnel::MemoryPool(config.limits.window_memory),
              .rings = tunnel::MemoryPool(config.limits.ring_memory),
              .streams = tunnel::MemoryPool(config.limits.stream_memory)},
      farewells_(loop) {}

SessionTable::~SessionTable() = default;

Status SessionTable::begin(std::unique_ptr<tunnel::Carrier>& carrier,
                           const tunnel::GreetingHello& hello, Bytes early) {
  const bool understood = hello.protocol == tunnel::kProtocolVersion;
  if (understood && stand_in_ != nullptr) let_go_of_all();
  if (understood && hello.holder) let_go_of_superseded(*hello.holder);
  if (sessions_.size() >= config_.limits.sessions) {
    const auto waiting = kept();
    if (waiting.empty()) {
      return fail(problem::kFull, "beginning a session",
                  "the proxy has as many sessions as it takes, " +
                      std::to_string(sessions_.size()) + ", and all are in use");
    }
    // One that holds nothing is missed by nobody.
    const auto empty = std::find_if(waiting.begin(), waiting.end(), [](const ServedSession* one) {
      return one->stream_count() == 0;
    });
    const ServedSession& least = empty == waiting.end() ? *waiting.front() : **empty;
    spdlog::warn("{}: let go with {} streams: a new session needs its place", least.name(),
                 least.stream_count());
    metrics_.count(SessionFate::kRoom);
    let_go(least.keys().id);
  }
  const tunnel::SessionKeys keys = random_keys();
  ServedSessionOwner& owner = *this;
  auto& session = sessions_[keys.id] = std::make_unique<ServedSession>(
      loop_, dialer_, stand_in_, keys, hello.holder, metrics_, memory_, farewells_, owner);
  session->begin(std::move(carrier), early);
  return {};
}

Status SessionTable::resume(std::unique_ptr<tunnel::Carrier>& carrier,
                            const tunnel::Session::ResumeRequest& request, Bytes exporter,
                            Bytes early) {
  const auto found = sessions_.find(request.id);
  if (found == sessions_.end()) {
    return fail(problem::kSessionUnknown, "resuming a session",
                "this proxy does not have it (any more)");
  }
  ServedSession& session = *found->second;
  const tunnel::Proof expected = tunnel::resume_proof(session.keys().secret, exporter);
  return session.resume(carrier, request, expected, early);
}

void SessionTable::drain() {
  // One that fails meanwhile leaves the table, but lives until this is over.
  std::vector<ServedSession*> all;
  for (const auto& [id, session] : sessions_) all.push_back(session.get());
  for (ServedSession* session : all) session->drain();
}

void SessionTable::let_go_of_quiet(Duration quiet) {
  for (const auto& [id, session] : sessions_) session->let_go_of_quiet(quiet);
}

std::size_t SessionTable::attached() const {
  return static_cast<std::size_t>(
      std::count_if(sessions_.begin(), sessions_.end(),
                    [](const auto& entry) { return entry.second->attached(); }));
}

bool SessionTable::ready() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [this](const auto& entry) {
    return entry.second->ready(config_.limits.tolerated_loss);
  });
}

std::size_t SessionTable::needed() const {
  return static_cast<std::size_t>(
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) {
        return entry.second->attached() || entry.second->stream_count() > 0;
      }));
}

std::size_t SessionTable::live_streams() const {
  std::size_t streams = 0;
  for (const auto& [id, session] : sessions_) {
    if (session->attached_of_late(config_.limits.tolerated_loss)) {
      streams += session->stream_count();
    }
  }
  return streams;
}

std::size_t SessionTable::streams() const {
  std::size_t sum = 0;
  for (const auto& [id, session] : sessions_) sum += session->stream_count();
  return sum;
}

std::size_t SessionTable::memory() const {
  std::size_t sum = 0;
  for (const auto& [id, session] : sessions_) sum += session->memory();
  return sum;
}

std::vector<ServedSession*> SessionTable::kept() const {
  std::vector<ServedSession*> all;
  for (const auto& [id, session] : sessions_) {
    if (!session->attached()) all.push_back(session.get());
  }
  std::sort(all.begin(), all.end(), [](const ServedSession* a, const ServedSession* b) {
    return a->detached_since() < b->detached_since();
  });
  return all;
}

void SessionTable::on_session_changed(ServedSession& session) {
  if (!session.attached() && !prune_timer_.active()) prune_timer_.start(config_.limits.prune_every);
  on_change_();
}

void SessionTable::on_session_over(ServedSession& session) {
  let_go(session.keys().id);
  on_change_();
}

void SessionTable::let_go(const tunnel::SessionId& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  loop_.delete_later(std::move(found->second));
  sessions_.erase(found);
}

// A stand-in has one daemon. A new session of it means that it started anew, and knows nothing of
// what it had before, even if the loss of its old carrier wasn't noticed yet.
void SessionTable::let_go_of_all() {
  for (auto& [id, session] : std::exchange(sessions_, {})) {
    metrics_.count(SessionFate::kReplaced);
    loop_.delete_later(std::move(session));
  }
}

// Its daemon ended without a word, and has begun anew. A session that still has a carrier may be
// another daemon's after all (two with one home directory); else the carrier's loss is about to be
// noticed.
void SessionTable::let_go_of_superseded(const tunnel::Holder& next) {
  std::vector<ServedSession*> lost;
  for (const auto& [id, session] : sessions_) {
    if (!session->holder() || !tunnel::supersedes(next, *session->holder())) continue;
    session->set_superseded();
    if (!session->attached()) lost.push_back(session.get());
  }
  for (const ServedSession* session : lost) {
    spdlog::info("{}: let go with {} streams: its daemon began anew", session->name(),
                 session->stream_count());
    metrics_.count(SessionFate::kReplaced);
    let_go(session->keys().id);
  }
}

bool SessionTable::expired(const ServedSession& session) const {
  const Duration keep = session.superseded()
                            ? std::min(config_.session_keep, config_.limits.superseded_keep)
                            : config_.session_keep;
  return loop_.now() - session.detached_since() >= keep;
}

void SessionTable::prune() {
  const auto waiting = kept();
  std::size_t memory = 0;
  for (const ServedSession* session : waiting) memory += session->memory();
  std::size_t left = waiting.size();
  for (ServedSession* session : waiting) {
    const bool late = expired(*session);
    if (!late && memory <= config_.limits.session_memory) continue;
    spdlog::warn("{}: let go with {} streams: {}", session->name(), session->stream_count(),
                 late ? "its daemon did not come back" : "memory for lost sessions is used up");
    metrics_.count(late ? SessionFate::kExpired : SessionFate::kMemory);
    memory -= session->memory();
    --left;
    let_go(session->keys().id);
  }
  if (left > 0) prune_timer_.start(config_.limits.prune_every);
  if (left < waiting.size()) on_change_();
}

}  // namespace ferry::proxy
