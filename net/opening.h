// A short exchange at the head of a connection, after which somebody else has the connection: a
// proxy's handshake, an upgrade. Included by sources of net/ only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/byte_queue.h"
#include "base/result.h"
#include "base/time.h"
#include "net/byte_stream.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::net {

// A stream that may be started a second time, by another handler, which first gets what the one
// before left unread.
class HandoverStream final : public ByteStream, private StreamHandler {
 public:
  HandoverStream(Loop& loop, std::unique_ptr<ByteStream> lower);

  // The handler gets no more events; the next one begins with `unread`.
  void hand_over(Bytes unread);

  void start(StreamHandler& handler) override;
  void pause_reading() override;
  void resume_reading() override;
  using ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override { return lower_->write(pieces); }
  std::size_t queued() const override { return lower_->queued() + unreported_; }
  void shutdown() override { lower_->shutdown(); }
  void reset() override;
  void retire() override;

 private:
  MutableBytes on_read_buffer() override;
  void on_read(std::size_t n) override { handler_->on_read(n); }
  void on_end() override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;
  void catch_up();
  bool deliver_unread();

  std::unique_ptr<ByteStream> lower_;
  bool lower_started_ = false;
  StreamHandler* handler_ = nullptr;
  bool paused_ = false;
  ByteQueue unread_;
  bool end_held_ = false;             // on_end() waits for the handler
  std::optional<Status> close_held_;  // on_closed() does
  std::size_t unreported_ = 0;        // on_written() does
  Timer soon_;
};

struct OpeningStep {
  std::size_t consumed = 0;  // bytes of what had come
  std::string send = {};
  bool done = false;  // what was not consumed belongs to the next handler
};

class Opening final : private StreamHandler {
 public:
  // Looks at all that has come and was not consumed; `ended`: nothing more will. No step forward
  // (nothing consumed, sent or done) waits for more.
  using Advance = std::function<Result<OpeningStep>(Bytes received, bool ended)>;
  using Done = std::function<void(Result<std::unique_ptr<ByteStream>>)>;

  struct Options {
    std::string what;   // for error texts: what is tried, with whom
    std::string hello;  // sent at once
    Duration timeout{};
    std::size_t max_received = 0;  // bytes not consumed; one more is an error
  };

  // `done`: exactly once, never from within the constructor, and the opening may be destroyed in
  // it. `refusal`: given, it fails with that.
  Opening(Loop& loop, std::unique_ptr<ByteStream> lower, Options options, Advance advance,
          Done done, std::optional<Error> refusal = std::nullopt);
  ~Opening() = default;
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  void retire();

 private:
  MutableBytes on_read_buffer() override;
  void on_read(std::size_t n) override;
  void on_end() override;
  void on_written(std::size_t) override {}
  void on_closed(Status status) override;
  void advance();
  void finish(Status status);
  void report();

  const Options options_;
  const Advance advance_;
  Done done_;
  std::unique_ptr<HandoverStream> stream_;
  ByteQueue received_;
  std::vector<std::uint8_t> room_;
  bool ended_ = false;
  std::optional<Status> outcome_;
  Timer deadline_;
  Timer report_;
};

}  // namespace ferry::net
