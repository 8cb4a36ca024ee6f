#include "net/tls_stream.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "net/problems.h"

namespace ferry::net {
namespace {

constexpr std::size_t kRecord = std::size_t{16} * 1024;  // RFC 8446, section 5.1: 2^14 bytes
constexpr std::size_t kBatch = std::size_t{256} * 1024;

// An upper bound for one batch of records that hold the pieces.
std::size_t wrapped_size(std::span<const Bytes> pieces) {
  constexpr std::size_t kOverhead = 64;  // of a record: header, content type, tag
  std::size_t plain = 0;
  for (const Bytes piece : pieces) plain += piece.size();
  plain = std::min(plain, kBatch + kRecord);
  return plain + (plain / kRecord + 1) * kOverhead;
}

}  // namespace

TlsStream::Impl::Impl(Loop& loop, std::unique_ptr<TlsEngine> engine,
                      std::unique_ptr<ByteStream> lower, std::string peer)
    : buffers_(loop.buffers()),
      peer_(std::move(peer)),
      engine_(std::move(engine)),
      lower_(std::move(lower)),
      soon_(loop, [this] { catch_up(); }) {}

void TlsStream::Impl::begin(OnHandshake on_handshake) {
  on_handshake_ = std::move(on_handshake);
  lower_->start(*this);
  shake_hands();
}

// The lower stream is deleted with this one, when none of its code is on the stack.
void TlsStream::Impl::close() {
  stage_ = Stage::kClosed;
  handler_ = nullptr;
  soon_.stop();
  lower_->retire();
}

void TlsStream::Impl::fail_with(Error error) {
  send(0);  // an alert, where there is one
  if (stage_ == Stage::kHandshake) return end_handshake(fail(std::move(error)));
  if (handler_ == nullptr) {
    if (!lower_failure_) lower_failure_ = std::move(error);
    return;
  }
  StreamHandler& handler = *handler_;
  close();
  handler.on_closed(fail(std::move(error)));
}

Error TlsStream::Impl::cut() const {
  const char* why = "the connection ended without close_notify";
  if (stage_ == Stage::kHandshake) why = "the connection ended during the handshake";
  if (reading_ == Reading::kEnded) why = "the connection ended before everything was sent";
  return Error{problem::kConnectionCut, "TLS with " + peer_, why, {}};
}

// --- handshake -----------------------------------------------------------------------------------

void TlsStream::Impl::shake_hands() {
  const auto outcome = engine_->handshake();
  if (outcome == TlsEngine::Outcome::kFailed) return fail_with(engine_->error());
  send(0);
  if (outcome == TlsEngine::Outcome::kDone) return end_handshake({});
  buffers_.give_back(received_);
  if (engine_->is_server() && handshake_bytes_ > kMaxClientHandshake) {
    return fail_with(Error{
        problem::kTlsBroken, "TLS with " + peer_, "the handshake is longer than any client's", {}});
  }
  if (lower_ended_ || outcome == TlsEngine::Outcome::kEnded) fail_with(cut());
}

void TlsStream::Impl::end_handshake(Status status) {
  if (status) {
    stage_ = Stage::kReady;
    lower_->pause_reading();
  } else {
    close();
  }
  std::exchange(on_handshake_, nullptr)(std::move(status));
}

void TlsStream::Impl::start(StreamHandler& handler) {
  assert(handler_ == nullptr);
  if (stage_ != Stage::kReady) return;
  stage_ = Stage::kOpen;
  handler_ = &handler;
  resume_reading();
  soon_.start(Duration::zero());
}

// --- reading -------------------------------------------------------------------------------------

MutableBytes TlsStream::Impl::on_read_buffer() {
  if (!engine_->input().empty() || reading_ == Reading::kEnded) return {};
  buffers_.make_room(received_);
  return {received_.get(), Buffers::kReadRoom};
}

void TlsStream::Impl::on_read(std::size_t n) {
  if (stage_ == Stage::kClosed) return;
  engine_->input() = Bytes(received_.get(), n);
  starved_ = false;
  if (stage_ == Stage::kHandshake) {
    handshake_bytes_ += n;
    return shake_hands();
  }
  deliver();
}

void TlsStream::Impl::on_end() {
  lower_ended_ = true;
  if (stage_ == Stage::kHandshake) return fail_with(cut());
  deliver();
}

void TlsStream::Impl::pause_reading() {
  if (reading_ != Reading::kOn) return;
  reading_ = Reading::kPaused;
  lower_->pause_reading();
}

void TlsStream::Impl::resume_reading() {
  if (stage_ != Stage::kOpen || reading_ != Reading::kPaused) return;
  reading_ = Reading::kOn;
  if (delivering_) return;
  if (starved_ && !lower_ended_) {
    lower_->resume_reading();
  } else {
    soon_.start(Duration::zero());
  }
}

void TlsStream::Impl::deliver() {
  if (delivering_) return;
  delivering_ = true;
  while (handler_ != nullptr && reading_ == Reading::kOn && deliver_once()) {
  }
  delivering_ = false;
}

// False: nothing more can be had now, or the stream is closed.
bool TlsStream::Impl::deliver_once() {
  const MutableBytes room = handler_->on_read_buffer();
  if (handler_ == nullptr) return false;
  if (room.empty()) {
    pause_reading();
    return false;
  }
  std::size_t n = 0;
  const auto outcome = engine_->read(room, n);
  starved_ = outcome == TlsEngine::Outcome::kWantsInput;
  if (!engine_->output().empty()) send(0);  // an answer to a key update
  if (n > 0) handler_->on_read(n);
  if (handler_ == nullptr || reading_ != Reading::kOn) return false;
  switch (outcome) {
    case TlsEngine::Outcome::kDone: return true;
    case TlsEngine::Outcome::kEnded: end_reading(); return false;
    case TlsEngine::Outcome::kFailed: fail_with(engine_->error()); return false;
    case TlsEngine::Outcome::kWantsInput: break;
  }
  buffers_.give_back(received_);
  if (lower_ended_) {
    fail_with(cut());
  } else {
    lower_->resume_reading();
  }
  return false;
}

void TlsStream::Impl::end_reading() {
  reading_ = Reading::kEnded;
  engine_->input() = {};
  buffers_.give_back(received_);
  lower_->pause_reading();
  handler_->on_end();
  if (handler_ != nullptr) close_if_both_ended();
}

// --- writing -------------------------------------------------------------------------------------

std::size_t TlsStream::Impl::write(std::span<const Bytes> pieces) {
  if (write_ended_ || (stage_ != Stage::kReady && stage_ != Stage::kOpen)) return 0;
  std::size_t at_once = 0;
  std::size_t plain = 0;
  buffers_.make_room(engine_->output(), wrapped_size(pieces));
  for (Bytes piece : pieces) {
    while (!piece.empty()) {
      const std::size_t before = piece.size();
      const bool full_record = stage_record(piece);
      plain += before - piece.size();
      if (full_record && plain >= kBatch) at_once += send(std::exchange(plain, 0));
    }
  }
  engine_->write(record_);
  record_.clear();
  if (engine_->has_failed()) soon_.start(Duration::zero());
  return at_once + send(plain);
}

// Takes up to one record's worth off the piece. True: it was encrypted, nothing is left staged.
bool TlsStream::Impl::stage_record(Bytes& piece) {
  const std::size_t take = std::min(kRecord - record_.size(), piece.size());
  const Bytes taken = piece.first(take);
  piece = piece.subspan(take);
  if (take == kRecord) {
    engine_->write(taken);
    return true;
  }
  record_.insert(record_.end(), taken.begin(), taken.end());
  if (record_.size() < kRecord) return false;
  engine_->write(record_);
  record_.clear();
  return true;
}

// Hands what the engine has encrypted to the lower stream: `plain` bytes of the handler's.
std::size_t TlsStream::Impl::send(std::size_t plain) {
  auto& output = engine_->output();
  if (output.empty()) return 0;
  const std::size_t at_once = lower_->write(Bytes(output));
  const std::size_t handed_on = ledger_.add(plain, output.size(), at_once);
  buffers_.give_back(output);
  return handed_on;
}

void TlsStream::Impl::on_written(std::size_t n) {
  if (stage_ == Stage::kClosed) return;
  const std::size_t plain = ledger_.handed_on(n);
  if (handler_ == nullptr) {
    unreported_ += plain;
    return;
  }
  if (plain > 0) handler_->on_written(plain);
  if (handler_ != nullptr) close_if_both_ended();
}

void TlsStream::Impl::shutdown() {
  if (write_ended_ || (stage_ != Stage::kReady && stage_ != Stage::kOpen)) return;
  write_ended_ = true;
  engine_->close_notify();
  send(0);
  if (reading_ == Reading::kEnded) soon_.start(Duration::zero());
}

void TlsStream::Impl::reset() {
  if (stage_ == Stage::kClosed) return;
  lower_->reset();
  close();
}

// --- the end -------------------------------------------------------------------------------------

// Events that were put off.
void TlsStream::Impl::catch_up() {
  if (lower_failure_) return fail_with(*std::exchange(lower_failure_, std::nullopt));
  if (engine_->has_failed()) return fail_with(engine_->error());
  if (const auto n = std::exchange(unreported_, 0); n > 0) handler_->on_written(n);
  if (handler_ != nullptr) deliver();
  if (handler_ != nullptr) close_if_both_ended();
}

void TlsStream::Impl::close_if_both_ended() {
  if (reading_ != Reading::kEnded) return;
  if (write_ended_ && ledger_.pending() == 0 && lower_->queued() == 0) {
    StreamHandler& handler = *handler_;
    lower_->shutdown();
    close();
    handler.on_closed({});
  } else if (lower_closed_) {
    fail_with(cut());
  }
}

// A lower stream that ended in order may have left bytes that the handler has had no room for yet.
void TlsStream::Impl::on_closed(Status status) {
  if (stage_ == Stage::kClosed) return;
  if (!status) return fail_with(status.error());
  lower_ended_ = lower_closed_ = true;
  if (stage_ == Stage::kHandshake) return fail_with(cut());
  deliver();
  if (handler_ != nullptr && (reading_ == Reading::kEnded || starved_)) {
    fail_with(cut());
  }
}

// --- the public class ----------------------------------------------------------------------------

TlsStream::TlsStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsStream::~TlsStream() = default;
void TlsStream::retire() { impl_->close(); }
void TlsStream::start(StreamHandler& handler) { impl_->start(handler); }
void TlsStream::pause_reading() { impl_->pause_reading(); }
void TlsStream::resume_reading() { impl_->resume_reading(); }
std::size_t TlsStream::write(std::span<const Bytes> pieces) { return impl_->write(pieces); }
std::size_t TlsStream::queued() const { return impl_->queued(); }
void TlsStream::shutdown() { impl_->shutdown(); }
void TlsStream::reset() { impl_->reset(); }
std::array<std::uint8_t, 32> TlsStream::export_keying_material(std::string_view label) const {
  return impl_->engine().export_keying_material(label);
}

}  // namespace ferry::net
