// Inside of TlsStream. Included by sources of net/ only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/buffers.h"
#include "net/timer.h"
#include "net/tls.h"
#include "net/tls_engine.h"
#include "net/write_ledger.h"

namespace ferry::net {

class TlsStream::Impl final : public StreamHandler {
 public:
  using OnHandshake = std::function<void(Status)>;

  Impl(Loop& loop, std::unique_ptr<TlsEngine> engine, std::unique_ptr<ByteStream> lower,
       std::string peer);
  ~Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // `on_handshake`: once, maybe from within begin(); the stream must not be destroyed in it.
  void begin(OnHandshake on_handshake);
  void close();

  void start(StreamHandler& handler);
  void pause_reading();
  void resume_reading();
  std::size_t write(std::span<const Bytes> pieces);
  std::size_t queued() const { return ledger_.pending(); }
  void shutdown();
  void reset();
  const TlsEngine& engine() const { return *engine_; }

 private:
  enum class Stage { kHandshake, kReady, kOpen, kClosed };
  enum class Reading { kOn, kPaused, kEnded };

  MutableBytes on_read_buffer() override;
  void on_read(std::size_t n) override;
  void on_end() override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;

  void shake_hands();
  void end_handshake(Status status);
  void deliver();
  bool deliver_once();
  void end_reading();
  bool stage_record(Bytes& piece);
  std::size_t send(std::size_t plain);
  void catch_up();
  void close_if_both_ended();
  void fail_with(Error error);
  Error cut() const;

  Buffers& buffers_;
  const std::string peer_;
  std::unique_ptr<TlsEngine> engine_;
  std::unique_ptr<ByteStream> lower_;
  OnHandshake on_handshake_;
  StreamHandler* handler_ = nullptr;
  Stage stage_ = Stage::kHandshake;
  Reading reading_ = Reading::kPaused;
  std::size_t handshake_bytes_ = 0;     // that came
  bool delivering_ = false;             // on the stack
  bool starved_ = false;                // nothing can be read without further input
  bool write_ended_ = false;            // close_notify was sent
  bool lower_ended_ = false;            // its last byte has come
  bool lower_closed_ = false;           // and it takes no more
  std::optional<Error> lower_failure_;  // came before start()
  std::size_t unreported_ = 0;          // handed on before start()
  Buffers::ReadRoom received_;          // engine_->input() points into it; null: nothing left
  std::vector<std::uint8_t> record_;    // small pieces on their way into one record
  WriteLedger ledger_;
  Timer soon_;  // for events that would otherwise come from within a call of the handler's
};

}  // namespace ferry::net
