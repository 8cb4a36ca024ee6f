#include "daemon/direct_connection.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <utility>

#include "daemon/direct_route.h"
#include "tests/net/harness.h"

namespace ferry::daemon {
namespace {

// A stream that the test speaks for.
class ScriptedStream final : public net::ByteStream {
 public:
  struct End {
    net::StreamHandler* handler = nullptr;
    std::string written;
    bool shut_down = false;
    bool was_reset = false;

    void send(std::string_view text) {
      const auto place = handler->on_read_buffer();
      ASSERT_GE(place.size(), text.size());
      std::copy(text.begin(), text.end(), place.begin());
      handler->on_read(text.size());
    }
    bool would_be_read() { return !handler->on_read_buffer().empty(); }
  };

  explicit ScriptedStream(End& end) : end_(end) {}
  void start(net::StreamHandler& handler) override { end_.handler = &handler; }
  void pause_reading() override {}
  void resume_reading() override {}
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t sum = 0;
    for (const Bytes piece : pieces) {
      end_.written += as_text(piece);
      sum += piece.size();
    }
    return sum;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override { end_.shut_down = true; }
  void reset() override { end_.was_reset = true; }

 private:
  End& end_;
};

class ScriptedDialer final : public PodDialer {
 public:
  std::unique_ptr<net::Disposable> dial(const PodPort& target, Callback callback) override {
    asked.push_back(target.pod);
    answer = std::move(callback);
    return std::make_unique<net::Disposable>();
  }
  std::vector<std::string> asked;
  Callback answer;
};

class DirectConnectionTest : public ::testing::Test {
 protected:
  DirectConnectionTest() {
    connection_ = std::make_unique<DirectConnection>(
        *loop_, dialer_, std::vector<PodPort>{{"a", 80}, {"b", 80}},
        std::make_unique<ScriptedStream>(local_),
        DirectConnection::Callbacks{
            .on_connected = [this] { connected_ = true; },
            .on_end = [this](DirectConnection&, const ConnectionEnd& end) { end_ = end; }});
  }
  void agree(ScriptedStream::End& pod) { dialer_.answer(std::make_unique<ScriptedStream>(pod)); }
  static Status error(const std::string& why) {
    return fail(ErrorCode::kUnreachable, "port-forward", why);
  }

  net::testing::TestLoop loop_;
  ScriptedDialer dialer_;
  ScriptedStream::End local_;
  ScriptedStream::End a_;
  ScriptedStream::End b_;
  bool connected_ = false;
  std::optional<ConnectionEnd> end_;
  std::unique_ptr<DirectConnection> connection_;
};

TEST_F(DirectConnectionTest, AfterARefusalInThePodTheNextOneGetsWhatTheClientSent) {
  agree(a_);
  local_.send("hello");
  EXPECT_EQ(a_.written, "hello");
  a_.handler->on_closed(error("failed to connect to localhost:80 inside namespace"));
  EXPECT_EQ(dialer_.asked, (std::vector<std::string>{"a", "b"}));
  agree(b_);
  EXPECT_EQ(b_.written, "hello");
  b_.send("world");
  EXPECT_EQ(local_.written, "world");
  EXPECT_TRUE(connected_);
}

TEST_F(DirectConnectionTest, WhatAPodMayHaveActedOnIsNotSentToAnother) {
  agree(a_);
  local_.send("POST /order");
  a_.handler->on_closed(error("read: connection reset by peer"));
  EXPECT_EQ(dialer_.asked.size(), 1U);
  ASSERT_TRUE(end_ && end_->error);
  EXPECT_TRUE(local_.was_reset);
}

TEST_F(DirectConnectionTest, AfterTheFirstAnswerNoOtherPodIsTried) {
  agree(a_);
  a_.send("hi");
  a_.handler->on_closed(error("failed to connect"));
  EXPECT_EQ(dialer_.asked.size(), 1U);
  ASSERT_TRUE(end_);
  EXPECT_TRUE(end_->opened);
  EXPECT_TRUE(end_->error);
}

TEST_F(DirectConnectionTest, WhenNoPodIsLeftTheLastErrorIsTold) {
  dialer_.answer(fail(ErrorCode::kNotFound, "port-forward", "pods \"a\" not found"));
  dialer_.answer(fail(ErrorCode::kNotFound, "port-forward", "pods \"b\" not found"));
  ASSERT_TRUE(end_ && end_->error);
  EXPECT_FALSE(end_->opened);
  EXPECT_EQ(end_->error->why, "pods \"b\" not found");
  EXPECT_TRUE(local_.was_reset);
}

TEST_F(DirectConnectionTest, TheEndOfThePodsSideReachesTheClientInOrder) {
  agree(a_);
  a_.send("bye");
  a_.handler->on_end();
  EXPECT_TRUE(local_.shut_down);
  a_.handler->on_closed({});
  EXPECT_FALSE(end_);  // the client has not ended yet
  local_.handler->on_end();
  local_.handler->on_closed({});
  ASSERT_TRUE(end_);
  EXPECT_FALSE(end_->error);
  EXPECT_FALSE(local_.was_reset);
}

TEST_F(DirectConnectionTest, AClientThatVanishesIsNoError) {
  agree(a_);
  local_.handler->on_closed(fail(ErrorCode::kReset, "reading", "connection reset by peer"));
  ASSERT_TRUE(end_);
  EXPECT_FALSE(end_->error);
  EXPECT_TRUE(a_.was_reset);
}

TEST_F(DirectConnectionTest, SilenceAfterTheNodesWordCountsAsConnected) {
  agree(a_);
  EXPECT_FALSE(connected_);
  loop_.run_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(connected_);
}

TEST_F(DirectConnectionTest, HowLongSilenceHasToLastIsUpToTheCaller) {
  const auto settles_after = [this](Duration settling, bool& connected, ScriptedStream::End& local,
                                    ScriptedStream::End& pod) {
    auto connection = std::make_unique<DirectConnection>(
        *loop_, dialer_, std::vector<PodPort>{{"a", 80}}, std::make_unique<ScriptedStream>(local),
        DirectConnection::Callbacks{.on_connected =
                                        [this, &connected] {
                                          connected = true;
                                          loop_.poke();
                                        },
                                    .on_end = [](DirectConnection&, const ConnectionEnd&) {}},
        settling);
    agree(pod);
    return connection;
  };
  bool soon = false;
  bool late = false;
  ScriptedStream::End other;
  const auto patient = settles_after(std::chrono::hours(1), late, local_, a_);
  const auto brief = settles_after(std::chrono::milliseconds(1), soon, other, b_);
  loop_.run_until([&] { return soon; });
  EXPECT_FALSE(late);
}

TEST(DirectRouteTest, TakesSoManyConnectionsOnly) {
  struct Ends final : ConnectionObserver {
    void on_connected(std::size_t) override {}
    void on_ended(std::size_t, const ConnectionEnd& end) override { error = end.error; }
    std::optional<Error> error;
  } ends;
  net::testing::TestLoop loop;
  DirectRoute route(*loop, std::make_unique<ScriptedDialer>(), {.name = "svc/app"}, 2);
  route.set_view({.pods = {{.name = "a", .ports = {80}}}});
  std::array<ScriptedStream::End, 3> locals;
  for (auto& local : locals) {
    EXPECT_FALSE(ends.error);
    route.carry(0, std::make_unique<ScriptedStream>(local), ends);
  }
  ASSERT_TRUE(ends.error);
  EXPECT_EQ(ends.error->code, ErrorCode::kExhausted);
  EXPECT_TRUE(locals[2].was_reset);
  EXPECT_FALSE(locals[1].was_reset);
  EXPECT_EQ(route.traffic(ends).connections, 2U);
  route.forget(ends);
}

}  // namespace
}  // namespace ferry::daemon
