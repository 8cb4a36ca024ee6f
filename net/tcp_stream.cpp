#include "net/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "net/buffers.h"
#include "net/uv_error.h"

namespace ferry::net {
namespace {

constexpr unsigned kKeepAliveSeconds = 60;
// What the kernel takes ahead of what the network and the peer have room for. So a keystroke isn't
// behind seconds of somebody's download, and a peer that doesn't read holds so much of the
// machine's TCP memory, not the 4 MiB to which a send buffer grows: a thousand of them would use
// all of it up.
constexpr int kNotSent = 128 * 1024;
constexpr int kReadsInARow = 16;                     // before other connections have their turn
constexpr Duration kLook = std::chrono::seconds(3);  // for a reset, while nothing is read

#ifdef POLLRDHUP
constexpr short kPeerEnded = POLLRDHUP;
#else
constexpr short kPeerEnded = 0;  // a reset is always told
#endif

void set_option(uv_tcp_t* socket, int level, int option, const void* value, socklen_t size) {
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(socket), &fd) != 0) return;
  // What the kernel refuses here is a nicety that the connection works without.
  static_cast<void>(setsockopt(fd, level, option, value, size));
}

uv_buf_t as_buffer(Bytes bytes) {
  // libuv's type has no const form; writing leaves the bytes alone.
  return uv_buf_init(reinterpret_cast<char*>(const_cast<std::uint8_t*>(bytes.data())),
                     static_cast<unsigned>(std::min<std::size_t>(bytes.size(), 1U << 30U)));
}

}  // namespace

TcpHandle make_tcp_handle(uv_loop_t* loop) {
  return make_uv_handle<uv_tcp_t, TcpSocket>([&](uv_tcp_t* h) { return uv_tcp_init(loop, h); });
}

void set_tcp_options(uv_tcp_t* socket) {
  uv_tcp_nodelay(socket, 1);
  uv_tcp_keepalive(socket, 1, kKeepAliveSeconds);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSent, sizeof kNotSent);
}

TcpStream::TcpStream(Loop& loop, TcpHandle socket, std::string peer)
    : loop_(loop), socket_(std::move(socket)), peer_(std::move(peer)) {
  socket_->data = this;
}

void TcpStream::start(StreamHandler& handler) {
  assert(handler_ == nullptr);
  if (!socket_) return;
  handler_ = &handler;
  reading_ = Reading::kPaused;
  resume_reading();
  send_queue();
}

void TcpStream::pause_reading() {
  if (!socket_ || reading_ != Reading::kOn) return;
  reading_ = Reading::kPaused;
  uv_read_stop(native());
  if (!look_) look_.emplace(loop_, [this] { look_for_reset(); });
  look_->start(kLook);
}

void TcpStream::resume_reading() {
  if (!socket_ || reading_ != Reading::kPaused) return;
  reading_ = Reading::kOn;
  if (look_) look_->stop();
  const auto no_room = [](uv_handle_t*, std::size_t, uv_buf_t* room) { *room = {}; };
  uv_read_start(native(), no_room, uv_callback<&TcpStream::on_readable>);
}

std::size_t TcpStream::write(std::span<const Bytes> pieces) {
  if (!socket_ || writing_ != Writing::kOpen) return 0;
  const std::size_t at_once = queued() == 0 ? write_at_once(pieces) : 0;
  std::size_t left = 0;
  for (const Bytes piece : pieces) left += piece.size();
  left -= at_once;
  std::size_t skip = at_once;
  for (const Bytes piece : pieces) {
    const std::size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    enqueue(piece.subspan(skipped), left);
  }
  send_queue();
  return at_once;
}

// `left`: these bytes and those that will follow at once.
void TcpStream::enqueue(Bytes bytes, std::size_t& left) {
  while (!bytes.empty()) {
    if (queue_.empty() || queue_.back().size() == Buffers::kLargest) queue_.emplace_back();
    auto& last = queue_.back();
    const std::size_t room = Buffers::kLargest - last.size();
    const Bytes taken = bytes.first(std::min(bytes.size(), room));
    loop_.buffers().make_room(last, std::min(left, room));
    last.insert(last.end(), taken.begin(), taken.end());
    bytes = bytes.subspan(taken.size());
    left -= taken.size();
  }
}

void TcpStream::drop_queue() {
  for (auto& one : queue_) loop_.buffers().give_back(one);
  queue_.clear();
}

// An error shows again, and is reported, when the queue is sent.
std::size_t TcpStream::write_at_once(std::span<const Bytes> pieces) {
  std::array<uv_buf_t, 64> buffers;
  std::size_t total = 0;
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), buffers.size());
    std::transform(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(count),
                   buffers.begin(), as_buffer);
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += buffers[i].len;
    if (size > 0) {
      const int n = uv_try_write(native(), buffers.data(), static_cast<unsigned>(count));
      if (n > 0) total += static_cast<std::size_t>(n);
      if (n < 0 || static_cast<std::size_t>(n) < size) break;
    }
    pieces = pieces.subspan(count);
  }
  return total;
}

bool TcpStream::peer_has_ended() const {
  uv_os_fd_t fd = -1;
  if (!socket_ || uv_fileno(reinterpret_cast<const uv_handle_t*>(socket_.get()), &fd) != 0) {
    return true;
  }
  pollfd state = {.fd = fd, .events = kPeerEnded, .revents = 0};
  return poll(&state, 1, 0) == 1;
}

std::size_t TcpStream::queued() const {
  std::size_t sum = socket_ ? socket_->in_flight.size() : 0;
  for (const auto& one : queue_) sum += one.size();
  return sum;
}

void TcpStream::shutdown() {
  if (!socket_ || writing_ != Writing::kOpen) return;
  writing_ = Writing::kEnding;
  send_queue();
}

// Keeps one write in flight until the queue is empty, then the FIN. Nothing is sent before start():
// there would be nobody to tell.
void TcpStream::send_queue() {
  if (handler_ == nullptr || !socket_->in_flight.empty()) return;
  int error = 0;
  if (!queue_.empty()) {
    socket_->in_flight = std::move(queue_.front());
    queue_.erase(queue_.begin());
    const uv_buf_t buffer = as_buffer(socket_->in_flight);
    error = uv_write(&socket_->write_request, native(), &buffer, 1,
                     uv_callback<&TcpStream::on_written>);
  } else if (writing_ == Writing::kEnding) {
    writing_ = Writing::kShuttingDown;
    error =
        uv_shutdown(&socket_->shutdown_request, native(), uv_callback<&TcpStream::on_shut_down>);
  }
  assert(error == 0);  // both refuse only handles that aren't open for writing
  static_cast<void>(error);
}

// Done by hand, as uv_tcp_close_reset() refuses while a shutdown is pending.
void TcpStream::reset() {
  if (!socket_) return;
  const linger at_once = {1, 0};
  set_option(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void TcpStream::retire() { close(); }

void TcpStream::close() {
  socket_.reset();
  drop_queue();
  if (look_) look_->stop();
}

void TcpStream::finish(Status status) {
  close();
  handler_->on_closed(std::move(status));
}

// The peer's last words may still be waiting to be read (an answer that came before the reset), so
// while somebody reads, reading ends it.
void TcpStream::fail_writing(int error) {
  drop_queue();
  writing_ = Writing::kEnded;
  write_failure_ = error_of(error);
  if (reading_ != Reading::kOn) finish(fail(*write_failure_));
}

// Nobody tells of a socket that isn't read. Without this, what a client leaves behind that gave up
// on a service that reads nothing would stay for good.
void TcpStream::look_for_reset() {
  uv_os_fd_t fd = -1;
  int error = 0;
  socklen_t size = sizeof error;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(socket_.get()), &fd);
  if (!write_failure_ && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
    write_failure_ = error_of(uv_translate_sys_error(error));
  }
  if (write_failure_) return finish(fail(*write_failure_));
  look_->start(kLook);
}

Error TcpStream::error_of(int uv_code) const {
  return uv_error(uv_code, "the connection with " + peer_);
}

// libuv's stream may be neither stopped nor closed while it asks for room, and a handler may do
// both when it is asked. So libuv gets no room and tells here, where all is allowed, that there is
// something to read (or an end, or an error, which read() shows as well).
void TcpStream::on_readable(ssize_t, const uv_buf_t*) {
  for (int i = 0; i < kReadsInARow && socket_ && reading_ == Reading::kOn; ++i) {
    const MutableBytes room = handler_->on_read_buffer();
    if (!socket_) return;
    if (room.empty()) return pause_reading();
    const ssize_t n = read_some(room);
    if (n == UV_EAGAIN) return;
    if (n < 0) {
      return finish(fail(write_failure_ ? *write_failure_ : error_of(static_cast<int>(n))));
    }
    if (n == 0) return on_read_end();
    handler_->on_read(static_cast<std::size_t>(n));
    if (static_cast<std::size_t>(n) < room.size()) return;
  }
}

ssize_t TcpStream::read_some(MutableBytes room) {
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(socket_.get()), &fd);
  ssize_t n = -1;
  do {
    n = ::read(fd, room.data(), room.size());
  } while (n < 0 && errno == EINTR);
  return n < 0 ? uv_translate_sys_error(errno) : n;
}

void TcpStream::on_read_end() {
  reading_ = Reading::kEnded;
  uv_read_stop(native());
  if (write_failure_) return finish(fail(*write_failure_));
  handler_->on_end();
  if (socket_ && writing_ == Writing::kEnded) finish({});
}

void TcpStream::on_written(int status) {
  const std::size_t n = socket_->in_flight.size();
  loop_.buffers().give_back(socket_->in_flight);
  if (status < 0) return fail_writing(status);
  send_queue();
  handler_->on_written(n);
}

void TcpStream::on_shut_down(int status) {
  if (status < 0) return fail_writing(status);
  writing_ = Writing::kEnded;
  if (reading_ == Reading::kEnded) finish({});
}

}  // namespace ferry::net
