#include <optional>
#include <utility>

#include "net/problems.h"
#include "net/socket_address.h"
#include "net/tls.h"
#include "net/tls_stream.h"

namespace ferry::net {
namespace {

std::string peer_name(const TlsHandshakeOptions& options) {
  if (!options.peer.empty()) return options.peer;
  return options.server_name.empty() ? "the peer" : options.server_name;
}

}  // namespace

// The result is reported by a timer, when nothing of the streams is on the stack: the callback may
// destroy what it was given.
struct TlsHandshake::Impl {
  const std::string peer;
  Callback callback;
  std::unique_ptr<ByteStream> lower;  // until the engine exists
  std::unique_ptr<TlsStream> stream;
  std::optional<Status> outcome;
  Timer deadline;
  Timer report;

  Impl(Loop& loop, const TlsContext& context, std::unique_ptr<ByteStream> lower_stream,
       const TlsHandshakeOptions& options, Callback done);
  void finish(Status status) {
    outcome = std::move(status);
    deadline.stop();
    report.start(Duration::zero());
  }
  void on_deadline();
  void on_report();
};

TlsHandshake::Impl::Impl(Loop& loop, const TlsContext& context,
                         std::unique_ptr<ByteStream> lower_stream,
                         const TlsHandshakeOptions& options, Callback done)
    : peer(peer_name(options)),
      callback(std::move(done)),
      lower(std::move(lower_stream)),
      deadline(loop, [this] { on_deadline(); }),
      report(loop, [this] { on_report(); }) {
  auto engine = TlsEngine::create(context, options.server_name, peer);
  if (!engine) {
    finish(fail(engine.error()));
    return;
  }
  deadline.start(options.timeout);
  auto impl = std::make_unique<TlsStream::Impl>(loop, std::move(*engine), std::move(lower), peer);
  stream = std::unique_ptr<TlsStream>(new TlsStream(std::move(impl)));
  stream->impl_->begin([this](Status status) { finish(std::move(status)); });
}

void TlsHandshake::Impl::on_deadline() {
  stream.reset();
  outcome = fail(problem::kTimedOut, "TLS with " + peer, "the handshake was not done in time");
  on_report();
}

void TlsHandshake::Impl::on_report() {
  const Callback done = std::move(callback);
  if (*outcome) return done(std::move(stream));
  stream.reset();
  done(fail(outcome->error()));
}

TlsHandshake::TlsHandshake(Loop& loop, const TlsContext& context, std::unique_ptr<ByteStream> lower,
                           const TlsHandshakeOptions& options, Callback callback)
    : impl_(std::make_unique<Impl>(loop, context, std::move(lower), options, std::move(callback))) {
}
TlsHandshake::~TlsHandshake() = default;

void TlsHandshake::retire() {
  impl_->deadline.stop();
  impl_->report.stop();
  if (impl_->stream) impl_->stream->retire();
}

}  // namespace ferry::net
