#include "net/websocket.h"

#include <algorithm>
#include <utility>

#include "net/problems.h"
#include "net/websocket_impl.h"

namespace ferry::net {
namespace {

constexpr std::size_t kRoom = std::size_t{64} * 1024;
constexpr std::size_t kMessageBatch = std::size_t{256} * 1024;
constexpr std::uint16_t kNormal = 1000;  // RFC 6455, section 7.4.1
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kProtocolError = 1002;

// The pieces in order, cut to measure.
class Cutter {
 public:
  explicit Cutter(std::span<const Bytes> pieces) : pieces_(pieces) {
    for (const Bytes piece : pieces) left_ += piece.size();
  }
  std::size_t left() const { return left_; }

  // Appends the next n bytes (at most left()) to `out`.
  void cut(std::size_t n, std::vector<Bytes>& out) {
    left_ -= n;
    while (n > 0) {
      const Bytes rest = pieces_.front().subspan(offset_);
      const std::size_t take = std::min(n, rest.size());
      if (take > 0) out.push_back(rest.first(take));
      n -= take;
      offset_ += take;
      if (offset_ == pieces_.front().size()) {
        pieces_ = pieces_.subspan(1);
        offset_ = 0;
      }
    }
  }

 private:
  std::span<const Bytes> pieces_;
  std::size_t offset_ = 0;  // of pieces_.front()
  std::size_t left_ = 0;
};

}  // namespace

WebSocket::Impl::Impl(Loop& loop, std::unique_ptr<ByteStream> lower, std::string what,
                      std::string subprotocol, std::size_t max_message)
    : buffers_(loop.buffers()),
      what_(std::move(what)),
      subprotocol_(std::move(subprotocol)),
      max_message_(std::max<std::size_t>(max_message, 1)),
      lower_(std::move(lower)),
      soon_(loop, [this] { deliver(); }) {}

void WebSocket::Impl::start(WebSocketHandler& handler) {
  if (closed_) return;
  handler_ = &handler;
  lower_->start(*this);
}

void WebSocket::Impl::let_go() {
  closed_ = true;
  handler_ = nullptr;
  soon_.stop();
  lower_->retire();
}

void WebSocket::Impl::reset() {
  if (closed_) return;
  lower_->reset();
  let_go();
}

void WebSocket::Impl::finish(Status status) {
  WebSocketHandler& handler = *handler_;
  let_go();
  handler.on_closed(std::move(status));
}

// --- reading -------------------------------------------------------------------------------------

void WebSocket::Impl::pause_reading() {
  paused_ = true;
  lower_->pause_reading();
}

void WebSocket::Impl::resume_reading() {
  if (!std::exchange(paused_, false) || handler_ == nullptr || delivering_) return;
  if (starved_ && !lower_ended_) {
    lower_->resume_reading();
  } else {
    soon_.start(Duration::zero());
  }
}

MutableBytes WebSocket::Impl::on_read_buffer() {
  if (!starved_) return {};
  buffers_.make_room(received_);
  return {received_.get(), kRoom};
}

void WebSocket::Impl::on_read(std::size_t n) {
  heard_ = true;
  framer_.input() = Bytes(received_.get(), n);
  starved_ = false;
  deliver();
}

void WebSocket::Impl::on_end() {
  lower_ended_ = true;
  deliver();
}

void WebSocket::Impl::deliver() {
  if (delivering_) return;
  delivering_ = true;
  while (handler_ != nullptr && !paused_ && deliver_once()) {
  }
  delivering_ = false;
}

// False: nothing more can be had now, or it is closed.
bool WebSocket::Impl::deliver_once() {
  if (!part_ && !take_part()) return false;
  if (!part_) return true;
  if (part_->kind == Kind::kMessage) {
    offer_part();
  } else {
    on_control(*std::exchange(part_, std::nullopt));
  }
  return true;
}

// True: go on. False: more input is needed, or it is closed.
bool WebSocket::Impl::take_part() {
  auto next = framer_.next();
  if (!next) {
    put_close(kProtocolError);
    finish(fail(problem::kAnswerMalformed, what_, next.error()));
    return false;
  }
  part_ = *next;
  if (part_) return true;
  starved_ = true;
  buffers_.give_back(received_);
  if (lower_ended_) {
    end_of_lower();
  } else {
    lower_->resume_reading();
  }
  return false;
}

void WebSocket::Impl::offer_part() {
  const std::size_t taken = handler_->on_message(part_->data, part_->first, part_->last);
  if (handler_ == nullptr) return;
  if (taken >= part_->data.size()) {
    part_.reset();
    return;
  }
  part_->data = part_->data.subspan(taken);
  if (taken > 0) part_->first = false;
  pause_reading();
}

void WebSocket::Impl::on_control(const WebSocketFramer::Part& part) {
  if (part.first) control_.clear();
  control_ += as_text(part.data);
  if (!part.last) return;
  switch (part.kind) {
    case Kind::kPing:
      pong_ = control_;  // an unsent answer to an earlier ping may be left out (section 5.5.3)
      send_pong();
      break;
    case Kind::kClose: on_close_frame(); break;
    default: break;
  }
}

void WebSocket::Impl::on_close_frame() {
  std::uint16_t status = 0;
  std::string reason;
  if (control_.size() >= 2) {
    const Bytes payload = as_bytes(control_);
    status = static_cast<std::uint16_t>(payload[0] << 8U | payload[1]);
    reason = control_.substr(2);
  }
  if (!close_sent_) put_close(status == 0 ? kNormal : status);
  if (status == 0 || status == kNormal || status == kGoingAway) return finish({});
  finish(fail(problem::kConnectionCut, what_,
              "the server closed with status " + std::to_string(status) +
                  (reason.empty() ? "" : ": " + reason)));
}

void WebSocket::Impl::end_of_lower() {
  if (close_sent_) return finish({});
  finish(fail(problem::kConnectionCut, what_, "the connection ended without a close"));
}

void WebSocket::Impl::on_closed(Status status) {
  if (handler_ == nullptr) return;
  if (!status) return finish(std::move(status));
  lower_ended_ = true;
  deliver();
  if (handler_ != nullptr && starved_ && !part_) end_of_lower();
}

// --- writing -------------------------------------------------------------------------------------

std::size_t WebSocket::Impl::write(Bytes prefix, std::span<const Bytes> pieces) {
  if (closed_ || close_sent_) return 0;
  std::size_t at_once = 0;
  std::size_t payload = 0;
  Cutter cutter(pieces);
  buffers_.make_room(framer_.output(),
                     std::min(cutter.left(), kMessageBatch + max_message_) + kRoom / 16);
  while (cutter.left() > 0) {
    const std::size_t size = std::min(cutter.left(), max_message_);
    message_.assign(1, prefix);
    cutter.cut(size, message_);
    framer_.put(Kind::kMessage, prefix.size() + size, message_);
    payload += size;
    if (framer_.output().size() >= kMessageBatch) at_once += send(std::exchange(payload, 0));
  }
  return at_once + send(payload);
}

// Hands what is framed to the lower stream: `payload` bytes of the handler's.
std::size_t WebSocket::Impl::send(std::size_t payload) {
  auto& output = framer_.output();
  if (output.empty()) return 0;
  const std::size_t at_once = lower_->write(Bytes(output));
  const std::size_t handed_on = ledger_.add(payload, output.size(), at_once);
  buffers_.give_back(output);
  return handed_on;
}

void WebSocket::Impl::on_written(std::size_t n) {
  if (handler_ == nullptr) return;
  if (const std::size_t payload = ledger_.handed_on(n); payload > 0) {
    handler_->on_written(payload);
  }
  if (handler_ != nullptr) send_pong();
}

// At most one pong is ever queued, however many pings a peer sends that doesn't read.
void WebSocket::Impl::send_pong() {
  if (!pong_ || close_sent_ || lower_->queued() > 0) return;
  const Bytes payload = as_bytes(*pong_);
  framer_.put(Kind::kPong, payload.size(), std::span<const Bytes>(&payload, 1));
  pong_.reset();
  send(0);
}

void WebSocket::Impl::ping() {
  if (closed_ || close_sent_) return;
  heard_ = false;
  framer_.put(Kind::kPing, 0, {});
  send(0);
}

void WebSocket::Impl::close() {
  if (closed_ || close_sent_) return;
  put_close(kNormal);
}

void WebSocket::Impl::put_close(std::uint16_t status) {
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(status >> 8U),
                                static_cast<std::uint8_t>(status & 0xFFU)};
  const Bytes payload(bytes);
  framer_.put(Kind::kClose, payload.size(), std::span<const Bytes>(&payload, 1));
  close_sent_ = true;
  send(0);
}

// --- the public class ----------------------------------------------------------------------------

WebSocket::WebSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebSocket::~WebSocket() = default;
void WebSocket::retire() { impl_->let_go(); }
void WebSocket::start(WebSocketHandler& handler) { impl_->start(handler); }
void WebSocket::pause_reading() { impl_->pause_reading(); }
void WebSocket::resume_reading() { impl_->resume_reading(); }
std::size_t WebSocket::write(Bytes prefix, std::span<const Bytes> pieces) {
  return impl_->write(prefix, pieces);
}
std::size_t WebSocket::queued() const { return impl_->queued(); }
void WebSocket::ping() { impl_->ping(); }
bool WebSocket::heard() const { return impl_->heard(); }
void WebSocket::close() { impl_->close(); }
void WebSocket::reset() { impl_->reset(); }
const std::string& WebSocket::subprotocol() const { return impl_->subprotocol(); }

}  // namespace ferry::net
