// A connection to a port of a pod, through the API server: one WebSocket with the subprotocol
// v4.channel.k8s.io, one port on it, seen as a net::ByteStream.
//
// What the stream can't do, since no layer below can: there is no half-close. shutdown() ends both
// directions; the end of the pod's side is the end of all (on_end(), then on_closed()). Container
// runtimes hold a closed connection back for about a second before that end arrives. Error texts
// from the cluster ("connection refused" inside the pod comes that way, after the dial succeeded)
// end the stream with on_closed(Error), the server's words in `why`.
// https://github.com/kubernetes/enhancements (KEP-4006), k8s.io/kubelet portforward/websocket.go
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "kube/credentials.h"
#include "net/byte_stream.h"
#include "net/dialer.h"
#include "net/loop.h"

namespace ferry::kube {

struct PortForwardTarget {
  std::string ns;
  std::string pod;
  std::uint16_t port = 0;  // of the pod; 1 to 65535
};

struct PortForwardOptions {
  // For everything: credentials, TCP, proxy, TLS, upgrade, announcement.
  Duration timeout = std::chrono::seconds(20);
  net::DialOptions dial = {};  // as in WebSocketAsk
};

// One attempt. Destroying it cancels it; the callback is then never called. A credential that has
// to be fetched (a plugin to run, a file to read) is fetched on a thread of its own, which ends
// with the dial; a 401 leads to one refresh and one more try. It may be destroyed from within the
// callback.
class PortForwardDial : public net::Disposable {
 public:
  // Exactly once, never from within the constructor. The stream is not started. It means that the
  // API server and the kubelet agreed, not yet that something listens on the port. Errors: those of
  // Api for a refusal before the upgrade; kUnreachable (also when nothing took the connection in
  // time), kTimedOut, kProtocol.
  using Callback = std::function<void(Result<std::unique_ptr<net::ByteStream>>)>;

  PortForwardDial(net::Loop& loop, std::shared_ptr<Credentials> credentials,
                  const PortForwardTarget& target, const PortForwardOptions& options,
                  Callback callback);
  ~PortForwardDial() override;
  void retire() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::kube
