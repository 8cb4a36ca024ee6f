// The client's side of a WebSocket (RFC 6455) over a ByteStream: the upgrade, then binary messages
// both ways. No extensions. Pings are answered; a close is answered and reported.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/byte_stream.h"
#include "net/loop.h"

namespace ferry::net {

// Receives a WebSocket's events. Not owned by it; must live until the WebSocket is gone.
class WebSocketHandler {
 public:
  // The next bytes of a message, binary or text, as they come; a message is never held back until
  // it is whole. `first`: they begin a message. `last`: nothing of it comes after them. They are
  // valid during the call. Returns how many were taken: fewer than all pauses the reading, and the
  // rest comes again after resume_reading(). An empty part only carries its `first` and `last`.
  virtual std::size_t on_message(Bytes part, bool first, bool last) = 0;

  // n bytes of payload that write() had queued were handed on.
  virtual void on_written(std::size_t n) = 0;

  // The last event. A value: the peer closed with status 1000, 1001 or none. An error: it closed
  // with another status or without any (kReset), broke the protocol (kProtocol), or what the lower
  // stream reported.
  virtual void on_closed(Status status) = 0;

 protected:
  ~WebSocketHandler() = default;
};

// Made by WebSocketUpgrade. Let go of as a ByteStream is.
class WebSocket final : public Disposable {
 public:
  ~WebSocket() override;
  void retire() override;

  // Begins reading. Once only.
  void start(WebSocketHandler& handler);

  // Stops on_message() after what is on the stack now; resume_reading() calls nobody from within.
  // While paused, pings go unanswered and a close goes unnoticed.
  void pause_reading();
  void resume_reading();

  // Sends the pieces, in order, as one binary message or, past UpgradeRequest::max_message bytes,
  // as several. Each message is one frame and begins with `prefix`, which counts nowhere. All of
  // them go to the lower stream in one write. Returns how many bytes were handed on at once; the
  // rest is reported by on_written(). Nothing is sent for no bytes. After close(), everything is
  // dropped and 0 returned. Never calls the handler from within.
  std::size_t write(Bytes prefix, std::span<const Bytes> pieces);

  // Bytes of payload that were written and not yet handed on.
  std::size_t queued() const;

  // Sends a ping, so that a peer that is still there lets itself be heard, and what keeps account
  // of idle connections on the way sees this one used. Nothing after close().
  void ping();
  // Whether anything has come since the last ping(), or ever if there was none.
  bool heard() const;

  // Sends a close (status 1000) after what is queued. Messages may still come until the peer's
  // answer, on which on_closed() follows.
  void close();

  // Ends the lower stream at once. No event follows.
  void reset();

  // What the server chose; empty: nothing.
  const std::string& subprotocol() const;

 private:
  friend class WebSocketUpgrade;
  class Impl;
  explicit WebSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct UpgradeRequest {
  std::string host;                                          // for the Host header: "name:port"
  std::string path;                                          // "/prefix/path?query"
  std::vector<std::pair<std::string, std::string>> headers;  // Authorization, for instance
  std::vector<std::string> subprotocols;                     // in order of preference
  Duration timeout = std::chrono::seconds(10);
  std::size_t max_message = std::size_t{32} * 1024;  // bytes of payload in a message that we send
};

struct UpgradeFailure {
  Error error;
  // The server's answer, where there was one: HTTP status (else 0) and up to 64 KiB of body.
  int status = 0;
  std::string content_type;
  std::string body;
};

// One upgrade. Destroying it cancels it and closes the lower stream; the callback is then never
// called. It may be destroyed from within the callback.
class WebSocketUpgrade : public Disposable {
 public:
  // Exactly once, never from within the constructor. The WebSocket is not started.
  //
  // Errors: kInvalid (a line break in the request), kUnauthenticated, kForbidden, kNotFound,
  // kUnavailable (status 401, 403, 404, 5xx), kProtocol (any other answer), kReset, kTimedOut, and
  // those of the lower stream.
  using Callback = std::function<void(tl::expected<std::unique_ptr<WebSocket>, UpgradeFailure>)>;

  // `lower`: connected (TLS done) and not started.
  WebSocketUpgrade(Loop& loop, std::unique_ptr<ByteStream> lower, const UpgradeRequest& request,
                   Callback callback);
  ~WebSocketUpgrade() override;
  void retire() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
