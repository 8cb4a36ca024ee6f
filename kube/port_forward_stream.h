// The one port of a port-forward WebSocket as a net::ByteStream.
//
// As in k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go, each message begins with a byte
// that names its channel. Channel 0 carries data both ways, channel 1 the server's error text. The
// first message on each announces the port: two bytes, the low one first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kube/channel_message.h"
#include "net/byte_stream.h"
#include "net/timer.h"
#include "net/websocket.h"

namespace ferry::kube {

class PortForwardStream final : public net::ByteStream, private net::WebSocketHandler {
 public:
  // A value: both channels were announced, and start() may be called; nothing is read until then.
  // An error: it won't come to that. Exactly once, unless the stream goes before. Neither the
  // stream nor what owns it may be destroyed from within.
  using OnReady = std::function<void(Status)>;

  // `socket`: upgraded and not started. `what` begins the texts of errors: "port-forwarding to
  // ...".
  PortForwardStream(net::Loop& loop, std::unique_ptr<net::WebSocket> socket, std::uint16_t port,
                    std::string what, OnReady on_ready);

  void start(net::StreamHandler& handler) override;
  void pause_reading() override;
  void resume_reading() override;
  using net::ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override;
  std::size_t queued() const override;
  void shutdown() override;
  void reset() override;
  void retire() override;

 private:
  enum class State {
    kAnnouncing,  // what was announced is not complete
    kReady,       // waits for start()
    kOpen,
    kEnded,  // no event comes any more
  };

  std::size_t on_message(Bytes part, bool first, bool last) override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;

  std::size_t take_data(Bytes part);
  void take_announcement(Bytes part, bool last);
  void take_error_text(Bytes part, bool last);
  void finish(Status status);

  std::unique_ptr<net::WebSocket> socket_;
  const std::uint16_t port_;
  const std::string what_;
  OnReady on_ready_;
  net::StreamHandler* handler_ = nullptr;
  State state_ = State::kAnnouncing;
  bool paused_ = false;

  ChannelMessage message_;    // where the reading is
  std::string announced_[2];  // the bytes that came so far, on each channel
  bool is_announced_[2] = {false, false};
  std::string error_text_;

  std::optional<Status> early_end_;  // it ended between on_ready and start()
  net::Timer soon_;                  // reports it
};

}  // namespace ferry::kube
