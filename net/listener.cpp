#include "net/listener.h"

#include <optional>
#include <utility>

#include "net/descriptors.h"
#include "net/problems.h"
#include "net/socket_address.h"
#include "net/tcp_stream.h"
#include "net/timer.h"
#include "net/uv_error.h"

namespace ferry::net {
namespace {

Error listen_error(int uv_code, const HostPort& address) {
  Error error = uv_error(uv_code, "listening on " + to_string(address));
  switch (error.code) {
    case ErrorCode::kAlreadyExists: error.fix = "choose another port or stop who has it"; break;
    case ErrorCode::kForbidden:
      error.fix = "ports below 1024 need a privilege: choose a higher one";
      break;
    case ErrorCode::kInvalid: error.fix = "use an address of this machine"; break;
    default: break;
  }
  return error;
}

std::optional<SocketAddress> name_of_socket(int (*ask)(const uv_tcp_t*, sockaddr*, int*),
                                            const uv_tcp_t* socket) {
  sockaddr_storage storage = {};
  int size = sizeof storage;
  auto* const native = reinterpret_cast<sockaddr*>(&storage);
  if (ask(socket, native, &size) != 0) return std::nullopt;
  return SocketAddress::from_native(native);
}

}  // namespace

struct Listener::Impl {
  Loop& loop;
  const ListenOptions options;
  OnAccept on_accept;
  HostPort address;
  UvHandle<uv_tcp_t> socket = nullptr;
  Timer accept_held;  // takes the connection that came while paused
  bool paused = false;
  bool holding = false;  // libuv has accepted one and waits for uv_accept()

  Impl(Loop& the_loop, const ListenOptions& the_options, OnAccept callback)
      : loop(the_loop),
        options(the_options),
        on_accept(std::move(callback)),
        accept_held(loop, [this] { accept(); }) {}
  int listen(const SocketAddress& wanted);
  void on_connection(int status);
  void accept();
};

int Listener::Impl::listen(const SocketAddress& wanted) {
  socket = make_uv_handle<uv_tcp_t>([&](uv_tcp_t* h) { return uv_tcp_init(loop.native(), h); });
  socket->data = this;
  const unsigned flags = wanted.family() == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
  if (const int error = uv_tcp_bind(socket.get(), wanted.native(), flags); error != 0) return error;
  if (kAcceptedInherit) set_tcp_options(socket.get());
  if (const int error = uv_listen(reinterpret_cast<uv_stream_t*>(socket.get()), options.backlog,
                                  uv_callback<&Impl::on_connection>);
      error != 0) {
    return error;
  }
  address = name_of_socket(uv_tcp_getsockname, socket.get()).value_or(wanted).host_port();
  return 0;
}

// A connection that can't be accepted (aborted already, no descriptors left) is the kernel's and
// the peer's affair: the listener goes on.
void Listener::Impl::on_connection(int status) {
  if (status != 0) return;
  holding = true;
  if (!paused) accept();
}

void Listener::Impl::accept() {
  if (paused || !holding) return;
  holding = false;
  auto connection = make_tcp_handle(loop.native());
  if (uv_accept(reinterpret_cast<uv_stream_t*>(socket.get()),
                reinterpret_cast<uv_stream_t*>(connection.get())) != 0) {
    return;
  }
  const auto peer = name_of_socket(uv_tcp_getpeername, connection.get());
  if (!peer) return;  // gone already
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(connection.get()), &fd);
  if (options.spares_descriptors && is_spare_descriptor(fd)) {
    return TcpStream(loop, std::move(connection), peer->text()).reset();
  }
  if (!kAcceptedInherit) set_tcp_options(connection.get());
  auto stream = std::make_unique<TcpStream>(loop, std::move(connection), peer->text());
  on_accept(std::move(stream), peer->host_port());
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::create(Loop& loop, const HostPort& address,
                                                   OnAccept on_accept,
                                                   const ListenOptions& options) {
  const auto wanted = SocketAddress::from_literal(address.host, address.port);
  if (!wanted) {
    return fail(problem::kAddressInvalid, "listening on " + to_string(address),
                "'" + address.host + "' is not an IP address", "use an address of this machine");
  }
  auto impl = std::make_unique<Impl>(loop, options, std::move(on_accept));
  const int error = impl->listen(*wanted);
  if (error != 0) return fail(listen_error(error, address));
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

HostPort Listener::address() const { return impl_->address; }

void Listener::pause() { impl_->paused = true; }

void Listener::resume() {
  impl_->paused = false;
  if (impl_->holding) impl_->accept_held.start(Duration::zero());
}

void Listener::retire() {
  impl_->socket.reset();
  impl_->accept_held.stop();
}

}  // namespace ferry::net
