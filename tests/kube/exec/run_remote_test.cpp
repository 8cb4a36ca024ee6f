#include "kube/exec/run_remote.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <thread>
#include <utility>

#include "base/write_all.h"
#include "tests/kube/test_server.h"
#include "tests/kube/websocket_peer.h"

namespace ferry::exec {
namespace {

using kube::Connection;
using kube::HttpMessage;
using kube::HttpServer;
using kube::Reply;
using kube::WebSocketPeer;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kSuccess = "\3{\"status\":\"Success\"}";
constexpr const char* kExit3 =
    "\3{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":"
    "[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}";

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close_one(ends_[0]); }
  void close_write() { close_one(ends_[1]); }
  std::string read_some() const {
    std::string text(1 << 16, '\0');
    const ssize_t n = read(read_end(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  // Up to its end.
  std::string read_all() const {
    std::string all;
    for (std::string some = read_some(); !some.empty(); some = read_some()) all += some;
    return all;
  }

 private:
  static void close_one(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
  }
  std::array<int, 2> ends_{-1, -1};
};

class RunRemoteTest : public testing::Test {
 protected:
  using Script = std::function<void(WebSocketPeer&)>;

  RunRemoteTest() {
    config_.server.tls = false;
    config_.server.address.host = "127.0.0.1";
    command_ = {.ns = "demo", .pod = "web-1", .container = "app", .command = {"sh"}};
    local_.input = input_.read_end();
    local_.output = output_.write_end();
    local_.errors = errors_.write_end();
    local_.on_note = [this](const std::string& note) { notes_.push_back(note); };
  }

  void serve(Script script, const std::string& protocol = kWithClose) {
    serve_http([script = std::move(script), protocol](
                   const HttpMessage& request, Connection& connection) -> std::optional<Reply> {
      WebSocketPeer peer(connection);
      if (peer.accept(request, protocol)) script(peer);
      return std::nullopt;
    });
  }
  void serve_http(HttpServer::Responder responder) {
    server_ = std::make_unique<HttpServer>(std::move(responder));
    config_.server.address.port = server_->port();
  }

  Result<int> run() {
    auto outcome = run_remote(std::make_shared<kube::Credentials>(config_), command_, local_);
    output_.close_write();
    errors_.close_write();
    return outcome;
  }

  kube::ClusterConfig config_;
  RemoteCommand command_;
  LocalEnd local_;
  Pipe input_;
  Pipe output_;
  Pipe errors_;
  std::vector<std::string> notes_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(RunRemoteTest, KeepsTheStreamsApartAndReturnsTheExitCode) {
  serve([](WebSocketPeer& peer) {
    peer.send(2, "\1");
    peer.send(2, "\1out");
    peer.send(2, "\2err");
    peer.send(2, "\1put\n");
    peer.send(2, kExit3);
    peer.close();
  });
  const auto code = run();
  ASSERT_TRUE(code) << code.error().summary();
  EXPECT_EQ(*code, 3);
  EXPECT_EQ(output_.read_all(), "output\n");
  EXPECT_EQ(errors_.read_all(), "err");
  const auto request = server_->requests().at(0);
  EXPECT_EQ(request.target, "/api/v1/namespaces/demo/pods/web-1/exec?" + query_of(command_));
  EXPECT_EQ(request.header("sec-websocket-protocol"), "v5.channel.k8s.io, v4.channel.k8s.io");
}

TEST_F(RunRemoteTest, PassesInputOnAndThenItsEnd) {
  command_.input = true;
  write_all(input_.write_end(), "hello");
  std::vector<std::string> got;
  serve([&](WebSocketPeer& peer) {
    got.push_back(peer.read()->payload);
    input_.close_write();
    got.push_back(peer.read()->payload);
    peer.send(2, kSuccess);
    peer.close();
  });
  ASSERT_TRUE(run());
  EXPECT_THAT(got, ElementsAre(std::string("\0hello", 6), std::string("\xff\0", 2)));
  EXPECT_TRUE(notes_.empty());
}

TEST_F(RunRemoteTest, SaysWhereTheServerCannotBeToldOfTheEnd) {
  command_.input = true;
  input_.close_write();
  std::promise<void> noted;
  local_.on_note = [&](const std::string&) { noted.set_value(); };
  serve(
      [&](WebSocketPeer& peer) {
        noted.get_future().wait();
        peer.send(2, kSuccess);
        peer.close();
      },
      kWithoutClose);
  ASSERT_TRUE(run());
}

TEST_F(RunRemoteTest, WithoutInputNothingIsRead) {
  write_all(input_.write_end(), "for others");
  serve([](WebSocketPeer& peer) {
    peer.send(2, kSuccess);
    peer.close();
  });
  ASSERT_TRUE(run());
  EXPECT_EQ(input_.read_some(), "for others");
}

TEST_F(RunRemoteTest, TheTerminalsSizeGoesFirstAndAgainWhenItChanges) {
  command_.input = true;
  command_.terminal = true;
  // Thread sanitizer may hold a signal back that comes to a thread which only waits.
  const pthread_t loops_thread = pthread_self();
  int asked = 0;
  local_.terminal_size = [&] {
    ++asked;
    return TerminalSize{80, asked == 1 ? std::uint16_t{24} : std::uint16_t{50}};
  };
  std::vector<std::string> got;
  serve([&](WebSocketPeer& peer) {
    got.push_back(peer.read()->payload);
    pthread_kill(loops_thread, SIGWINCH);
    got.push_back(peer.read()->payload);
    peer.send(2, kSuccess);
    peer.close();
  });
  ASSERT_TRUE(run());
  EXPECT_THAT(got, ElementsAre("\4{\"Width\":80,\"Height\":24}", "\4{\"Width\":80,\"Height\":50}"));
}

TEST_F(RunRemoteTest, AReaderWhoIsSlowGetsItAll) {
  constexpr int kMessages = 200;
  const std::string piece(30'000, 'x');
  serve([&](WebSocketPeer& peer) {
    for (int i = 0; i < kMessages; ++i) peer.send(2, "\1" + piece);
    peer.send(2, kSuccess);
    peer.close();
  });
  auto outcome = std::async(std::launch::async, [this] { return run(); });
  std::string all = output_.read_some();
  all += output_.read_all();
  ASSERT_TRUE(outcome.get());
  EXPECT_EQ(all.size(), piece.size() * kMessages);
}

TEST_F(RunRemoteTest, WhereNobodyReadsAnyMoreItEndsAsIfByThatSignal) {
  std::signal(SIGPIPE, SIG_IGN);
  output_.close_read();
  serve([](WebSocketPeer& peer) {
    while (peer.send(2, "\1y\n")) {
    }
  });
  const auto code = run();
  ASSERT_TRUE(code) << code.error().summary();
  EXPECT_EQ(*code, 128 + SIGPIPE);
}

TEST_F(RunRemoteTest, AConnectionThatIsCutIsNotTheCommandsEnd) {
  serve([](WebSocketPeer& peer) { peer.send(2, "\1half"); });
  const auto code = run();
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, ErrorCode::kReset);
  EXPECT_THAT(code.error().what, HasSubstr("running 'sh' in container app of pod web-1"));
  EXPECT_EQ(output_.read_all(), "half");
}

TEST_F(RunRemoteTest, ACloseWithoutAStatusIsNotTheCommandsEnd) {
  serve([](WebSocketPeer& peer) { peer.close(); });
  EXPECT_EQ(run().error().code, ErrorCode::kReset);
}

TEST_F(RunRemoteTest, ItCanBeCancelledWhileTheCommandRuns) {
  kube::CancelToken cancel;
  local_.cancel = &cancel;
  serve([&](WebSocketPeer& peer) {
    cancel.cancel();
    EXPECT_FALSE(peer.read());  // the end of the connection
  });
  EXPECT_EQ(run().error().code, ErrorCode::kCancelled);
  server_.reset();  // its thread uses the token
}

TEST_F(RunRemoteTest, ACancelledOneDoesNotWaitForWhoReadsItsOutput) {
  kube::CancelToken cancel;
  local_.cancel = &cancel;
  serve([&](WebSocketPeer& peer) {
    const std::string piece(30'000, 'x');
    for (int i = 0; i < 10; ++i) peer.send(2, "\1" + piece);  // nobody reads
    cancel.cancel();
    while (peer.read()) {
    }
  });
  EXPECT_EQ(run().error().code, ErrorCode::kCancelled);
  server_.reset();  // its thread uses the token
}

TEST_F(RunRemoteTest, WhatItSaidIsWrittenBeforeItIsSaidToHaveEnded) {
  std::promise<void> ended;
  std::atomic<bool> read = false;
  bool read_before_the_end = false;
  local_.on_ended = [&] {
    read_before_the_end = read;
    ended.set_value();
  };
  serve([&](WebSocketPeer& peer) {
    peer.send(2, "\1" + std::string(200'000, 'x'));  // more than the pipe holds
    peer.send(2, kSuccess);
    peer.close();
  });
  auto outcome = std::async(std::launch::async, [this] { return run(); });
  // Only what is wrong would end before somebody reads; it gets the time to.
  ended.get_future().wait_for(std::chrono::milliseconds(300));
  read = true;
  EXPECT_EQ(output_.read_all().size(), 200'000U);
  ASSERT_TRUE(outcome.get());
  EXPECT_TRUE(read_before_the_end);
}

TEST_F(RunRemoteTest, ItCanBeCancelledBeforeItBegins) {
  kube::CancelToken cancel;
  cancel.cancel();
  local_.cancel = &cancel;
  serve([](WebSocketPeer& peer) { peer.read(); });
  EXPECT_EQ(run().error().code, ErrorCode::kCancelled);
}

TEST_F(RunRemoteTest, AnAttachAsksForTheOtherSubresource) {
  command_.command.clear();
  serve([](WebSocketPeer& peer) {
    peer.send(2, kSuccess);
    peer.close();
  });
  ASSERT_TRUE(run());
  EXPECT_THAT(server_->requests().at(0).target, HasSubstr("/pods/web-1/attach?container=app&"));
}

TEST_F(RunRemoteTest, AServerThatAnswersNoMoreIsGivenUp) {
  local_.beat = std::chrono::milliseconds(20);
  serve([](WebSocketPeer& peer) {
    while (peer.read()) {  // pings, among others
    }
  });
  const auto code = run();
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, ErrorCode::kTimedOut);
}

TEST_F(RunRemoteTest, AServerThatAnswersIsAskedAgain) {
  local_.beat = std::chrono::milliseconds(250);
  int pings = 0;
  serve([&](WebSocketPeer& peer) {
    // More than would be borne in silence.
    for (; pings < 5; ++pings) {
      EXPECT_EQ(peer.read()->opcode, 9);
      peer.send(10, "");
    }
    peer.send(2, kSuccess);
    peer.close();
  });
  ASSERT_TRUE(run());
  EXPECT_EQ(pings, 5);
}

TEST_F(RunRemoteTest, ACommandThatReadsNothingIsNotTakenForADeadServer) {
  command_.input = true;
  local_.beat = std::chrono::milliseconds(100);
  write_all(input_.write_end(), std::string(8'000, 'x'));
  serve([](WebSocketPeer& peer) {
    // Once the input is there, more pings are left unanswered than would be borne otherwise.
    bool input = false;
    for (int pings = 0; pings < 8;) {
      const auto frame = peer.read();
      ASSERT_TRUE(frame) << "given up after " << pings << " pings";
      input = input || frame->opcode == 2;
      pings += input && frame->opcode == 9 ? 1 : 0;
    }
    peer.send(2, kSuccess);
    peer.close();
  });
  const auto code = run();
  EXPECT_TRUE(code) << code.error().summary();
}

TEST_F(RunRemoteTest, ARefusalKeepsTheServersWords) {
  serve_http([](const HttpMessage&, Connection&) {
    return Reply{403,
                 R"({"kind":"Status","status":"Failure","reason":"Forbidden","code":403,)"
                 R"("message":"User \"jane\" cannot get resource \"pods/exec\""})",
                 {"Content-Type: application/json"}};
  });
  const auto code = run();
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, ErrorCode::kForbidden);
  EXPECT_THAT(code.error().why, HasSubstr("cannot get resource"));
  EXPECT_THAT(code.error().fix, HasSubstr("'pods/exec'"));
}

}  // namespace
}  // namespace ferry::exec
