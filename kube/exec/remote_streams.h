// The streams of a command in a container, over the WebSocket of exec or attach.
//
// Holds no data of its own: what a handler doesn't take stays in the connection, so that a command
// that says more than is read here waits; what the connection doesn't take is counted by queued(),
// and whoever writes keeps that small.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "kube/channel_message.h"
#include "kube/exec/channels.h"
#include "net/timer.h"
#include "net/websocket.h"

namespace ferry::exec {

// Not owned by the streams; must live until they are gone.
class RemoteHandler {
 public:
  // What the command said on kOutput or kErrors. Returns how many bytes were taken; fewer than all
  // pauses both, until resume(), and the rest comes again.
  virtual std::size_t on_output(Channel channel, Bytes part) = 0;
  // queued() has become less.
  virtual void on_written() = 0;
  // The last event: the exit code. Errors: what kept it from running; kReset, kUnreachable: the
  // connection was lost, and nobody knows what became of the command. The streams may not be
  // destroyed from within.
  virtual void on_ended(Result<int> exit_code) = 0;

 protected:
  ~RemoteHandler() = default;
};

class RemoteStreams final : private net::WebSocketHandler {
 public:
  // `socket`: upgraded and not started; it is started. `what`: describe() of the command.
  RemoteStreams(net::Loop& loop, std::unique_ptr<net::WebSocket> socket, std::string what,
                RemoteHandler& handler);
  RemoteStreams(const RemoteStreams&) = delete;
  RemoteStreams& operator=(const RemoteStreams&) = delete;

  void write(Bytes input);
  std::size_t queued() const { return ended_ ? 0 : socket_->queued(); }
  // False: the server has no word for it, and the command goes on waiting for more.
  bool end_input();
  void resize(TerminalSize size);
  void resume();
  // To be called every so often: asks the server for a sign of life. After three in a row without
  // one it ends with kTimedOut: nobody would tell of a connection that is gone without a word.
  // While we don't read, or the command doesn't read what it got (the server then does nothing
  // else), that can't be judged.
  void beat();
  // No event follows.
  void reset();

 private:
  std::size_t on_message(Bytes part, bool first, bool last) override;
  void on_written(std::size_t n) override;
  void on_closed(Status status) override;

  std::size_t take(Bytes part);
  void end();
  void end(Error error);
  void send(Channel channel, Bytes payload);

  const std::string what_;
  RemoteHandler& handler_;
  std::unique_ptr<net::WebSocket> socket_;
  bool ended_ = false;

  kube::ChannelMessage message_;  // where the reading is
  bool paused_ = false;
  int silent_beats_ = 0;
  std::size_t unheard_input_ = 0;  // bytes, since the last sign of life
  std::string status_;             // what came on kStatus
  bool has_status_ = false;
  net::Timer patience_;  // for the close that follows the status
};

}  // namespace ferry::exec
