// Joins one tunnel::Session to its carrier and its streams to sockets: the same pump for the daemon
// and the proxy, whichever side opens a stream.
//
// What a socket sends is read straight into the session's replay ring and paused while the session
// has no room; what the session brings is written to the socket, and given back as credit once the
// kernel has it. FIN, half-close and reset mean the same on both ends of a stream.
//
// Everything runs on the loop's thread. Events come from within the loop or from within a call of a
// non-const member; from within an event every member may be called, and the SessionIo itself may
// be let go with Loop::delete_later().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/byte_stream.h"
#include "net/loop.h"
#include "net/timer.h"
#include "tunnel/io/carrier.h"
#include "tunnel/io/farewells.h"
#include "tunnel/session.h"

namespace ferry::tunnel {

class StreamPump;

struct StreamTraffic {
  std::uint64_t to_peer = 0;    // bytes that the socket sent into the tunnel
  std::uint64_t from_peer = 0;  // bytes that the tunnel brought for the socket
  bool peer_spoke_last = false;
};

struct StreamEnd {
  StreamId stream = 0;
  bool opened = false;            // false: it never got through (our OPEN was refused)
  Reason reason = Reason::kNone;  // kNone: both directions ended in order
  std::string detail;             // for a refusal: the resolver's or the kernel's words
  StreamTraffic traffic;
};

// Not owned; must live until the SessionIo is gone.
class SessionEvents {
 public:
  // HELLO was exchanged (once), or a further carrier was taken (each time).
  virtual void on_established(bool resumed, const std::string& peer_version) = 0;
  // The peer wants a stream to `target`: answer with accept() or refuse(), now or later. An
  // on_stream_ended() in between cancels the wish.
  virtual void on_opened(StreamId stream, const Target& target) = 0;
  // The peer has dialled what our open() asked for.
  virtual void on_accepted(StreamId stream) = 0;
  // The last word on a stream, ours or the peer's; its socket is gone by then, reset unless the
  // stream ended in order. Not called for streams that refuse() ended, nor for those that a failed
  // session takes along (on_failed() says it for all).
  virtual void on_stream_ended(const StreamEnd& end) = 0;
  // The carrier is gone or dead; it has been let go. Streams wait for the next one.
  virtual void on_carrier_lost(const Error& error) = 0;
  // It doesn't answer at the moment.
  virtual void on_carrier_in_doubt() {}
  // The peer will soon be gone; new streams had better go elsewhere.
  virtual void on_going_away(Reason reason, Duration reconnect_in) = 0;
  // Links, each told to one side only; see the events of the same names in session.h.
  virtual void on_listen_result(const ListenResult&) {}          // daemon
  virtual void on_listen_requested(std::uint16_t /*port*/) {}    // proxy
  virtual void on_unlisten_requested(std::uint16_t /*port*/) {}  // proxy
  virtual void on_peer_ready(bool /*ready*/) {}                  // proxy
  // The session is over; every socket has been reset. The last event.
  virtual void on_failed(const Error& error) = 0;

 protected:
  ~SessionEvents() = default;
};

class SessionIo final : public net::Disposable, private CarrierSink {
 public:
  // `farewells`: takes the carrier of a session that fails, if there is something to say on it;
  // must outlive what the session does.
  SessionIo(net::Loop& loop, std::unique_ptr<Session> session, SessionEvents& events,
            Farewells& farewells);
  // Sockets that are left are reset.
  ~SessionIo() override;
  void retire() override;

  // --- the carrier. `early`: bytes already read from it, for the session (none when called from
  // within an event). A carrier that is still there is let go.
  // The first one: the daemon says HELLO, the proxy has it in `early`.
  void attach(std::unique_ptr<Carrier> carrier, Bytes early = {});
  // Daemon: a further one. `proof` as for Session::resume().
  void resume(std::unique_ptr<Carrier> carrier, const Proof& proof);
  // Proxy: a further one, whose RESUME was read; what came behind RESUME is in `early`. `carrier`
  // is taken on success only: on an error nothing has changed, and the caller tells the peer.
  Status accept_resume(std::unique_ptr<Carrier>& carrier, const Session::ResumeRequest& request,
                       const Proof& expected, Bytes early);
  // Asks the peer for a sign of life now; a dead carrier is reported by on_carrier_lost().
  void probe();

  // --- streams ---
  // Opens a stream for `socket` (not started) and pumps at once. On an error (kExhausted,
  // kUnavailable) the socket is reset.
  Result<StreamId> open(const Target& target, std::unique_ptr<net::ByteStream> socket);
  // Answers on_opened(): joins the dialled `socket` (not started). Bytes that the peer sent
  // meanwhile go first. Unknown ids (the stream ended meanwhile): the socket is reset.
  void accept(StreamId stream, std::unique_ptr<net::ByteStream> socket);
  void refuse(StreamId stream, Reason reason, std::string_view detail);
  // Ends a stream and its socket at once; on_stream_ended() follows from within. Unknown ids are
  // ignored.
  void reset(StreamId stream, Reason reason);
  // Ends what goes to the socket (FIN), behind what has come for it; what else comes is dropped.
  // The stream ends when the socket's own peer and the tunnel's have closed in turn.
  void end_socket(StreamId stream);

  // --- links: as the session's own ---
  Status listen(std::uint16_t port);
  void unlisten(std::uint16_t port);
  void set_ready(bool ready);
  void listening(std::uint16_t port);
  void not_listening(std::uint16_t port, Reason reason, std::string_view detail);

  // Tells the peer that this side will be gone; streams go on until they end.
  void go_away(Reason reason, Duration reconnect_in);

  // --- what is ---
  const Session& session() const { return *session_; }
  std::optional<StreamTraffic> traffic(StreamId stream) const;  // none: no such stream
  std::size_t stream_count() const { return pumps_.size(); }
  // Bytes that came and that no socket has taken yet.
  std::size_t queued_for_sockets() const;

 private:
  friend class StreamPump;

  void on_carrier_bytes(Bytes bytes) override;
  void on_carrier_drained() override;
  void on_carrier_closed(Status status) override;

  // For StreamPump: as the session's own, with the open reservation looked after.
  MutableBytes reserve(StreamId stream);
  void commit(StreamId stream, std::size_t n);

  // The session, with a reservation that was not used given back: at most one may be open, and none
  // while the session does anything else.
  Session& touch();
  void take_carrier(std::unique_ptr<Carrier> carrier);
  void let_carrier_go();
  void let_everything_go();
  void lose_carrier(const Error& error);
  void say_last_words();

  // Drains the session's events, feeds the carrier and arms the timer. Does nothing when it is
  // running already.
  void run();
  // run() when what is ready in this round of the loop has been read: of all sockets, one batch.
  void run_soon();
  void drain_events();
  bool feed_carrier();
  void arm_timer();

  void handle(const Established& event);
  void handle(const Opened& event);
  void handle(const Accepted& event);
  void handle(const Refused& event);
  void handle(const Data& event);
  void handle(const Finished& event);
  void handle(const Reset& event);
  void handle(const Sendable& event);
  void handle(const Closed& event);
  void handle(const GoingAway& event);
  void handle(const ListenResult& event);
  void handle(const ListenRequested& event);
  void handle(const UnlistenRequested& event);
  void handle(const PeerReady& event);
  void handle(const CarrierInDoubt& event);
  void handle(const CarrierDead& event);
  void handle(const Failed& event);

  void deliver_batch();
  StreamPump* find(StreamId stream);
  void discard(std::unique_ptr<net::ByteStream> socket);
  void end_stream(StreamId stream, Reason reason, std::string detail);

  net::Loop& loop_;
  std::unique_ptr<Session> session_;
  SessionEvents& events_;
  Farewells& farewells_;
  std::unordered_map<StreamId, std::unique_ptr<StreamPump>> pumps_;
  std::unique_ptr<Carrier> carrier_;
  net::Timer timer_;
  net::Timer soon_;        // run_soon()
  StreamId reserved_ = 0;  // the stream whose reservation is open
  bool running_ = false;
  bool over_ = false;          // failed, or retired
  StreamId batch_stream_ = 0;  // Data events of one stream that follow each other: one write
  std::vector<Bytes> batch_;
  std::vector<Bytes> pieces_;  // scratch of feed_carrier()
};

}  // namespace ferry::tunnel
