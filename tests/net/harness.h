// What the tests of net/ share: a loop that runs until something is so, handlers that record, and
// pairs of connected streams.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/byte_stream.h"
#include "net/dialer.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::net::testing {

// Everything that happens in a test calls poke(), which looks whether what is waited for is so.
class TestLoop {
 public:
  Loop& operator*() { return loop_; }
  Loop* operator->() { return &loop_; }

  // False, with a test failure, if it isn't so in time.
  bool run_until(const std::function<bool()>& condition,
                 Duration patience = std::chrono::seconds(20)) {
    if (condition()) return true;
    condition_ = condition;
    bool late = false;
    Timer deadline(loop_, [&] {
      late = true;
      loop_.stop();
    });
    deadline.start(patience);
    loop_.run();
    condition_ = nullptr;
    EXPECT_FALSE(late) << "what the test waited for did not happen";
    return !late;
  }

  // Lets everything happen that is already on its way, and then some.
  void run_for(Duration duration) {
    Timer timer(loop_, [this] { loop_.stop(); });
    timer.start(duration);
    loop_.run();
  }

  void poke() {
    if (condition_ && condition_()) loop_.stop();
  }

 private:
  Loop loop_;
  std::function<bool()> condition_;
};

// Records what a stream reports, and checks the order of it.
class Recorder final : public StreamHandler {
 public:
  explicit Recorder(TestLoop& loop) : loop_(loop) {}

  std::string received;
  std::size_t written = 0;
  bool ended = false;
  std::optional<Status> closed;
  std::size_t room = 64 * std::size_t{1024};  // offered for each read; 0: no room
  std::function<void()> on_event;             // after each event has been recorded

  bool closed_well() const { return closed && closed->has_value(); }
  bool closed_badly() const { return closed && !closed->has_value(); }
  const Error& error() const { return closed->error(); }

  MutableBytes on_read_buffer() override {
    EXPECT_FALSE(ended || closed) << "a read after the end";
    buffer_.resize(room);
    event();
    return buffer_;
  }
  void on_read(std::size_t n) override {
    EXPECT_GT(n, 0U);
    EXPECT_LE(n, buffer_.size());
    EXPECT_FALSE(ended || closed) << "bytes after the end";
    received += as_text(Bytes(buffer_).first(n));
    event();
  }
  void on_end() override {
    EXPECT_FALSE(ended || closed);
    ended = true;
    event();
  }
  void on_written(std::size_t n) override {
    EXPECT_GT(n, 0U);
    EXPECT_FALSE(closed);
    written += n;
    event();
  }
  void on_closed(Status status) override {
    EXPECT_FALSE(closed) << "closed twice";
    closed = std::move(status);
    event();
  }

 private:
  void event() {
    if (on_event) on_event();
    loop_.poke();
  }

  TestLoop& loop_;
  std::vector<std::uint8_t> buffer_;
};

struct StreamPair {
  std::unique_ptr<ByteStream> client;
  std::unique_ptr<ByteStream> server;
};

inline StreamPair connect_tcp(TestLoop& loop) {
  StreamPair pair;
  auto listener =
      Listener::create(*loop, {"127.0.0.1", 0}, [&](std::unique_ptr<ByteStream> stream, HostPort) {
        pair.server = std::move(stream);
        loop.poke();
      });
  EXPECT_TRUE(listener.has_value());
  Dial dial(*loop, (*listener)->address(), {}, [&](auto stream) {
    EXPECT_TRUE(stream.has_value()) << stream.error().summary();
    if (stream) pair.client = std::move(*stream);
    loop.poke();
  });
  loop.run_until([&] { return pair.client && pair.server; });
  return pair;
}

}  // namespace ferry::net::testing
