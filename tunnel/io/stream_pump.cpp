#include "tunnel/io/stream_pump.h"

#include <utility>

namespace ferry::tunnel {

void StreamPump::join(std::unique_ptr<net::ByteStream> socket) {
  socket_ = std::move(socket);
  joined_ = true;
  socket_->start(*this);
  if (!waiting_.empty()) {
    const std::size_t n = socket_->write(waiting_.front());
    waiting_.clear();
    give_back(n);
  }
  if (peer_finished_) socket_->shutdown();
}

void StreamPump::deliver(std::span<const Bytes> pieces) {
  std::size_t total = 0;
  for (const Bytes piece : pieces) total += piece.size();
  traffic_.from_peer += total;
  traffic_.peer_spoke_last = true;
  if (!joined_) {
    for (const Bytes piece : pieces) waiting_.append(piece);
    return;
  }
  // A socket that is gone takes nothing any more, but the session wants its credit back.
  give_back(socket_ && !socket_ended_ ? socket_->write(pieces) : total);
}

void StreamPump::deliver_end() {
  peer_finished_ = true;
  if (socket_) socket_->shutdown();
}

void StreamPump::end_socket() {
  socket_ended_ = true;
  if (socket_) socket_->shutdown();
}

void StreamPump::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (socket_) socket_->resume_reading();
}

bool StreamPump::close() {
  closed_ = true;
  return !socket_;
}

void StreamPump::reset_socket() {
  if (!socket_) return;
  socket_->reset();
  drop_socket();
}

void StreamPump::drop_socket() { io_.loop_.delete_later(std::move(socket_)); }

void StreamPump::give_back(std::size_t n) {
  if (n > 0 && !closed_) io_.touch().consumed(id_, n);
}

MutableBytes StreamPump::on_read_buffer() {
  const MutableBytes place = closed_ ? MutableBytes{} : io_.reserve(id_);
  paused_ = place.empty();
  return place;
}

void StreamPump::on_read(std::size_t n) {
  traffic_.to_peer += n;
  traffic_.peer_spoke_last = false;
  io_.commit(id_, n);
}

void StreamPump::on_end() {
  if (closed_) return;
  io_.touch().finish(id_);
  io_.run_soon();
}

void StreamPump::on_written(std::size_t n) {
  give_back(n);
  io_.run_soon();
}

void StreamPump::on_closed(Status status) {
  drop_socket();
  if (!status) {
    io_.reset(id_, Reason::kReset);
  } else if (closed_) {
    io_.end_stream(id_, Reason::kNone, {});
  }
}

}  // namespace ferry::tunnel
