// One stream of a session and its socket: private to SessionIo.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/byte_queue.h"
#include "net/byte_stream.h"
#include "tunnel/io/session_io.h"

namespace ferry::tunnel {

class StreamPump final : public net::Disposable, private net::StreamHandler {
 public:
  StreamPump(SessionIo& io, StreamId id) : io_(io), id_(id) {}

  // Starts the socket; what came for it meanwhile goes first.
  void join(std::unique_ptr<net::ByteStream> socket);

  // Bytes and FIN from the tunnel.
  void deliver(std::span<const Bytes> pieces);
  void deliver_end();

  // Nothing more goes to the socket, whatever the tunnel brings.
  void end_socket();

  // The session has room again.
  void resume_reading();

  // Both directions ended in the session. True: the socket is through as well.
  bool close();

  // The socket's part is over: reset, and gone after what runs now.
  void reset_socket();

  const StreamTraffic& traffic() const { return traffic_; }
  // Bytes from the tunnel that the socket has not taken.
  std::size_t queued() const { return waiting_.size() + (socket_ ? socket_->queued() : 0); }
  // The side that was asked for the stream has dialled.
  void mark_opened() { opened_ = true; }
  bool opened() const { return opened_; }

 private:
  MutableBytes on_read_buffer() override;
  void on_read(std::size_t n) override;
  void on_end() override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;

  void give_back(std::size_t n);
  void drop_socket();

  SessionIo& io_;
  const StreamId id_;
  std::unique_ptr<net::ByteStream> socket_;  // none: still being dialled, or through
  ByteQueue waiting_;                        // came before the socket; bounded by the credit
  StreamTraffic traffic_;
  bool joined_ = false;
  bool opened_ = false;
  bool paused_ = false;         // the session had no room
  bool peer_finished_ = false;  // FIN came from the tunnel
  bool socket_ended_ = false;   // by end_socket()
  bool closed_ = false;         // the session is through with this stream
};

}  // namespace ferry::tunnel
