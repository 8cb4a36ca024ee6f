#include "net/dialer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/descriptors.h"
#include "net/problems.h"
#include "net/resolver.h"
#include "net/socket_address.h"
#include "net/tcp_stream.h"
#include "net/timer.h"
#include "net/uv_error.h"

namespace ferry::net {
namespace {

constexpr Duration kLastLook = std::chrono::milliseconds(1);
// Sockets of one dial that wait for an answer; the oldest of more is given up. At the carriers'
// pace an answer may take 4 s.
constexpr std::size_t kMaxAttempts = 16;

// RFC 8305, section 4: the families take turns, the resolver's first choice begins.
std::vector<SocketAddress> interleave(const std::vector<SocketAddress>& sorted) {
  std::vector<SocketAddress> preferred;
  std::vector<SocketAddress> other;
  for (const auto& address : sorted) {
    (address.family() == sorted.front().family() ? preferred : other).push_back(address);
  }
  std::vector<SocketAddress> mixed;
  for (std::size_t i = 0; i < std::max(preferred.size(), other.size()); ++i) {
    if (i < preferred.size()) mixed.push_back(preferred[i]);
    if (i < other.size()) mixed.push_back(other[i]);
  }
  return mixed;
}

bool contains(const std::vector<SocketAddress>& addresses, const SocketAddress& address) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const auto& one) { return one.text() == address.text(); });
}

std::string seconds(Duration duration) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return millis % 1000 == 0 ? std::to_string(millis / 1000) + " s" : std::to_string(millis) + " ms";
}

}  // namespace

struct Dial::Impl {
  // One address that is being tried.
  struct Attempt {
    Impl& dial;
    SocketAddress address;
    TcpHandle socket = nullptr;

    int connect();
    bool has_descriptor() const;
    void on_connected(int status) { dial.on_attempt_done(*this, status); }
  };

  Loop& loop;
  const HostPort target;
  const DialOptions options;
  Callback callback;
  Timer deadline;  // of everything
  bool overdue = false;
  Timer next_attempt;  // pause before the next address, or before those that keep silent again
  Timer report;        // a failure that was known before the constructor returned
  std::unique_ptr<Lookup> lookup = nullptr;
  std::vector<SocketAddress> addresses = {};  // still to be tried, last one first
  std::vector<std::unique_ptr<Attempt>> attempts = {};
  std::string failures = {};
  DialFailure failure = DialFailure::kNone;
  std::optional<Error> early_failure = {};

  Impl(Loop& the_loop, const HostPort& the_target, const DialOptions& the_options, Callback done);
  void look_up();
  void looked_up(Result<std::vector<SocketAddress>> found);
  void race(std::vector<SocketAddress> sorted);
  void go_on();
  void try_next();
  void plan_next();
  std::optional<SocketAddress> last_address() const;
  std::vector<SocketAddress> silent_addresses() const;
  void on_attempt_done(Attempt& attempt, int status);
  void drop_forbidden(std::vector<SocketAddress>& sorted);
  void add_failure(const SocketAddress& address, const char* why);
  void fail_with(int uv_code);
  void on_deadline();
  void finish(Result<std::unique_ptr<ByteStream>> result);
  std::string what() const { return "connecting to " + to_string(target); }
};

Dial::Impl::Impl(Loop& the_loop, const HostPort& the_target, const DialOptions& the_options,
                 Callback done)
    : loop(the_loop),
      target(the_target),
      options(the_options),
      callback(std::move(done)),
      deadline(loop, [this] { on_deadline(); }),
      next_attempt(loop, [this] { go_on(); }),
      report(loop, [this] { finish(fail(*early_failure)); }) {
  deadline.start(options.timeout);
  const auto literal = SocketAddress::from_literal(target.host, target.port);
  if (literal) {
    race({*literal});
  } else {
    look_up();
  }
}

void Dial::Impl::look_up() {
  auto begun = Lookup::begin(loop, target.host, target.port,
                             [this](auto result) { looked_up(std::move(result)); });
  if (begun) {
    lookup = std::move(*begun);
    if (last_address()) next_attempt.start(options.look_up_patience);
  } else {
    failure = DialFailure::kNoSuchName;
    early_failure = Error{begun.error(), what(), begun.error().why, begun.error().fix};
    report.start(Duration::zero());
  }
}

void Dial::Impl::looked_up(Result<std::vector<SocketAddress>> found) {
  lookup.reset();
  if (found) return race(std::move(*found));
  if (!attempts.empty()) return;  // to the last address
  if (next_attempt.active()) {
    failures = found.error().why;
    return race({*last_address()});
  }
  failure = DialFailure::kNoSuchName;
  finish(fail(Error{found.error(), what(), found.error().why, found.error().fix}));
}

void Dial::Impl::race(std::vector<SocketAddress> sorted) {
  drop_forbidden(sorted);
  if (sorted.empty()) {
    failure = DialFailure::kNotPermitted;
    early_failure = Error{problem::kAddressNotAllowed, what(), failures, {}};
    return report.start(Duration::zero());
  }
  addresses = interleave(sorted);
  std::reverse(addresses.begin(), addresses.end());
  try_next();
}

void Dial::Impl::drop_forbidden(std::vector<SocketAddress>& sorted) {
  if (!options.permit) return;
  std::erase_if(sorted, [this](const SocketAddress& address) {
    if (options.permit(address.host_port())) return false;
    add_failure(address, "not permitted");
    return true;
  });
}

// Those that keep silent again; while the name servers do, the last address.
void Dial::Impl::go_on() {
  if (addresses.empty()) addresses = silent_addresses();
  if (addresses.empty() && lookup) addresses = {*last_address()};
  try_next();
}

void Dial::Impl::try_next() {
  while (!addresses.empty()) {
    if (attempts.size() == kMaxAttempts) attempts.erase(attempts.begin());
    attempts.push_back(std::make_unique<Attempt>(Attempt{*this, addresses.back()}));
    addresses.pop_back();
    const int error = attempts.back()->connect();
    if (error == 0) return plan_next();
    add_failure(attempts.back()->address, uv_strerror(error));
    fail_with(error);
    attempts.pop_back();
  }
  if (!attempts.empty() || lookup) return plan_next();
  early_failure =
      Error{failure == DialFailure::kRefused ? problem::kRefused : problem::kUnreachable, what(),
            failures};
  report.start(Duration::zero());
}

void Dial::Impl::plan_next() {
  if (!addresses.empty()) {
    next_attempt.start(options.attempt_delay);
  } else if (!attempts.empty() && options.again_after > Duration::zero()) {
    next_attempt.start(options.again_after);
  }
}

std::optional<SocketAddress> Dial::Impl::last_address() const {
  if (!options.last || !options.last->address) return std::nullopt;
  if (options.permit && !options.permit(*options.last->address)) return std::nullopt;
  return SocketAddress::from_literal(options.last->address->host, options.last->address->port);
}

std::vector<SocketAddress> Dial::Impl::silent_addresses() const {
  std::vector<SocketAddress> silent;
  for (const auto& attempt : attempts) {
    if (!contains(silent, attempt->address)) silent.push_back(attempt->address);
  }
  return silent;
}

int Dial::Impl::Attempt::connect() {
  socket = make_tcp_handle(dial.loop.native());
  socket->data = this;
  if (dial.options.spares_descriptors && !has_descriptor()) return UV_EMFILE;
  return uv_tcp_connect(&socket->connect_request, socket.get(), address.native(),
                        uv_callback<&Attempt::on_connected>);
}

// Makes the socket's descriptor, which libuv would only do when it connects.
bool Dial::Impl::Attempt::has_descriptor() const {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (is_spare_descriptor(fd)) {
    if (fd >= 0) ::close(fd);
    return false;
  }
  return uv_tcp_open(socket.get(), fd) == 0;
}

void Dial::Impl::on_attempt_done(Attempt& attempt, int status) {
  const std::string address = attempt.address.text();
  if (status == 0) {
    if (options.last) options.last->address = attempt.address.host_port();
    set_tcp_options(attempt.socket.get());
    return finish(std::make_unique<TcpStream>(loop, std::move(attempt.socket), address));
  }
  add_failure(attempt.address, uv_strerror(status));
  fail_with(status);
  // What was sent there before would be answered in the same way, later.
  std::erase_if(attempts, [&](const auto& one) { return one->address.text() == address; });
  next_attempt.stop();
  try_next();
}

void Dial::Impl::add_failure(const SocketAddress& address, const char* why) {
  if (!failures.empty()) failures += "; ";
  failures += address.text() + ": " + why;
}

// Of several failures the one that came closest to a connection counts.
void Dial::Impl::fail_with(int uv_code) {
  if (uv_code == UV_ECONNREFUSED) {
    failure = DialFailure::kRefused;
  } else if (uv_code == UV_EMFILE || uv_code == UV_ENFILE) {
    failure = DialFailure::kNoDescriptor;
  } else if (failure != DialFailure::kRefused) {
    failure = uv_code == UV_ETIMEDOUT ? DialFailure::kTimedOut : DialFailure::kUnreachable;
  }
}

// A loop that was held up fires its timers before it looks at its sockets: what has come meanwhile
// counts.
void Dial::Impl::on_deadline() {
  if (!std::exchange(overdue, true)) return deadline.start(kLastLook);
  failure = lookup ? DialFailure::kNoSuchName : DialFailure::kTimedOut;
  for (const auto& address : silent_addresses()) add_failure(address, "no answer");
  if (lookup) failures = "the name servers did not answer";
  finish(fail(problem::kTimedOut, what(), failures + " within " + seconds(options.timeout)));
}

// Last thing in every path: the callback may destroy the dial.
void Dial::Impl::finish(Result<std::unique_ptr<ByteStream>> result) {
  deadline.stop();
  next_attempt.stop();
  report.stop();
  lookup.reset();
  attempts.clear();
  addresses.clear();
  const Callback done = std::move(callback);
  done(std::move(result));
}

Dial::Dial(Loop& loop, const HostPort& target, const DialOptions& options, Callback callback)
    : impl_(std::make_unique<Impl>(loop, target, options, std::move(callback))) {}
Dial::~Dial() = default;

void Dial::retire() { impl_.reset(); }

DialFailure Dial::failure() const { return impl_->failure; }

}  // namespace ferry::net
