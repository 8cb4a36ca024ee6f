// The connection that carries a session: reads in large batches and hands them to whoever is in
// charge of it at the moment. On the proxy's side that is first the one who reads the greeting,
// then the session that the greeting asks for; the stream below is started only once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "net/byte_stream.h"

namespace ferry::tunnel {

// Not owned by the carrier; must live until the carrier is gone or has another sink.
class CarrierSink {
 public:
  // Valid during the call.
  virtual void on_carrier_bytes(Bytes bytes) = 0;
  // Everything written has been handed on.
  virtual void on_carrier_drained() = 0;
  // The last event: the peer ended its direction, or the connection broke.
  virtual void on_carrier_closed(Status status) = 0;

 protected:
  ~CarrierSink() = default;
};

// Bytes read at a time until a session has the carrier, and afterwards: what the other side sent as
// one batch, so that one call of the session sees it whole.
inline constexpr std::size_t kGreetingReadBytes = std::size_t{4} * 1024;
inline constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

class Carrier final : public net::Disposable, private net::StreamHandler {
 public:
  // `stream`: established (TLS handshake done) and not started.
  explicit Carrier(std::unique_ptr<net::ByteStream> stream);

  // Events go to `sink` from now on; the first call starts the stream. Allowed from within an
  // event.
  void set_sink(CarrierSink& sink);
  // It carries a session from now on.
  void read_in_batches() { read_bytes_ = kReadBytes; }

  void retire() override;

  net::ByteStream& stream() { return *stream_; }

 private:
  MutableBytes on_read_buffer() override;
  void on_read(std::size_t n) override;
  void on_end() override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;
  void close_once(Status status);

  std::size_t read_bytes_ = kGreetingReadBytes;
  std::size_t buffer_bytes_ = 0;
  std::unique_ptr<std::uint8_t[]> buffer_;  // made by the first read, not filled with zeros
  CarrierSink* sink_ = nullptr;
  bool closed_ = false;
  std::unique_ptr<net::ByteStream> stream_;  // last: gone before what its events use
};

}  // namespace ferry::tunnel
