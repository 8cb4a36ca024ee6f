// One local connection on the direct route: a port-forward of its own to one ready pod, and bytes
// passed both ways.
//
// Where a pod can't be reached, or says that nothing listens there, the next pod is tried, as long
// as no byte came back and all that the client has sent is still at hand.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_queue.h"
#include "daemon/connection.h"
#include "net/byte_stream.h"
#include "net/timer.h"

namespace ferry::daemon {

struct PodPort {
  std::string pod;
  std::uint16_t port = 0;

  bool operator==(const PodPort&) const = default;
};

// Connects to a pod's port.
class PodDialer {
 public:
  using Callback = std::function<void(Result<std::unique_ptr<net::ByteStream>>)>;
  virtual ~PodDialer() = default;
  // The callback comes once, never from within; destroying the result cancels it.
  virtual std::unique_ptr<net::Disposable> dial(const PodPort& target, Callback callback) = 0;
};

class DirectConnection final : public net::Disposable {
 public:
  // The last event; the connection may be let go with Loop::delete_later().
  using OnEnd = std::function<void(DirectConnection&, const ConnectionEnd&)>;
  using OnConnected = std::function<void()>;

  struct Callbacks {
    // The pod is there: it has sent something, or nothing bad was heard while it settled.
    OnConnected on_connected;
    OnEnd on_end;
  };

  // The node agrees to a port-forward first and connects then; it reports a refusal within
  // milliseconds. Silence for this long counts as a connection.
  static constexpr Duration kSettling = std::chrono::seconds(1);

  // `local`: not started. `candidates`: pods to try in turn, at least one. `dialer` outlives this.
  DirectConnection(net::Loop& loop, PodDialer& dialer, std::vector<PodPort> candidates,
                   std::unique_ptr<net::ByteStream> local, Callbacks callbacks,
                   Duration settling = kSettling);
  // Sockets that are still open are reset.
  ~DirectConnection() override;
  void retire() override;

  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }

 private:
  // The events of one of the two streams, told apart by a name of their own.
  class Side final : public net::StreamHandler {
   public:
    Side(DirectConnection& owner, bool local) : owner_(owner), local_(local) {}
    std::unique_ptr<net::ByteStream> stream;
    bool ended = false;   // has sent its last byte
    bool closed = false;  // no event comes any more

    MutableBytes on_read_buffer() override;
    void on_read(std::size_t n) override;
    void on_end() override;
    void on_written(std::size_t n) override;
    void on_closed(Status status) override;

   private:
    Side& other() { return local_ ? owner_.remote_ : owner_.local_; }
    DirectConnection& owner_;
    const bool local_;
    std::vector<std::uint8_t> buffer_;
  };

  void dial_next();
  void dialled(Result<std::unique_ptr<net::ByteStream>> stream);
  bool may_retry() const;
  void try_another_pod(const Error& error);
  void local_read(Bytes data);
  void remote_read(Bytes data);
  void local_ended();
  void local_closed();
  void remote_closed(const Status& status);
  void connected();
  void finish(std::optional<Error> error);

  net::Loop& loop_;
  PodDialer& dialer_;
  const std::vector<PodPort> candidates_;
  const Callbacks callbacks_;
  const Duration settling_;
  std::size_t attempt_ = 0;  // index of the candidate that is tried
  std::unique_ptr<net::Disposable> dial_;
  Side local_;
  Side remote_;
  net::Timer linger_;   // runs between the client's last byte and the end of both directions
  net::Timer settled_;  // runs between the node's word that it will connect and trust in it
  ByteQueue early_;     // what the client has sent, while another pod may still be tried
  bool early_complete_ = true;  // early_ holds all of it
  bool local_started_ = false;
  bool connected_ = false;
  bool finished_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace ferry::daemon
