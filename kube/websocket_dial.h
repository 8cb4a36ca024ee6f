// A WebSocket with the API server: credentials, the way there, TLS, the upgrade. What is spoken on
// it (port-forward, exec, attach) is others' business.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kube/credentials.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/websocket.h"

namespace ferry::kube {

struct WebSocketAsk {
  std::string path;                       // from path_of()
  std::string query;                      // percent-encoded, without its question mark
  std::vector<std::string> subprotocols;  // in order of preference
  std::string what;                       // begins the texts of errors
  Duration timeout = std::chrono::seconds(20);
  net::DialOptions dial = {};  // of the API server, or of what leads to it; without its time-out
};

// One attempt. Destroying it cancels it; the callback is then never called. A credential that has
// to be fetched (a plugin to run, a file to read) is fetched on a thread of its own, which ends
// with the dial; a 401 leads to one refresh and one more try. It may be destroyed from within the
// callback.
class WebSocketDial : public net::Disposable {
 public:
  // Exactly once, never from within the constructor. The WebSocket is not started. Errors: those of
  // Api for a refusal before the upgrade; kUnreachable (also when nothing took the connection in
  // time), kTimedOut, kProtocol.
  using Callback = std::function<void(Result<std::unique_ptr<net::WebSocket>>)>;

  WebSocketDial(net::Loop& loop, std::shared_ptr<Credentials> credentials, WebSocketAsk ask,
                Callback callback);
  ~WebSocketDial() override;
  void retire() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::kube
