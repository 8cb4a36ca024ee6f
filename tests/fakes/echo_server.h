// A TCP server on the loop that sends back what it gets, after a greeting that tells it from
// others, and ends when its client does.
#pragma once

#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "net/loop.h"

namespace ferry::testing {

class EchoServer {
 public:
  EchoServer(net::Loop& loop, std::string greeting) : loop_(loop), greeting_(std::move(greeting)) {
    auto listener = net::Listener::create(
        loop, {"127.0.0.1", 0}, [this](std::unique_ptr<net::ByteStream> stream, net::HostPort) {
          ++accepted_;
          peers_.push_back(std::make_unique<Peer>(*this, std::move(stream)));
        });
    EXPECT_TRUE(listener.has_value());
    listener_ = std::move(*listener);
  }

  net::HostPort address() const { return listener_->address(); }
  std::size_t accepted() const { return accepted_; }

  // Nobody listens there any more.
  void close() { listener_.reset(); }

 private:
  struct Peer final : net::StreamHandler {
    Peer(EchoServer& the_server, std::unique_ptr<net::ByteStream> the_stream)
        : server(the_server), buffer(65536), stream(std::move(the_stream)) {
      stream->start(*this);
      stream->write(as_bytes(server.greeting_));
    }
    MutableBytes on_read_buffer() override {
      if (stream->queued() > buffer.size()) return {};
      return buffer;
    }
    void on_read(std::size_t n) override { stream->write(Bytes(buffer).first(n)); }
    void on_end() override { stream->shutdown(); }
    void on_written(std::size_t) override {
      if (stream->queued() <= buffer.size()) stream->resume_reading();
    }
    void on_closed(Status) override { server.loop_.delete_later(std::move(stream)); }

    EchoServer& server;
    std::vector<std::uint8_t> buffer;
    std::unique_ptr<net::ByteStream> stream;
  };

  net::Loop& loop_;
  const std::string greeting_;
  std::size_t accepted_ = 0;
  std::list<std::unique_ptr<Peer>> peers_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace ferry::testing
