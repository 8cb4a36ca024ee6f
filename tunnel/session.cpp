#include "tunnel/session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/process_memory.h"
#include "tunnel/problems.h"
#include "tunnel/session_impl.h"

namespace ferry::tunnel {
namespace {

template <typename T>
void earliest(std::optional<TimePoint>& all, const T& one) {
  if (one && (!all || *one < *all)) all = one;
}

// Takes the same time whatever differs.
bool equal_in_constant_time(const Proof& a, const Proof& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

// The stream that an event is about; 0: the session.
StreamId stream_of(const Event& event) {
  return std::visit(
      [](const auto& one) -> StreamId {
        if constexpr (requires { one.stream; }) {
          return one.stream;
        } else {
          return 0;
        }
      },
      event);
}

bool ends_stream(const Event& event) {
  return std::holds_alternative<Refused>(event) || std::holds_alternative<Reset>(event) ||
         std::holds_alternative<Closed>(event);
}

}  // namespace

Session::Impl::Impl(Role the_role, Options the_options, SessionKeys the_keys, MemoryBudget* memory)
    : role(the_role),
      options(std::move(the_options)),
      keys(the_keys),
      window_memory(memory == nullptr ? nullptr : &memory->windows),
      ring_memory(memory == nullptr ? nullptr : &memory->rings),
      stream_memory(memory == nullptr ? nullptr : &memory->streams),
      ring(ring_memory),
      streams(the_role, stream_memory),
      budget(options, window_memory),
      scheduler(options.unsent_limit),
      liveness(options),
      ack_watch(options.ack_patience),
      opens(options.opens_per_second),
      resets(options.resets_per_second),
      useless(options.useless_per_second) {
  // Below this, what is kept for closing streams could leave no room for data.
  const std::size_t least = kSmallestRing + options.max_streams * kClosingBytes;
  ring_capacity = std::max(options.ring_start, least);
  opening_credit.open(budget);
}

Session::Impl::~Impl() { wipe(keys.secret); }

void Session::Impl::advance(TimePoint the_now) {
  now = std::max(now, the_now);
  liveness.wake(now);
}

void Session::Impl::start_carrier(CarrierState state, TimePoint the_now) {
  detach();
  carrier = state;
  liveness.start(the_now);
}

void Session::Impl::attach(TimePoint the_now) {
  if (failure || established) return;
  now = std::max(now, the_now);
  start_carrier(CarrierState::kGreeting, now);
  pending.hello = role == Role::kDaemon;
}

void Session::Impl::resume(const Proof& proof, TimePoint the_now) {
  if (failure || !established || role != Role::kDaemon) return;
  now = std::max(now, the_now);
  start_carrier(CarrierState::kResuming, now);
  pending.resume = Resume{keys.id, ++epoch, proof, received};
}

Status Session::Impl::accept_resume(const ResumeRequest& request, const Proof& expected,
                                    TimePoint the_now) {
  const std::string what = "resuming a session";
  if (failure || !established || role != Role::kProxy || request.id != keys.id) {
    return ferry::fail(problem::kSessionGone, what, "this session is over");
  }
  if (!equal_in_constant_time(request.proof, expected)) {
    return ferry::fail(problem::kProofWrong, what, "the proof is wrong");
  }
  if (request.epoch <= epoch) {
    return ferry::fail(problem::kTakenOver, what, "a later carrier took over already");
  }
  now = std::max(now, the_now);
  if (!ring.rewind(request.received)) {
    const Error error{problem::kSessionGone, what, "the peer claims bytes that cannot be", {}};
    fail(error, error.why);
    return ferry::fail(error);
  }
  start_carrier(CarrierState::kCarrying, now);
  epoch = request.epoch;
  pending.resume_ok = true;
  go_on(now);
  return {};
}

void Session::Impl::detach() {
  carrier = CarrierState::kNone;
  reader.reset();
  pending = Pending{};
  ack_at.reset();
  liveness.stop();
  ack_watch.forget_question();
}

void Session::Impl::go_on(TimePoint the_now) {
  acknowledged = received;  // RESUME and RESUME_OK said it
  peer_shuts_down = false;
  useless.reset();  // the peer says the credit of each stream again, mostly what it was
  ++totals.resumes;
  carry(the_now);
  pending.opening_credit = true;
  note_activity();  // the ring's memory may be idle now
  for (auto& [id, stream] : streams) {
    // Not of a stream that the peer may not have heard of yet.
    if (may_receive(stream.state)) tell_credit(stream);
  }
  events.push(Established{true, peer_version});
}

void Session::Impl::carry(TimePoint the_now) {
  carrier = CarrierState::kCarrying;
  liveness.established(the_now);
}

void Session::Impl::fail(Error error, std::string_view last_words) {
  if (failure) return;
  for (auto& [id, stream] : streams) leave_collaborators(stream);
  streams.clear();
  links.clear();
  gone = 0;
  ring.clear();
  reserved = {};
  reserved_for = 0;
  const bool can_tell = carrier != CarrierState::kNone;
  const bool hello = pending.hello;
  pending = Pending{};
  pending.hello = hello;  // says our version, where that is the trouble
  if (can_tell && !last_words.empty()) {
    pending.last_words = FrameBuilder(FrameType::kAbort).text(last_words, kMaxDetail);
  }
  liveness.stop();
  ack_at.reset();
  give_back_at.reset();
  failure = error;
  events.push(Failed{std::move(error)});
}

std::optional<TimePoint> Session::Impl::next_timeout() const {
  if (failure) return std::nullopt;
  std::optional<TimePoint> next = liveness.deadline(ring.used() > 0);
  if (!pending.ack) earliest(next, ack_at);
  earliest(next, scheduler.deadline());
  earliest(next, give_back_at);
  return next;
}

void Session::Impl::on_timeout(TimePoint the_now) {
  advance(the_now);
  if (failure) return;
  if (ack_at && now >= *ack_at) pending.ack = true;
  scheduler.on_timeout(now);
  if (give_back_at && now >= *give_back_at) give_back_idle_credit(now);
  switch (liveness.on_timeout(now, ring.used() > 0)) {
    case Liveness::Verdict::kAlive: break;
    case Liveness::Verdict::kInDoubt: events.push(CarrierInDoubt{}); break;
    case Liveness::Verdict::kDead: events.push(CarrierDead{}); break;
  }
}

std::optional<Event> Session::Impl::poll_event() {
  while (!events.empty()) {
    Event event = std::move(events.front());
    events.pop();
    const StreamId id = stream_of(event);
    if (id == 0) return event;
    if (streams.find(id) == nullptr) continue;  // reset by the caller in between
    if (ends_stream(event)) {
      streams.erase(id);
      --gone;
    }
    return event;
  }
  return grant();
}

// --- the public face -----------------------------------------------------------------------------

Session::Session(Role role, Options options, SessionKeys keys, MemoryBudget* memory)
    : impl_(std::make_unique<Impl>(role, std::move(options), keys, memory)) {}
Session::~Session() = default;

void Session::attach(TimePoint now) { impl_->attach(now); }
void Session::resume(const Proof& proof, TimePoint now) { impl_->resume(proof, now); }
Status Session::accept_resume(const ResumeRequest& request, const Proof& expected, TimePoint now) {
  return impl_->accept_resume(request, expected, now);
}
void Session::detach(TimePoint now) {
  impl_->advance(now);
  impl_->detach();
}
Status Session::receive(Bytes bytes, TimePoint now) { return impl_->receive(bytes, now); }
std::size_t Session::take_output(std::size_t max, std::vector<Bytes>& pieces, TimePoint now) {
  return impl_->take_output(max, pieces, now);
}
bool Session::wants_output() const { return impl_->wants_output(); }
std::optional<TimePoint> Session::next_timeout() const { return impl_->next_timeout(); }
void Session::on_timeout(TimePoint now) { impl_->on_timeout(now); }
void Session::probe(TimePoint now) {
  impl_->advance(now);
  impl_->liveness.probe(now);
}
std::optional<Event> Session::poll_event() { return impl_->poll_event(); }

Result<StreamId> Session::open(const Target& target, TimePoint now) {
  impl_->advance(now);
  return impl_->open(target);
}
void Session::accept(StreamId stream) { impl_->accept(stream); }
void Session::refuse(StreamId stream, Reason reason, std::string_view detail) {
  impl_->refuse(stream, reason, detail);
}
MutableBytes Session::reserve(StreamId stream) { return impl_->reserve(stream); }
void Session::commit(StreamId stream, std::size_t n) { impl_->commit(stream, n); }
void Session::finish(StreamId stream) { impl_->finish(stream); }
void Session::reset(StreamId stream, Reason reason) { impl_->reset(stream, reason); }
void Session::consumed(StreamId stream, std::size_t n) { impl_->consumed(stream, n); }

Status Session::listen(std::uint16_t port) { return impl_->listen(port); }
void Session::unlisten(std::uint16_t port) { impl_->unlisten(port); }
void Session::set_ready(bool ready) { impl_->ready_wanted = ready; }
void Session::listening(std::uint16_t port) { impl_->listening(port); }
void Session::not_listening(std::uint16_t port, Reason reason, std::string_view detail) {
  impl_->not_listening(port, reason, detail);
}

void Session::go_away(Reason reason, Duration reconnect_in) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(reconnect_in).count();
  impl_->pending.go_away = FrameBuilder(FrameType::kGoAway)
                               .u8(static_cast<std::uint8_t>(reason))
                               .u32(static_cast<std::uint32_t>(std::clamp<decltype(ms)>(
                                   ms, 0, std::numeric_limits<std::int32_t>::max())));
}

bool Session::established() const { return impl_->established; }
bool Session::attached() const { return impl_->carrier != CarrierState::kNone; }
bool Session::in_doubt() const { return impl_->liveness.in_doubt(); }
bool Session::failed() const { return impl_->failure.has_value(); }
const SessionKeys& Session::keys() const { return impl_->keys; }

Stats Session::stats() const {
  Stats stats = impl_->totals;
  stats.streams = static_cast<std::uint32_t>(impl_->live_streams());
  stats.round_trip = impl_->liveness.round_trip();
  stats.ring_bytes = impl_->ring.used();
  stats.ring_memory = impl_->ring.memory();
  stats.credit_granted = impl_->budget.granted();
  return stats;
}

}  // namespace ferry::tunnel
