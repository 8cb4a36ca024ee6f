#include "tunnel/io/carrier.h"

#include <utility>

#include "tunnel/problems.h"

namespace ferry::tunnel {
Carrier::Carrier(std::unique_ptr<net::ByteStream> stream) : stream_(std::move(stream)) {}

void Carrier::set_sink(CarrierSink& sink) {
  const bool first = sink_ == nullptr;
  sink_ = &sink;
  if (first) stream_->start(*this);
}

void Carrier::retire() {
  closed_ = true;
  stream_->retire();
}

MutableBytes Carrier::on_read_buffer() {
  if (buffer_bytes_ != read_bytes_) {
    buffer_.reset(new std::uint8_t[read_bytes_]);
    buffer_bytes_ = read_bytes_;
  }
  return {buffer_.get(), buffer_bytes_};
}

void Carrier::on_read(std::size_t n) { sink_->on_carrier_bytes(Bytes(buffer_.get(), n)); }

// A carrier is of no use with one direction only.
void Carrier::on_end() {
  close_once(fail(problem::kConnectionLost, "reading from the tunnel",
                  "the other side closed the connection"));
}

void Carrier::on_written(std::size_t) {
  if (stream_->queued() == 0 && !closed_) sink_->on_carrier_drained();
}

void Carrier::on_closed(Status status) {
  if (status) {
    status = fail(problem::kConnectionLost, "using the tunnel", "the connection was closed");
  }
  close_once(std::move(status));
}

void Carrier::close_once(Status status) {
  if (closed_) return;
  closed_ = true;
  sink_->on_carrier_closed(std::move(status));
}

}  // namespace ferry::tunnel
