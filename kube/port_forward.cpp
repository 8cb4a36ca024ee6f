#include "kube/port_forward.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kube/port_forward_stream.h"
#include "kube/problems.h"
#include "kube/resource.h"
#include "kube/status_error.h"
#include "kube/websocket_dial.h"
#include "net/timer.h"

namespace ferry::kube {
namespace {

using Stream = std::unique_ptr<net::ByteStream>;

constexpr const char* kSubprotocol = "v4.channel.k8s.io";

}  // namespace

// A WebSocket, then the two announcements on it. What becomes of these is handed over by a timer,
// so that no code of the stream is on the stack when the owner lets go of it.
struct PortForwardDial::Impl {
  Impl(net::Loop& the_loop, std::shared_ptr<Credentials> credentials,
       const PortForwardTarget& target, const PortForwardOptions& options, Callback the_callback)
      : loop(the_loop),
        callback(std::move(the_callback)),
        port(target.port),
        path(path_of(kPods, target.ns, target.pod, "portforward")),
        what(describe({"GET", path, false}) + ", port " + std::to_string(port)),
        server(to_string(credentials->config().server)),
        give_up_at(loop.now() + options.timeout),
        deadline(loop, [this] { give_up(); }),
        hand_over(loop, [this] { deliver(); }) {
    dial = std::make_unique<WebSocketDial>(loop, std::move(credentials),
                                           WebSocketAsk{path,
                                                        "ports=" + std::to_string(port),
                                                        {kSubprotocol},
                                                        what,
                                                        options.timeout,
                                                        options.dial},
                                           [this](Result<std::unique_ptr<net::WebSocket>> got) {
                                             if (!got) return report(fail(got.error()));
                                             await_announcement(std::move(*got));
                                           });
  }

  void await_announcement(std::unique_ptr<net::WebSocket> socket) {
    dial.reset();
    deadline.start(std::max(Duration::zero(), give_up_at - loop.now()));
    stream = std::make_unique<PortForwardStream>(loop, std::move(socket), port, what,
                                                 [this](const Status& status) {
                                                   if (!status) return settle(fail(status.error()));
                                                   settle(std::move(stream));
                                                 });
  }

  void give_up() {
    settle(fail(problem::kApiTimedOut, what,
                "waiting for the kubelet's answer: nothing came in time",
                "check that " + server + " can be reached, and try again"));
  }

  void settle(Result<Stream> result) {
    if (outcome) return;
    outcome.emplace(std::move(result));
    deadline.stop();
    hand_over.start(Duration::zero());
  }

  void deliver() {
    Result<Stream> result = std::move(*outcome);
    stream.reset();
    report(std::move(result));
  }

  // Last thing: the callback may destroy the dial.
  void report(Result<Stream> result) {
    const Callback to = std::exchange(callback, nullptr);
    if (to) to(std::move(result));
  }

  net::Loop& loop;
  Callback callback;
  const std::uint16_t port;
  const std::string path;
  const std::string what;
  const std::string server;
  const TimePoint give_up_at;
  std::unique_ptr<WebSocketDial> dial;
  std::unique_ptr<PortForwardStream> stream;
  std::optional<Result<Stream>> outcome;
  net::Timer deadline;
  net::Timer hand_over;
};

PortForwardDial::PortForwardDial(net::Loop& loop, std::shared_ptr<Credentials> credentials,
                                 const PortForwardTarget& target, const PortForwardOptions& options,
                                 Callback callback)
    : impl_(std::make_unique<Impl>(loop, std::move(credentials), target, options,
                                   std::move(callback))) {}

PortForwardDial::~PortForwardDial() = default;

void PortForwardDial::retire() {
  impl_->callback = nullptr;
  impl_->deadline.stop();
  impl_->hand_over.stop();
  if (impl_->dial) impl_->dial->retire();
  if (impl_->stream) impl_->stream->retire();
}

}  // namespace ferry::kube
