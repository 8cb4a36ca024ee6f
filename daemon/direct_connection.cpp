#include "daemon/direct_connection.h"

#include <utility>

namespace ferry::daemon {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} * 1024;  // read at a time, and queued at most
constexpr std::size_t kEarly = std::size_t{64} * 1024;   // kept for another attempt

// A port-forward knows no half-close: ending our direction ends the pod's as well. So a client that
// has sent its last byte is given this long, from each byte that the pod still sends, for its
// answer.
constexpr Duration kCloseLinger = std::chrono::seconds(2);

// Whether the node's error text says that no connection was made in the pod, as container runtimes
// put it ("failed to connect to localhost:80 ...", "dial tcp4 127.0.0.1:80: connect: connection
// refused"). After any other error the pod may have acted on what it was sent.
bool never_connected(const Error& error) {
  return error.code == ErrorCode::kUnreachable &&
         (error.why.find("failed to connect") != std::string::npos ||
          error.why.find("connect: ") != std::string::npos);
}

}  // namespace

// --- one side ------------------------------------------------------------------------------------

MutableBytes DirectConnection::Side::on_read_buffer() {
  const Side& target = other();
  const bool writable = target.stream != nullptr && !target.closed;
  if (!writable || target.stream->queued() >= kBuffer) return {};
  buffer_.resize(kBuffer);
  return buffer_;
}

void DirectConnection::Side::on_read(std::size_t n) {
  const Bytes data = Bytes(buffer_).first(n);
  if (local_) {
    owner_.local_read(data);
  } else {
    owner_.remote_read(data);
  }
}

void DirectConnection::Side::on_end() {
  ended = true;
  if (local_) {
    owner_.local_ended();
  } else if (owner_.local_.stream) {
    owner_.local_.stream->shutdown();
  }
}

void DirectConnection::Side::on_written(std::size_t) {
  Side& source = other();
  if (source.stream && !source.closed && stream->queued() < kBuffer) {
    source.stream->resume_reading();
  }
}

void DirectConnection::Side::on_closed(Status status) {
  closed = true;
  if (local_) {
    owner_.local_closed();
  } else {
    owner_.remote_closed(status);
  }
}

// --- the connection ------------------------------------------------------------------------------

DirectConnection::DirectConnection(net::Loop& loop, PodDialer& dialer,
                                   std::vector<PodPort> candidates,
                                   std::unique_ptr<net::ByteStream> local, Callbacks callbacks,
                                   Duration settling)
    : loop_(loop),
      dialer_(dialer),
      candidates_(std::move(candidates)),
      callbacks_(std::move(callbacks)),
      settling_(settling),
      local_(*this, true),
      remote_(*this, false),
      linger_(loop, [this] { remote_.stream->shutdown(); }),
      settled_(loop, [this] { connected(); }) {
  local_.stream = std::move(local);
  dial_next();
}

DirectConnection::~DirectConnection() { retire(); }

void DirectConnection::retire() {
  finished_ = true;
  linger_.stop();
  settled_.stop();
  dial_.reset();
  if (!local_.closed) local_.stream->reset();
  if (remote_.stream && !remote_.closed) remote_.stream->reset();
  local_.closed = remote_.closed = true;
}

void DirectConnection::dial_next() {
  dial_ = dialer_.dial(candidates_[attempt_], [this](Result<std::unique_ptr<net::ByteStream>> s) {
    dialled(std::move(s));
  });
}

void DirectConnection::dialled(Result<std::unique_ptr<net::ByteStream>> stream) {
  loop_.delete_later(std::move(dial_));
  if (!stream) {
    try_another_pod(stream.error());
    return;
  }
  if (remote_.stream) loop_.delete_later(std::move(remote_.stream));
  remote_.stream = std::move(*stream);
  remote_.closed = false;
  remote_.stream->start(remote_);
  if (!early_.empty()) remote_.stream->write(early_.front());
  if (!local_started_) {
    local_started_ = true;
    local_.stream->start(local_);
  } else {
    local_.stream->resume_reading();
  }
  settled_.start(settling_);
  if (local_.ended) linger_.start(kCloseLinger);
}

bool DirectConnection::may_retry() const {
  return received_ == 0 && early_complete_ && !local_.closed && attempt_ + 1 < candidates_.size();
}

void DirectConnection::try_another_pod(const Error& error) {
  if (!may_retry()) {
    finish(error);
    return;
  }
  ++attempt_;
  linger_.stop();
  settled_.stop();
  dial_next();
}

void DirectConnection::local_read(Bytes data) {
  if (remote_.ended) {
    // Nobody is left to take it; over plain TCP the client would see a reset as well.
    if (local_.stream->queued() == 0) finish({});
    return;
  }
  sent_ += data.size();
  if (received_ == 0 && early_complete_) {
    early_complete_ = early_.size() + data.size() <= kEarly;
    if (early_complete_) {
      early_.append(data);
    } else {
      early_.clear();
    }
  }
  remote_.stream->write(data);
}

void DirectConnection::remote_read(Bytes data) {
  if (received_ == 0) {
    early_.clear();
    connected();
  }
  received_ += data.size();
  local_.stream->write(data);
  if (local_.ended) linger_.start(kCloseLinger);
}

void DirectConnection::local_ended() {
  if (remote_.ended || remote_.closed) return;
  linger_.start(kCloseLinger);
}

void DirectConnection::local_closed() {
  finish({});  // a client that goes away is no fault of the link
}

void DirectConnection::remote_closed(const Status& status) {
  linger_.stop();
  if (!status) {
    if (never_connected(status.error())) {
      try_another_pod(status.error());
    } else {
      finish(status.error());
    }
    return;
  }
  remote_.ended = true;
  local_.stream->shutdown();
  if (local_.closed) finish({});
}

void DirectConnection::connected() {
  if (connected_ || finished_) return;
  connected_ = true;
  callbacks_.on_connected();
}

void DirectConnection::finish(std::optional<Error> error) {
  if (finished_) return;
  const ConnectionEnd end{.opened = received_ > 0 || !error,
                          .error = std::move(error),
                          .sent = sent_,
                          .received = received_};
  retire();
  callbacks_.on_end(*this, end);
}

}  // namespace ferry::daemon
