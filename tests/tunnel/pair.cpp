#include "tests/tunnel/pair.h"

#include <algorithm>
#include <utility>

#include "tunnel/frame.h"

namespace ferry::tunnel::testing {

Proof proof_for(const Secret& secret, std::uint32_t carrier) {
  Proof proof = secret;
  for (std::size_t i = 0; i < 4; ++i) proof[i] ^= static_cast<std::uint8_t>(carrier >> (8 * i));
  return proof;
}

// --- the applications ----------------------------------------------------------------------------

Endpoint::Endpoint(Role role, Options options, MemoryBudget* memory)
    : role_(role), options_(std::move(options)), memory_(memory) {
  renew();
}

void Endpoint::renew() {
  session_.reset();  // what it held is free for the next one
  const SessionKeys keys = role_ == Role::kProxy ? kTestKeys : SessionKeys{};
  session_ = std::make_unique<Session>(role_, options_, keys, memory_);
}

StreamId Endpoint::open(const std::string& host, TimePoint now) {
  const TargetKind kind = role_ == Role::kDaemon ? TargetKind::kDial : TargetKind::kLink;
  const Target target{host, 80, kind};
  const auto id = session_->open(target, now);
  if (!id) return 0;
  streams_[*id].target = target;
  return *id;
}

void Endpoint::send(StreamId id, const std::string& data) {
  streams_[id].outbox += data;
  streams_[id].given += data.size();
  push(id);
}

void Endpoint::finish(StreamId id) {
  streams_[id].finish_after_outbox = true;
  push(id);
}

void Endpoint::reset(StreamId id, Reason reason) {
  session_->reset(id, reason);
  AppStream& app = streams_[id];
  if (!app.may_use()) return;
  app.end = "local";
  app.reset_with = reason;
}

void Endpoint::consume(StreamId id, std::size_t n) {
  AppStream& app = streams_[id];
  n = std::min(n, app.unconsumed);
  app.unconsumed -= n;
  session_->consumed(id, n);
}

void Endpoint::push(StreamId id) {
  AppStream& app = streams_[id];
  if (!app.may_use() || app.fin_sent || session_->failed()) return;
  while (app.outbox_done < app.outbox.size()) {
    const MutableBytes place = session_->reserve(id);
    if (place.empty()) return;
    const std::size_t n = std::min(place.size(), app.outbox.size() - app.outbox_done);
    std::copy_n(app.outbox.begin() + static_cast<std::ptrdiff_t>(app.outbox_done), n,
                place.begin());
    session_->commit(id, n);
    app.outbox_done += n;
  }
  app.outbox.clear();
  app.outbox_done = 0;
  const bool ours = (id % 2 == 1) == (role_ == Role::kDaemon);
  if (!app.finish_after_outbox || (!ours && !app.answered)) return;
  app.fin_sent = true;
  session_->finish(id);
}

bool Endpoint::drain() {
  bool any = false;
  while (auto event = session_->poll_event()) {
    on_event(*event);
    any = true;
  }
  return any;
}

void Endpoint::end(StreamId id, const std::string& how) {
  std::string& end = streams_[id].end;
  end += end.empty() ? how : ", then " + how;
}

void Endpoint::on_data(const Data& data) {
  AppStream& app = streams_[data.stream];
  if (!app.may_use()) end(data.stream, "data");
  app.received.append(as_text(data.data));
  app.unconsumed += data.data.size();
  if (app.consumes) consume(data.stream, data.data.size());
}

void Endpoint::on_event(const Event& event) {
  if (const auto* e = std::get_if<Established>(&event)) {
    established = true;
    resumed += e->resumed ? 1 : 0;
  } else if (const auto* opened = std::get_if<Opened>(&event)) {
    streams_[opened->stream].target = opened->target;
    if (on_opened) return on_opened(*this, opened->stream);
    streams_[opened->stream].answered = true;
    session_->accept(opened->stream);
    push(opened->stream);
  } else if (const auto* accepted = std::get_if<Accepted>(&event)) {
    streams_[accepted->stream].answered = true;
  } else if (const auto* data = std::get_if<Data>(&event)) {
    on_data(*data);
  } else if (const auto* fin = std::get_if<Finished>(&event)) {
    streams_[fin->stream].finished = true;
  } else if (const auto* sendable = std::get_if<Sendable>(&event)) {
    sendable_order.push_back(sendable->stream);
    push(sendable->stream);
  } else if (const auto* closed = std::get_if<Closed>(&event)) {
    end(closed->stream, "closed");
  } else if (const auto* reset = std::get_if<Reset>(&event)) {
    end(reset->stream, "reset:" + std::string(name_of(reset->reason)));
  } else if (const auto* refused = std::get_if<Refused>(&event)) {
    end(refused->stream,
        "refused:" + std::string(name_of(refused->reason)) + ":" + refused->detail);
  } else if (const auto* away = std::get_if<GoingAway>(&event)) {
    going_away = *away;
  } else if (const auto* asked = std::get_if<ListenRequested>(&event)) {
    links.listens.insert(asked->port);
    if (links.refuses.count(asked->port) == 0) return session_->listening(asked->port);
    links.listens.erase(asked->port);
    session_->not_listening(asked->port, Reason::kRefused, "taken");
  } else if (const auto* no_more = std::get_if<UnlistenRequested>(&event)) {
    links.listens.erase(no_more->port);
  } else if (const auto* result = std::get_if<ListenResult>(&event)) {
    links.results[result->port] =
        result->ok ? "ok" : std::string(name_of(result->reason)) + ":" + result->detail;
  } else if (const auto* peer = std::get_if<PeerReady>(&event)) {
    links.peer_ready = peer->ready;
  } else if (std::holds_alternative<CarrierDead>(event)) {
    carrier_dead = true;
  } else if (std::holds_alternative<CarrierInDoubt>(event)) {
    ++doubts;
  } else if (const auto* failed = std::get_if<Failed>(&event)) {
    failure = failed->error;
  }
}

// --- the carrier between them --------------------------------------------------------------------

Pair::Pair(Options daemon_options, Options proxy_options, MemoryBudget* memory,
           MemoryBudget* daemon_memory)
    : daemon(Role::kDaemon, std::move(daemon_options), daemon_memory),
      proxy(Role::kProxy, std::move(proxy_options), memory) {}

void Pair::establish() {
  connect();
  run();
}

void Pair::connect() {
  ++carriers;
  connected = true;
  greeted_ = false;
  greeting_.clear();
  up.bytes.clear();
  down.bytes.clear();
  Session& session = daemon.session();
  if (session.established()) {
    say_resume();
  } else {
    session.attach(now);
  }
}

void Pair::say_resume() {
  const auto carrier = static_cast<std::uint32_t>(carriers);
  daemon.session().resume(proof_for(daemon.session().keys().secret, carrier), now);
  std::vector<Bytes> pieces;
  daemon.session().take_output(kMaxSmallFrame, pieces, now);
  for (const Bytes piece : pieces) up.bytes.append(piece);
  if (!repeats_resumes) return;
  repeat_resumes();
  const auto greeting = read_greeting(up.bytes.front());
  said_.push_back({std::get<GreetingResume>(*greeting).request, carrier});
}

// The latest two: late if their carriers were lost, and copies in any case.
void Pair::repeat_resumes() {
  for (std::size_t i = said_.size() - std::min<std::size_t>(said_.size(), 2); i < said_.size();
       ++i) {
    const SaidResume& said = said_[i];
    const bool late = said.carrier != static_cast<std::uint32_t>(carriers);
    if (late) repeat(said, said.carrier);
    repeat(said, said.carrier + 1'000'000);
  }
}

void Pair::repeat(const SaidResume& said, std::uint32_t carrier) {
  const Proof expected = proof_for(kTestKeys.secret, carrier);
  const Status taken = proxy.session().accept_resume(said.request, expected, now);
  proxy.drain();
  if (taken) {
    // It can be the first that gets there, never a second or a stolen one.
    if (greeted_) resume_fault = "a RESUME was taken behind a newer one";
    if (carrier != said.carrier) resume_fault = "a RESUME was taken from another connection";
    return;
  }
  ++resumes_refused;
  const ErrorCode code = taken.error().code;
  if (code != ErrorCode::kUnauthenticated && code != ErrorCode::kConflict) {
    resume_fault = "a repeated RESUME ended the session: " + taken.error().summary();
  }
}

void Pair::cut() {
  connected = false;
  up.bytes.clear();
  down.bytes.clear();
  daemon.session().detach(now);
  // A proxy may notice late: it learns of it when the next carrier resumes.
  if (carriers % 2 == 0 && greeted_) proxy.session().detach(now);
}

bool Pair::take(Endpoint& from, Wire& wire) {
  if (wire.bytes.size() >= wire.capacity || !from.session().wants_output()) return false;
  std::vector<Bytes> pieces;
  const std::size_t n = from.session().take_output(take_size(), pieces, now);
  // Until the new carrier was greeted, the proxy goes on writing into the one that is lost.
  if (&from == &proxy && !greeted_) return n > 0;
  for (const Bytes piece : pieces) wire.bytes.append(piece);
  return n > 0;
}

void Pair::greet(Bytes bytes) {
  greeting_.append(bytes);
  const auto greeting = read_greeting(greeting_.front());
  if (!greeting || std::holds_alternative<GreetingIncomplete>(*greeting)) return;
  greeted_ = true;
  std::size_t skip = 0;
  if (const auto* resume = std::get_if<GreetingResume>(&*greeting)) {
    const Proof expected = proof_for(kTestKeys.secret, static_cast<std::uint32_t>(carriers));
    const Status status = proxy.session().accept_resume(resume->request, expected, now);
    if (!status) down.bytes.append(encode_resume_fail(status.error().why));
    skip = resume->size;
  } else {
    proxy.renew();
    proxy.session().attach(now);
  }
  greeting_.pop(skip);
  const std::vector<std::uint8_t> rest(greeting_.front().begin(), greeting_.front().end());
  (void)proxy.session().receive(rest, now);
  proxy.drain();
  if (repeats_resumes) repeat_resumes();
}

bool Pair::deliver(Endpoint& to, Wire& wire) {
  if (wire.stalled || wire.bytes.empty()) return false;
  std::size_t n = std::min(std::max<std::size_t>(deliver_size(), 1), wire.bytes.size());
  const bool cuts = !wire.cuts.empty() && wire.delivered + n >= wire.cuts.front();
  if (cuts) n = static_cast<std::size_t>(wire.cuts.front() - wire.delivered);
  // A copy of its own, so that a use after its time is seen by the sanitizers.
  const std::vector<std::uint8_t> bytes(
      wire.bytes.front().begin(), wire.bytes.front().begin() + static_cast<std::ptrdiff_t>(n));
  wire.bytes.pop(n);
  wire.delivered += n;
  if (&to == &proxy && !greeted_) {
    greet(bytes);
  } else {
    (void)to.session().receive(bytes, now);
    to.drain();
  }
  if (cuts) {
    wire.cuts.pop_front();
    cut();
  }
  return true;
}

bool Pair::step() {
  if (!connected) {
    if (!reconnects || daemon.session().failed()) return false;
    connect();
  }
  now += step_time;
  bool moved = take(daemon, up);
  moved = take(proxy, down) || moved;
  moved = deliver(proxy, up) || moved;
  if (connected) moved = deliver(daemon, down) || moved;
  moved = daemon.drain() || moved;
  moved = proxy.drain() || moved;
  return moved || !connected;
}

bool Pair::fire_timeouts() {
  bool any = false;
  for (Endpoint* end : {&daemon, &proxy}) {
    const auto due = end->session().next_timeout();
    if (!due || *due > now) continue;
    end->session().on_timeout(now);
    end->drain();
    any = true;
  }
  return any;
}

bool Pair::run() {
  constexpr int kTooMany = 2'000'000;
  // Long enough for acknowledgements; too short for PING, so that an end can be seen.
  const Duration quiet = std::chrono::milliseconds(100);
  for (int steps = 0; steps < kTooMany; ++steps) {
    if (step()) continue;
    const TimePoint until = now + quiet;
    while (now < until && !daemon.session().wants_output() && !proxy.session().wants_output()) {
      now += std::chrono::milliseconds(5);
      fire_timeouts();
    }
    if (!step()) return true;
  }
  return false;
}

void Pair::pass(Duration duration) {
  const TimePoint until = now + duration;
  while (now < until) {
    if (connected && step()) continue;
    TimePoint next = until;
    for (Endpoint* end : {&daemon, &proxy}) {
      const auto due = end->session().next_timeout();
      if (due && *due < next) next = *due;
    }
    now = std::max(next, now + step_time);
    fire_timeouts();
  }
}

}  // namespace ferry::tunnel::testing
