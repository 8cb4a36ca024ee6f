#include "net/address_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/timer.h"
#include "net/uv_handle.h"

namespace ferry::net {
namespace {

// A descriptor, or -1 with errno.
int open_netlink() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

struct AddressWatch::Impl {
  // The descriptor goes with the handle, once libuv is through with both.
  struct Block : uv_poll_t {
    int fd = -1;
    Block() = default;
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() {
      if (fd >= 0) close(fd);
    }
  };

  Impl(Loop& loop, std::function<void()> on_change, Duration the_settle)
      : settle(the_settle), timer(loop, std::move(on_change)) {}

  int watch(uv_loop_t* loop, int fd);
  void on_readable(int status, int events);

  const Duration settle;
  Timer timer;
  UvHandle<uv_poll_t, Block> handle;
};

int AddressWatch::Impl::watch(uv_loop_t* loop, int fd) {
  int error = 0;
  handle = make_uv_handle<uv_poll_t, Block>([&](uv_poll_t* h) { return uv_poll_init(loop, h, fd); },
                                            &error);
  if (!handle) {
    close(fd);
    return error;
  }
  handle->fd = fd;
  handle->data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(handle.get()));
  return uv_poll_start(handle.get(), UV_READABLE, uv_callback<&Impl::on_readable>);
}

// What it was that changed makes no difference; nor does it that some of it was lost (ENOBUFS).
void AddressWatch::Impl::on_readable(int, int) {
  std::array<char, 8192> buffer;
  bool changed = false;
  for (int reads = 0; reads < 64; ++reads) {
    const ssize_t n = recv(handle->fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno != ENOBUFS) break;
    changed = true;
  }
  if (changed && !timer.active()) timer.start(settle);
}

AddressWatch::AddressWatch(Loop& loop, std::function<void()> on_change, Duration settle)
    : impl_(std::make_unique<Impl>(loop, std::move(on_change), settle)) {
  const int fd = open_netlink();
  const int error = fd < 0 ? -errno : impl_->watch(loop.native(), fd);
  if (error == 0) return;
  impl_->handle.reset();
  spdlog::info("changes of this machine's addresses can't be seen: {}", uv_strerror(error));
}

AddressWatch::~AddressWatch() = default;

}  // namespace ferry::net
