// One session with one proxy process, and who owns each of its streams.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/callers.h"
#include "daemon/carrier_source.h"
#include "daemon/connection.h"
#include "net/loop.h"
#include "tunnel/io/session_io.h"

namespace ferry::daemon {

class TunnelSession;

// The tunnel that keeps the session going. Not owned.
class TunnelSessionOwner {
 public:
  virtual void on_session_ready(TunnelSession& session, bool resumed) = 0;
  virtual void on_session_carrier_lost(TunnelSession& session, const Error& error) = 0;
  virtual void on_session_carrier_in_doubt(TunnelSession& session) = 0;
  // The proxy process will soon end: streams go on for a while, new ones are to go elsewhere.
  virtual void on_session_going_away(TunnelSession& session) = 0;
  // The carrier will soon end, and the session may go on over another.
  virtual void on_session_carrier_ending(TunnelSession& session) = 0;
  // Over; the observers of all its streams were told. The session may be let go with
  // Loop::delete_later().
  virtual void on_session_over(TunnelSession& session, const Error& error) = 0;

 protected:
  ~TunnelSessionOwner() = default;
};

class TunnelSession final : public net::Disposable, private tunnel::SessionEvents {
 public:
  // `process`: see NewCarrier. `memory`: as for Session, kept as long as needed. Sockets that are
  // left when it is destroyed are reset, and nobody is told.
  TunnelSession(net::Loop& loop, const tunnel::Options& options,
                std::shared_ptr<tunnel::MemoryBudget> memory, std::string process,
                tunnel::Farewells& farewells, TunnelSessionOwner& owner);

  void attach(std::unique_ptr<tunnel::Carrier> carrier);
  // Only when established() was true.
  void resume(NewCarrier carrier);  // the carrier that there still is, if any, ends
  void probe() { io_.probe(); }

  // Opens a stream for `socket`. The observer hears of its end; at once, from within, when it can't
  // be opened.
  void open(const tunnel::Target& target, std::unique_ptr<net::ByteStream> socket, std::size_t port,
            ConnectionObserver& observer);
  // Who answers the callers on the proxy's ports; null: nobody, they are refused.
  void serve(CallerService* service);
  void listen(std::uint16_t port);
  void unlisten(std::uint16_t port) { io_.unlisten(port); }
  void set_ready(bool ready) { io_.set_ready(ready); }
  // Tells the proxy that nobody will be back.
  void say_goodbye() { io_.go_away(tunnel::Reason::kShuttingDown, Duration::zero()); }

  // Resets the streams of an observer, without telling it.
  void forget(const ConnectionObserver& observer);
  // Resets every stream and tells its observer why.
  void end_streams(const Error& error);

  bool established() const { return io_.session().established(); }
  bool idle() const { return streams_.empty(); }
  bool in_doubt() const { return io_.session().in_doubt(); }  // the carrier doesn't answer
  const std::string& process() const { return process_; }
  tunnel::Stats stats() const { return io_.session().stats(); }
  OpenTraffic traffic(const ConnectionObserver& observer) const;

 private:
  struct Stream {
    ConnectionObserver* observer = nullptr;
    std::size_t port = 0;
    std::string target;  // for messages
    bool accepted = false;
  };

  void on_established(bool resumed, const std::string& peer_version) override;
  void on_opened(tunnel::StreamId stream, const tunnel::Target& target) override;
  void on_accepted(tunnel::StreamId stream) override;
  void on_stream_ended(const tunnel::StreamEnd& end) override;
  void on_carrier_lost(const Error& error) override;
  void on_carrier_in_doubt() override { owner_.on_session_carrier_in_doubt(*this); }
  void on_going_away(tunnel::Reason reason, Duration reconnect_in) override;
  void on_listen_result(const tunnel::ListenResult& result) override;
  void on_failed(const Error& error) override;

  TunnelSessionOwner& owner_;
  const std::string process_;
  std::unordered_map<tunnel::StreamId, Stream> streams_;
  CallerService* callers_ = nullptr;
  const std::shared_ptr<tunnel::MemoryBudget> memory_;
  tunnel::SessionIo io_;  // its destructor may still touch what is above
  CallerDials dials_;
};

}  // namespace ferry::daemon
