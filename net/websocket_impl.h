// Inside of WebSocket. Included by sources of net/ only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/buffers.h"
#include "net/timer.h"
#include "net/websocket.h"
#include "net/websocket_framer.h"
#include "net/write_ledger.h"

namespace ferry::net {

class WebSocket::Impl final : private StreamHandler {
 public:
  // `what`: the connection, for error texts.
  Impl(Loop& loop, std::unique_ptr<ByteStream> lower, std::string what, std::string subprotocol,
       std::size_t max_message);
  ~Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start(WebSocketHandler& handler);
  void pause_reading();
  void resume_reading();
  std::size_t write(Bytes prefix, std::span<const Bytes> pieces);
  std::size_t queued() const { return ledger_.pending(); }
  void ping();
  bool heard() const { return heard_; }
  void close();
  void reset();
  void let_go();
  const std::string& subprotocol() const { return subprotocol_; }

 private:
  using Kind = WebSocketFramer::Kind;

  MutableBytes on_read_buffer() override;
  void on_read(std::size_t n) override;
  void on_end() override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;

  void deliver();
  bool deliver_once();
  bool take_part();
  void offer_part();
  void on_control(const WebSocketFramer::Part& part);
  void on_close_frame();
  void send_pong();
  void put_close(std::uint16_t status);
  std::size_t send(std::size_t payload);
  void finish(Status status);
  void end_of_lower();

  Buffers& buffers_;
  const std::string what_;
  const std::string subprotocol_;
  const std::size_t max_message_;
  std::unique_ptr<ByteStream> lower_;
  WebSocketFramer framer_;
  WebSocketHandler* handler_ = nullptr;  // null: not started, or closed
  bool closed_ = false;
  bool paused_ = false;
  bool delivering_ = false;  // on the stack
  bool starved_ = true;      // no part can be had without further input
  bool lower_ended_ = false;
  bool close_sent_ = false;
  bool heard_ = false;                         // anything, since the last ping
  Buffers::ReadRoom received_;                 // framer_.input() points into it; null: nothing left
  std::optional<WebSocketFramer::Part> part_;  // of a message, not taken by the handler yet
  std::string control_;                        // payload of the control frame that is coming in
  std::optional<std::string> pong_;            // waits until the lower stream's queue is empty
  std::vector<Bytes> message_;                 // scratch of write()
  WriteLedger ledger_;
  Timer soon_;  // for events that would otherwise come from within a call of the handler's
};

}  // namespace ferry::net
