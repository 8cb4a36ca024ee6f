// One daemon's session: each stream that it opens is connected to what it asks for, and, in a
// stand-in, a stream is opened for each caller on the ports that it has us listen on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "in-cluster-proxy/metrics.h"
#include "in-cluster-proxy/quiet_callers.h"
#include "in-cluster-proxy/stand_in.h"
#include "in-cluster-proxy/target_dialer.h"
#include "net/loop.h"
#include "tunnel/io/session_io.h"

namespace ferry::proxy {

class ServedSession;

// Told from within the session's own code; let it go with Loop::delete_later().
class ServedSessionOwner {
 public:
  virtual void on_session_changed(
      ServedSession& session) = 0;  // carrier lost or back, a stream ended
  virtual void on_session_over(ServedSession& session) = 0;

 protected:
  ~ServedSessionOwner() = default;
};

class ServedSession final : public net::Disposable,
                            private tunnel::SessionEvents,
                            private LinkUser {
 public:
  // All references must outlive it. `stand_in`: null if this proxy isn't one. `holder`: who began
  // it, if that was said.
  ServedSession(net::Loop& loop, TargetDialer& dialer, StandIn* stand_in,
                const tunnel::SessionKeys& keys, const std::optional<tunnel::Holder>& holder,
                Metrics& metrics, tunnel::MemoryBudget& memory, tunnel::Farewells& farewells,
                ServedSessionOwner& owner);
  void retire() override;

  // The carrier that said HELLO; `early` is what it brought, the HELLO included.
  void begin(std::unique_ptr<tunnel::Carrier> carrier, Bytes early);
  // A carrier that said RESUME; taken on success only. See SessionIo::accept_resume().
  Status resume(std::unique_ptr<tunnel::Carrier>& carrier,
                const tunnel::Session::ResumeRequest& request, const tunnel::Proof& expected,
                Bytes early);

  // The daemon is told, and its new streams are refused from now on; open ones go on, and callers
  // are taken as long as the ports are open.
  void drain();

  // See QuietCallers::look().
  void let_go_of_quiet(Duration quiet) { callers_.look(io_, quiet, loop_.now()); }

  const tunnel::SessionKeys& keys() const { return io_.session().keys(); }
  const std::optional<tunnel::Holder>& holder() const { return holder_; }
  // Whether its daemon seems to have begun anew, since it was last heard of.
  bool superseded() const { return superseded_; }
  void set_superseded() { superseded_ = true; }
  // The daemon's side takes callers, says the daemon, which is there or hasn't been gone for
  // longer.
  bool ready(Duration tolerated_loss) const;
  bool attached() const { return io_.session().attached(); }
  // Attached, or not gone for longer than that.
  bool attached_of_late(Duration tolerated_loss) const {
    return attached() || loop_.now() - detached_since_ < tolerated_loss;
  }
  std::size_t stream_count() const { return io_.stream_count(); }
  TimePoint detached_since() const { return detached_since_; }
  // Bytes held for its streams: what its daemon has not acknowledged, and what sockets have not
  // taken.
  std::size_t memory() const {
    return io_.session().stats().ring_memory + io_.queued_for_sockets();
  }
  const std::string& name() const { return name_; }  // for the log

 private:
  void on_established(bool resumed, const std::string& peer_version) override;
  void on_opened(tunnel::StreamId stream, const tunnel::Target& target) override;
  void on_accepted(tunnel::StreamId stream) override;
  void on_stream_ended(const tunnel::StreamEnd& end) override;
  void on_carrier_lost(const Error& error) override;
  void on_going_away(tunnel::Reason reason, Duration reconnect_in) override;
  void on_listen_requested(std::uint16_t port) override;
  void on_unlisten_requested(std::uint16_t port) override;
  void on_peer_ready(bool ready) override;
  void on_failed(const Error& error) override;

  void on_caller(std::uint16_t port, const net::HostPort& caller,
                 std::unique_ptr<net::ByteStream> socket) override;

  void serve(tunnel::StreamId stream, const std::string& service);
  void refuse(tunnel::StreamId stream, tunnel::Reason reason, const std::string& detail);
  void close_links();
  void say_goodbye();

  void on_dialled(tunnel::StreamId stream, std::unique_ptr<net::ByteStream> socket,
                  const Refusal& refusal);

  net::Loop& loop_;
  TargetDialer& dialer_;
  StandIn* const stand_in_;
  Metrics& metrics_;
  ServedSessionOwner& owner_;
  const std::string name_;
  const std::optional<tunnel::Holder> holder_;
  TimePoint detached_since_{};
  bool superseded_ = false;
  bool draining_ = false;
  bool peer_ready_ = false;
  QuietCallers callers_;
  tunnel::SessionIo io_;
  std::unordered_map<tunnel::StreamId, std::unique_ptr<TargetDialer::Attempt>> dials_;
  std::unordered_set<tunnel::StreamId> services_;  // go on until somebody ends them
};

}  // namespace ferry::proxy
