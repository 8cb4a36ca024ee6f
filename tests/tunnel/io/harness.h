// Two sessions joined over a relay that can be cut, an application's socket on the daemon's side
// and a service's on the proxy's, all on one loop.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/tcp_relay.h"
#include "tests/net/harness.h"
#include "tunnel/greeting.h"
#include "tunnel/io/resume_proof.h"
#include "tunnel/io/session_io.h"

namespace ferry::tunnel::testing {

using net::testing::Recorder;
using net::testing::TestLoop;

// Bytes without a pattern that a shift would hide.
inline std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

// An end of a TCP connection that a test plays, with what it saw.
struct Socket {
  explicit Socket(TestLoop& loop) : seen(loop) {}
  Recorder seen;
  std::unique_ptr<net::ByteStream> stream;

  void write(std::string_view text) { stream->write(as_bytes(text)); }
};

// Records what a SessionIo reports.
class Side final : public SessionEvents {
 public:
  explicit Side(TestLoop& loop) : farewells(*loop), loop_(loop) {}

  int established = 0;
  int resumed = 0;
  std::vector<std::pair<StreamId, Target>> opened;
  std::vector<StreamId> accepted;
  std::map<StreamId, StreamEnd> ended;
  std::vector<Error> lost;
  std::vector<Reason> going_away;
  std::map<std::uint16_t, ListenResult> listens;  // by port, the latest
  std::optional<Error> failed;
  std::function<void(StreamId, const Target&)> on_open;
  std::function<void()> on_lost;

  Farewells farewells;
  std::unique_ptr<SessionIo> io;

 private:
  void on_established(bool was_resumed, const std::string&) override {
    ++(was_resumed ? resumed : established);
    loop_.poke();
  }
  void on_opened(StreamId stream, const Target& target) override {
    opened.emplace_back(stream, target);
    if (on_open) on_open(stream, target);
    loop_.poke();
  }
  void on_accepted(StreamId stream) override {
    accepted.push_back(stream);
    loop_.poke();
  }
  void on_stream_ended(const StreamEnd& end) override {
    EXPECT_TRUE(ended.emplace(end.stream, end).second) << "ended twice";
    loop_.poke();
  }
  void on_carrier_lost(const Error& error) override {
    lost.push_back(error);
    if (on_lost) on_lost();
    loop_.poke();
  }
  void on_going_away(Reason reason, Duration) override {
    going_away.push_back(reason);
    loop_.poke();
  }
  void on_listen_result(const ListenResult& result) override {
    listens[result.port] = result;
    loop_.poke();
  }
  void on_failed(const Error& error) override {
    failed = error;
    loop_.poke();
  }

  TestLoop& loop_;
};

// The proxy's end of carriers: reads the greeting and begins or resumes the one session.
class Gate final : private CarrierSink {
 public:
  Gate(TestLoop& loop, Side& side) : loop_(loop), side_(side) {
    auto listener = net::Listener::create(
        *loop, {"127.0.0.1", 0}, [this](std::unique_ptr<net::ByteStream> stream, net::HostPort) {
          take(std::move(stream));
        });
    EXPECT_TRUE(listener.has_value());
    listener_ = std::move(*listener);
  }
  net::HostPort address() const { return listener_->address(); }
  void take(std::unique_ptr<net::ByteStream> stream) {
    early_.clear();
    carrier_ = std::make_unique<Carrier>(std::move(stream));
    carrier_->set_sink(*this);
  }
  Options options;  // of the session that HELLO makes

 private:
  void on_carrier_bytes(Bytes bytes) override {
    early_.insert(early_.end(), bytes.begin(), bytes.end());
    const auto greeting = read_greeting(early_);
    ASSERT_TRUE(greeting.has_value()) << greeting.error().summary();
    if (std::holds_alternative<GreetingHello>(*greeting)) {
      SessionKeys keys;
      keys.id.fill(1);
      keys.secret.fill(2);
      side_.io = std::make_unique<SessionIo>(
          *loop_, std::make_unique<Session>(Role::kProxy, options, keys), side_, side_.farewells);
      side_.io->attach(std::move(carrier_), early_);
    } else if (const auto* resume = std::get_if<GreetingResume>(&*greeting)) {
      const Proof expected = resume_proof(side_.io->session().keys().secret, as_bytes("same"));
      const Status status = side_.io->accept_resume(carrier_, resume->request, expected,
                                                    Bytes(early_).subspan(resume->size));
      EXPECT_TRUE(status.has_value()) << status.error().summary();
    }
  }
  void on_carrier_drained() override {}
  void on_carrier_closed(Status) override {}

  TestLoop& loop_;
  Side& side_;
  std::vector<std::uint8_t> early_;
  std::unique_ptr<Carrier> carrier_;
  std::unique_ptr<net::Listener> listener_;
};

// Counts what is written to the stream below.
class CountedStream final : public net::ByteStream {
 public:
  CountedStream(std::unique_ptr<net::ByteStream> lower, int& writes)
      : lower_(std::move(lower)), writes_(writes) {}

  void start(net::StreamHandler& handler) override { lower_->start(handler); }
  void pause_reading() override { lower_->pause_reading(); }
  void resume_reading() override { lower_->resume_reading(); }
  using ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override {
    ++writes_;
    return lower_->write(pieces);
  }
  std::size_t queued() const override { return lower_->queued(); }
  void shutdown() override { lower_->shutdown(); }
  void reset() override { lower_->reset(); }
  void retire() override { lower_->retire(); }

 private:
  std::unique_ptr<net::ByteStream> lower_;
  int& writes_;
};

class World {
 public:
  TestLoop loop;
  int carrier_writes = 0;  // the daemon's
  Side daemon{loop};
  Side proxy{loop};
  Gate gate{loop, proxy};
  ferry::testing::TcpRelay relay{*loop, gate.address()};

  World() {
    daemon.io = std::make_unique<SessionIo>(
        *loop, std::make_unique<Session>(Role::kDaemon, Options{}), daemon, daemon.farewells);
  }

  void begin() {
    connect([this](auto carrier) { daemon.io->attach(std::move(carrier)); });
    ASSERT_TRUE(loop.run_until([this] { return daemon.established && proxy.established; }));
  }

  // Resumes as soon as the connection is there.
  void resume() {
    connect([this](auto carrier) {
      const Proof proof = resume_proof(daemon.io->session().keys().secret, as_bytes("same"));
      daemon.io->resume(std::move(carrier), proof);
    });
  }

  // A socket of the test's, and the other end of it for a SessionIo.
  std::pair<std::unique_ptr<Socket>, std::unique_ptr<net::ByteStream>> socket() {
    auto pair = net::testing::connect_tcp(loop);
    auto socket = std::make_unique<Socket>(loop);
    socket->stream = std::move(pair.client);
    socket->stream->start(socket->seen);
    return {std::move(socket), std::move(pair.server)};
  }

  struct Stream {
    StreamId id = 0;
    std::unique_ptr<Socket> app;
    std::unique_ptr<Socket> service;
  };

  // A stream that both ends have joined.
  Stream open() {
    Stream stream;
    auto [app, local] = socket();
    stream.app = std::move(app);
    const auto id = daemon.io->open({"svc", 80}, std::move(local));
    EXPECT_TRUE(id.has_value());
    stream.id = *id;
    loop.run_until([&] { return !proxy.opened.empty() && proxy.opened.back().first == *id; });
    auto [service, dialled] = socket();
    stream.service = std::move(service);
    proxy.io->accept(*id, std::move(dialled));
    loop.run_until([&] { return !daemon.accepted.empty() && daemon.accepted.back() == *id; });
    return stream;
  }

 private:
  void connect(std::function<void(std::unique_ptr<Carrier>)> use) {
    dial_ = std::make_unique<net::Dial>(
        *loop, relay.address(), net::DialOptions{}, [this, use = std::move(use)](auto stream) {
          ASSERT_TRUE(stream.has_value());
          use(std::make_unique<Carrier>(
              std::make_unique<CountedStream>(std::move(*stream), carrier_writes)));
        });
  }

  std::unique_ptr<net::Dial> dial_;
};

}  // namespace ferry::tunnel::testing
