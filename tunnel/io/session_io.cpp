#include "tunnel/io/session_io.h"

#include <algorithm>
#include <utility>

#include "tunnel/io/stream_pump.h"
#include "tunnel/problems.h"

namespace ferry::tunnel {
namespace {

// What the carrier is given at a time: few large TLS writes under load, and never more queued in
// front of a keystroke than this.
constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;
// For one write to a socket. A read full of the smallest frames has thousands for one stream.
constexpr std::size_t kMaxPieces = 512;

}  // namespace

SessionIo::SessionIo(net::Loop& loop, std::unique_ptr<Session> session, SessionEvents& events,
                     Farewells& farewells)
    : loop_(loop),
      session_(std::move(session)),
      events_(events),
      farewells_(farewells),
      timer_(loop,
             [this] {
               touch().on_timeout(loop_.now());
               run();
             }),
      soon_(loop, [this] { run(); }) {}

SessionIo::~SessionIo() {
  for (auto& [id, pump] : pumps_) pump->reset_socket();
}

void SessionIo::retire() { let_everything_go(); }

// --- the carrier ---------------------------------------------------------------------------------

void SessionIo::attach(std::unique_ptr<Carrier> carrier, Bytes early) {
  if (over_) return loop_.delete_later(std::move(carrier));
  take_carrier(std::move(carrier));
  touch().attach(loop_.now());
  // A fault shows as the event Failed.
  if (!early.empty()) static_cast<void>(session_->receive(early, loop_.now()));
  run();
}

void SessionIo::resume(std::unique_ptr<Carrier> carrier, const Proof& proof) {
  if (over_) return loop_.delete_later(std::move(carrier));
  take_carrier(std::move(carrier));
  touch().resume(proof, loop_.now());
  run();
}

Status SessionIo::accept_resume(std::unique_ptr<Carrier>& carrier,
                                const Session::ResumeRequest& request, const Proof& expected,
                                Bytes early) {
  if (Status accepted = touch().accept_resume(request, expected, loop_.now()); !accepted) {
    run();
    return accepted;
  }
  let_carrier_go();
  carrier_ = std::move(carrier);
  carrier_->read_in_batches();
  carrier_->set_sink(*this);
  if (!early.empty()) static_cast<void>(session_->receive(early, loop_.now()));
  run();
  return {};
}

void SessionIo::probe() {
  touch().probe(loop_.now());
  run();
}

void SessionIo::take_carrier(std::unique_ptr<Carrier> carrier) {
  if (carrier_) {
    let_carrier_go();
    touch().detach(loop_.now());
  }
  carrier_ = std::move(carrier);
  carrier_->read_in_batches();
  carrier_->set_sink(*this);
}

void SessionIo::let_carrier_go() {
  if (carrier_) loop_.delete_later(std::move(carrier_));
}

void SessionIo::let_everything_go() {
  over_ = true;
  timer_.stop();
  soon_.stop();
  let_carrier_go();
  for (auto& [id, pump] : std::exchange(pumps_, {})) {
    pump->reset_socket();
    loop_.delete_later(std::move(pump));
  }
}

void SessionIo::lose_carrier(const Error& error) {
  if (!carrier_) return;
  let_carrier_go();
  touch().detach(loop_.now());
  events_.on_carrier_lost(error);
}

// Why the session is over, behind what the carrier has still to send.
void SessionIo::say_last_words() {
  if (!carrier_ || !session_->wants_output()) return;
  pieces_.clear();
  touch().take_output(kBatchBytes, pieces_, loop_.now());
  carrier_->stream().write(pieces_);
  farewells_.take(std::move(carrier_));
}

void SessionIo::on_carrier_bytes(Bytes bytes) {
  static_cast<void>(touch().receive(bytes, loop_.now()));
  run();
}

void SessionIo::on_carrier_drained() { run(); }

void SessionIo::on_carrier_closed(Status status) {
  lose_carrier(status.error());
  run();
}

// --- streams -------------------------------------------------------------------------------------

Result<StreamId> SessionIo::open(const Target& target, std::unique_ptr<net::ByteStream> socket) {
  const Result<StreamId> id = touch().open(target, loop_.now());
  if (!id) {
    discard(std::move(socket));
    return id;
  }
  auto& pump = pumps_[*id] = std::make_unique<StreamPump>(*this, *id);
  pump->join(std::move(socket));
  run_soon();  // the client's first bytes are often there by then
  return id;
}

void SessionIo::accept(StreamId stream, std::unique_ptr<net::ByteStream> socket) {
  StreamPump* pump = find(stream);
  if (!pump) return discard(std::move(socket));
  touch().accept(stream);
  pump->mark_opened();
  pump->join(std::move(socket));
  run_soon();
}

void SessionIo::refuse(StreamId stream, Reason reason, std::string_view detail) {
  const auto found = pumps_.find(stream);
  if (found == pumps_.end()) return;
  loop_.delete_later(std::move(found->second));
  pumps_.erase(found);
  touch().refuse(stream, reason, detail);
  run();
}

void SessionIo::reset(StreamId stream, Reason reason) {
  if (!find(stream)) return;
  touch().reset(stream, reason);
  end_stream(stream, reason, {});
  run();
}

Status SessionIo::listen(std::uint16_t port) {
  Status asked = touch().listen(port);
  run();
  return asked;
}

void SessionIo::unlisten(std::uint16_t port) {
  touch().unlisten(port);
  run();
}

void SessionIo::set_ready(bool ready) {
  touch().set_ready(ready);
  run();
}

void SessionIo::listening(std::uint16_t port) {
  touch().listening(port);
  run();
}

void SessionIo::not_listening(std::uint16_t port, Reason reason, std::string_view detail) {
  touch().not_listening(port, reason, detail);
  run();
}

void SessionIo::end_socket(StreamId stream) {
  if (StreamPump* pump = find(stream)) pump->end_socket();
}

void SessionIo::go_away(Reason reason, Duration reconnect_in) {
  touch().go_away(reason, reconnect_in);
  run();
}

std::optional<StreamTraffic> SessionIo::traffic(StreamId stream) const {
  const auto found = pumps_.find(stream);
  if (found == pumps_.end()) return std::nullopt;
  return found->second->traffic();
}

MutableBytes SessionIo::reserve(StreamId stream) {
  const MutableBytes place = touch().reserve(stream);
  if (place.empty()) {
    // Room comes with what the carrier takes. Not right now: the socket is just being told to
    // pause, and must not be told to go on before that.
    run_soon();
  } else {
    reserved_ = stream;
  }
  return place;
}

void SessionIo::commit(StreamId stream, std::size_t n) {
  reserved_ = 0;
  session_->commit(stream, n);
  run_soon();
}

Session& SessionIo::touch() {
  if (reserved_ != 0) session_->commit(std::exchange(reserved_, StreamId{0}), 0);
  return *session_;
}

StreamPump* SessionIo::find(StreamId stream) {
  const auto found = pumps_.find(stream);
  return found == pumps_.end() ? nullptr : found->second.get();
}

std::size_t SessionIo::queued_for_sockets() const {
  std::size_t sum = 0;
  for (const auto& [id, pump] : pumps_) sum += pump->queued();
  return sum;
}

void SessionIo::discard(std::unique_ptr<net::ByteStream> socket) {
  socket->reset();
  loop_.delete_later(std::move(socket));
}

void SessionIo::end_stream(StreamId stream, Reason reason, std::string detail) {
  const auto found = pumps_.find(stream);
  if (found == pumps_.end()) return;
  std::unique_ptr<StreamPump> pump = std::move(found->second);
  pumps_.erase(found);
  pump->reset_socket();
  const StreamEnd end{stream, pump->opened(), reason, std::move(detail), pump->traffic()};
  loop_.delete_later(std::move(pump));
  events_.on_stream_ended(end);
}

// --- what the session says -----------------------------------------------------------------------

void SessionIo::run() {
  if (running_ || over_) return;
  running_ = true;
  soon_.stop();
  do {
    drain_events();
  } while (feed_carrier());
  running_ = false;
  arm_timer();
}

void SessionIo::run_soon() {
  if (!running_ && !over_ && !soon_.active()) soon_.start(Duration::zero());
}

void SessionIo::drain_events() {
  while (!over_) {
    const std::optional<Event> event = touch().poll_event();
    if (!event) {
      if (batch_.empty()) return;
      deliver_batch();  // may have made the session say more
      continue;
    }
    if (const Data* data = std::get_if<Data>(&*event)) {
      handle(*data);
      continue;
    }
    deliver_batch();
    std::visit([this](const auto& said) { handle(said); }, *event);
  }
}

bool SessionIo::feed_carrier() {
  bool fed = false;
  while (carrier_ && carrier_->stream().queued() == 0) {
    pieces_.clear();
    if (touch().take_output(kBatchBytes, pieces_, loop_.now()) == 0) break;
    carrier_->stream().write(pieces_);
    fed = true;
  }
  return fed;
}

void SessionIo::arm_timer() {
  const std::optional<TimePoint> due = over_ ? std::nullopt : session_->next_timeout();
  if (due) {
    timer_.start(std::max(*due - loop_.now(), Duration::zero()));
  } else {
    timer_.stop();
  }
}

void SessionIo::deliver_batch() {
  if (batch_.empty()) return;
  if (StreamPump* pump = find(batch_stream_)) pump->deliver(batch_);
  batch_.clear();
}

void SessionIo::handle(const Established& event) {
  events_.on_established(event.resumed, event.peer_version);
}

void SessionIo::handle(const Opened& event) {
  pumps_[event.stream] = std::make_unique<StreamPump>(*this, event.stream);
  events_.on_opened(event.stream, event.target);
}

void SessionIo::handle(const Accepted& event) {
  if (StreamPump* pump = find(event.stream)) pump->mark_opened();
  events_.on_accepted(event.stream);
}

void SessionIo::handle(const Refused& event) {
  end_stream(event.stream, event.reason, event.detail);
}

void SessionIo::handle(const Data& event) {
  if (event.stream != batch_stream_ || batch_.size() == kMaxPieces) deliver_batch();
  batch_stream_ = event.stream;
  batch_.push_back(event.data);
}

void SessionIo::handle(const Finished& event) {
  if (StreamPump* pump = find(event.stream)) pump->deliver_end();
}

void SessionIo::handle(const Reset& event) { end_stream(event.stream, event.reason, {}); }

void SessionIo::handle(const Sendable& event) {
  if (StreamPump* pump = find(event.stream)) pump->resume_reading();
}

void SessionIo::handle(const Closed& event) {
  StreamPump* pump = find(event.stream);
  if (pump && pump->close()) end_stream(event.stream, Reason::kNone, {});
}

void SessionIo::handle(const GoingAway& event) {
  events_.on_going_away(event.reason, event.reconnect_in);
}

void SessionIo::handle(const ListenResult& event) { events_.on_listen_result(event); }

void SessionIo::handle(const ListenRequested& event) { events_.on_listen_requested(event.port); }

void SessionIo::handle(const UnlistenRequested& event) {
  events_.on_unlisten_requested(event.port);
}

void SessionIo::handle(const PeerReady& event) { events_.on_peer_ready(event.ready); }

void SessionIo::handle(const CarrierInDoubt&) { events_.on_carrier_in_doubt(); }

void SessionIo::handle(const CarrierDead&) {
  lose_carrier(Error{problem::kSilent, "using the tunnel", "the other side does not answer",
                     "nothing: a new connection is made"});
}

void SessionIo::handle(const Failed& event) {
  say_last_words();
  let_everything_go();
  events_.on_failed(event.error);
}

}  // namespace ferry::tunnel
