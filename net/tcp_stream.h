// A TCP connection as a ByteStream. Made by Listener and Dial; included by sources of net/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/byte_stream.h"
#include "net/timer.h"
#include "net/uv_handle.h"

namespace ferry::net {

// A socket with the requests that libuv may hold beyond its closing, and the bytes of its write.
struct TcpSocket : uv_tcp_t {
  uv_connect_t connect_request;
  uv_write_t write_request;
  uv_shutdown_t shutdown_request;
  std::vector<std::uint8_t> in_flight;
};
using TcpHandle = UvHandle<uv_tcp_t, TcpSocket>;

TcpHandle make_tcp_handle(uv_loop_t* loop);

// What every connection is given: no Nagle, keep-alive, a bound on what the kernel has unsent.
void set_tcp_options(uv_tcp_t* socket);
#ifdef __linux__
inline constexpr bool kAcceptedInherit = true;  // from the socket that listens
#else
inline constexpr bool kAcceptedInherit = false;
#endif

class TcpStream final : public ByteStream {
 public:
  // `socket`: connected, with its options. `peer`: its address, for error texts.
  TcpStream(Loop& loop, TcpHandle socket, std::string peer);

  void start(StreamHandler& handler) override;
  void pause_reading() override;
  void resume_reading() override;
  using ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override;
  bool peer_has_ended() const override;
  std::size_t queued() const override;
  void shutdown() override;
  void reset() override;
  void retire() override;

 private:
  enum class Reading { kNotStarted, kOn, kPaused, kEnded };
  enum class Writing { kOpen, kEnding, kShuttingDown, kEnded };

  uv_stream_t* native() { return reinterpret_cast<uv_stream_t*>(socket_.get()); }
  std::size_t write_at_once(std::span<const Bytes> pieces);
  void enqueue(Bytes bytes, std::size_t& left);
  void drop_queue();
  void send_queue();
  void close();
  void finish(Status status);
  void fail_writing(int error);
  Error error_of(int uv_code) const;

  void look_for_reset();

  void on_readable(ssize_t code, const uv_buf_t* buffer);
  ssize_t read_some(MutableBytes room);  // a negated errno as libuv has it, or what read() returns
  void on_read_end();
  void on_written(int status);
  void on_shut_down(int status);

  Loop& loop_;
  TcpHandle socket_;  // null: closed
  const std::string peer_;
  StreamHandler* handler_ = nullptr;
  Reading reading_ = Reading::kNotStarted;
  Writing writing_ = Writing::kOpen;
  std::vector<std::vector<std::uint8_t>> queue_;  // behind socket_->in_flight; each is one write
  std::optional<Error> write_failure_;            // reported once everything that came was read
  std::optional<Timer> look_;  // while nothing is read; made when that first happens
};

}  // namespace ferry::net
