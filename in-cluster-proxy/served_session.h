// One daemon's session: each stream that it opens is connected to what it asks for.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

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

class ServedSession final : public net::Disposable, private tunnel::SessionEvents {
 public:
  // All references must outlive it.
  ServedSession(net::Loop& loop, TargetDialer& dialer, const tunnel::SessionKeys& keys,
                ServedSessionOwner& owner);
  void retire() override;

  // The carrier that said HELLO; `early` is what it brought, the HELLO included.
  void begin(std::unique_ptr<tunnel::Carrier> carrier, Bytes early);
  // A carrier that said RESUME; taken on success only. See SessionIo::accept_resume().
  Status resume(std::unique_ptr<tunnel::Carrier>& carrier,
                const tunnel::Session::ResumeRequest& request, const tunnel::Proof& expected,
                Bytes early);

  // New streams are refused from now on, and the daemon is told; open ones go on.
  void drain();

  const tunnel::SessionKeys& keys() const { return io_.session().keys(); }
  bool attached() const { return io_.session().attached(); }
  std::size_t stream_count() const { return io_.stream_count(); }
  TimePoint detached_since() const { return detached_since_; }
  std::size_t memory() const { return io_.session().stats().ring_memory; }
  const std::string& name() const { return name_; }  // for the log

 private:
  void on_established(bool resumed, const std::string& peer_version) override;
  void on_opened(tunnel::StreamId stream, const tunnel::Target& target) override;
  void on_accepted(tunnel::StreamId stream) override;
  void on_stream_ended(const tunnel::StreamEnd& end) override;
  void on_carrier_lost(const Error& error) override;
  void on_going_away(tunnel::Reason reason, Duration reconnect_in) override;
  void on_failed(const Error& error) override;

  void on_dialled(tunnel::StreamId stream, std::unique_ptr<net::ByteStream> socket,
                  const Refusal& refusal);

  net::Loop& loop_;
  TargetDialer& dialer_;
  ServedSessionOwner& owner_;
  const std::string name_;
  TimePoint detached_since_{};
  bool draining_ = false;
  tunnel::SessionIo io_;
  std::unordered_map<tunnel::StreamId, std::unique_ptr<TargetDialer::Attempt>> dials_;
};

}  // namespace ferry::proxy
