#include "daemon/http_ask.h"

#include <gtest/gtest.h>

#include <array>

#include "net/loop.h"

namespace ferry::daemon {
namespace {

// The other side of the stream: gives room for `room` bytes at a time, and keeps what comes.
class Peer final : public net::StreamHandler {
 public:
  MutableBytes on_read_buffer() override { return MutableBytes(buffer_).first(room); }
  void on_read(std::size_t n) override { got += as_text(Bytes(buffer_).first(n)); }
  void on_end() override {}
  void on_written(std::size_t) override {}
  void on_closed(Status) override {}

  std::size_t room = 16;
  std::string got;

 private:
  std::array<std::uint8_t, 4096> buffer_{};
};

class HttpAskTest : public ::testing::Test {
 protected:
  void SetUp() override { ask_.start(peer_); }
  // What follows from these pieces of an answer.
  std::optional<Result<int>> after(std::initializer_list<std::string_view> pieces) {
    for (const auto piece : pieces) ask_.net::ByteStream::write(as_bytes(piece));
    loop_.run();
    return answer_;
  }

  net::Loop loop_;
  Peer peer_;
  std::optional<Result<int>> answer_;
  int answers_ = 0;
  std::shared_ptr<HttpAsk::OnAnswer> on_answer_ =
      std::make_shared<HttpAsk::OnAnswer>([this](Result<int> answer) {
        ++answers_;
        answer_.emplace(std::move(answer));
      });
  HttpAsk ask_{loop_, "10.0.0.7", "/healthz", on_answer_};
};

TEST_F(HttpAskTest, AsksForThePathPieceByPiece) {
  EXPECT_FALSE(after({}));
  EXPECT_TRUE(peer_.got.starts_with("GET /healthz HTTP/1.1\r\nHost: 10.0.0.7\r\n")) << peer_.got;
  EXPECT_TRUE(peer_.got.ends_with("\r\n\r\n"));
}

TEST_F(HttpAskTest, WaitsForRoom) {
  peer_.room = 0;
  after({});
  EXPECT_EQ(peer_.got, "");
  peer_.room = 1000;
  ask_.resume_reading();
  after({});
  EXPECT_TRUE(peer_.got.ends_with("\r\n\r\n"));
}

TEST_F(HttpAskTest, ReadsTheStatusOnce) {
  const auto answer = after({"HTT", "P/1.1 50", "3 Service Unavailable\r\nX: y\r\n", "\r\nbody"});
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ(**answer, 503);
  ask_.shutdown();
  loop_.run();
  EXPECT_EQ(answers_, 1);
}

TEST_F(HttpAskTest, WhatIsNoHttpIsSaidToBe) {
  for (const auto* line : {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 999 x\r\n", "HTTP/2\n"}) {
    HttpAsk ask(loop_, "h", "/", on_answer_);
    ask.start(peer_);
    ask.net::ByteStream::write(as_bytes(std::string_view(line)));
    loop_.run();
    ASSERT_TRUE(answer_ && !*answer_) << line;
    EXPECT_EQ(answer_->error().code, ErrorCode::kProtocol);
    answer_.reset();
  }
}

TEST_F(HttpAskTest, ALineWithoutEndIsNotWaitedFor) {
  const std::string endless(100'000, 'x');
  const auto answer = after({endless});
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().code, ErrorCode::kProtocol);
}

TEST_F(HttpAskTest, ACloseWithoutAWordIsToldFromWords) {
  ask_.shutdown();
  const auto answer = after({});
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().why, "it is closed without an answer");
}

TEST_F(HttpAskTest, NobodyIsToldWhoHasLetGo) {
  on_answer_.reset();
  EXPECT_FALSE(after({"HTTP/1.1 200 OK\r\n"}));
}

}  // namespace
}  // namespace ferry::daemon
