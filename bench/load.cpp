// The two ends of a measurement: a server, and a client that reaches it directly or through a
// relay.
//
//   ferry-bench-load serve                              prints its port, then serves until it is
//   killed ferry-bench-load down|up HOST PORT STREAMS BYTES    bulk: BYTES in all over STREAMS
//   connections at once ferry-bench-load connect HOST PORT WORKERS SECONDS  a new connection for
//   each request ferry-bench-load request HOST PORT WORKERS SECONDS  requests one after the other
//   on kept connections
//
// Each client prints one JSON object. Every byte is compared with the pattern that must come.
//
// A connection begins with a command: a letter and a number (u64, big-endian). 'D' n: send me n
// bytes. 'U' n: I send n bytes, answer with one. 'R' 0: each byte that I send is a request for 1
// KiB, until I close.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kChunk = std::size_t{256} * 1024;
constexpr std::size_t kPeriod =
    65521;  // prime, so that a lost or doubled block never fits the pattern
constexpr std::size_t kReply = 1024;

const std::vector<char>& pattern() {
  static const std::vector<char> bytes = [] {
    std::vector<char> made(kPeriod + kChunk);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < kPeriod; ++i) {
      state = state * 1664525U + 1013904223U;
      made[i] = static_cast<char>(state >> 24U);
    }
    for (std::size_t i = kPeriod; i < made.size(); ++i) made[i] = made[i - kPeriod];
    return made;
  }();
  return bytes;
}

[[noreturn]] void die(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  void send_all(const char* data, std::size_t n) const {
    while (n > 0) {
      const ssize_t sent = ::send(fd_, data, n, MSG_NOSIGNAL);
      if (sent < 0) die("send");
      data += sent;
      n -= static_cast<std::size_t>(sent);
    }
  }
  std::size_t receive_some(std::span<char> into) const {
    const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
    if (n < 0) die("recv");
    return static_cast<std::size_t>(n);
  }
  void receive_all(std::span<char> into) const {
    while (!into.empty()) {
      const std::size_t n = receive_some(into);
      if (n == 0) throw std::runtime_error("the connection ended early");
      into = into.subspan(n);
    }
  }
  void send_pattern(std::uint64_t n) const {
    for (std::uint64_t at = 0; at < n;) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, n - at));
      send_all(pattern().data() + at % kPeriod, piece);
      at += piece;
    }
  }
  void receive_pattern(std::uint64_t n) const {
    std::vector<char> buffer(kChunk);
    for (std::uint64_t at = 0; at < n;) {
      const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, n - at));
      const std::size_t got = receive_some(std::span(buffer).first(room));
      if (got == 0) throw std::runtime_error("the connection ended early");
      if (std::memcmp(buffer.data(), pattern().data() + at % kPeriod, got) != 0) {
        throw std::runtime_error("wrong bytes arrived");
      }
      at += got;
    }
  }
  void command(char letter, std::uint64_t n) const {
    std::array<char, 9> bytes{letter};
    for (std::size_t i = 0; i < 8; ++i) bytes[8 - i] = static_cast<char>(n >> (8U * i));
    send_all(bytes.data(), bytes.size());
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// --- server
// ----------------------------------------------------------------------------------------

void answer(const Socket& peer) {
  std::array<char, 9> head{};
  peer.receive_all(head);
  std::uint64_t n = 0;
  for (std::size_t i = 1; i < head.size(); ++i) n = n << 8U | static_cast<std::uint8_t>(head[i]);
  if (head[0] == 'D') {
    peer.send_pattern(n);
  } else if (head[0] == 'U') {
    peer.receive_pattern(n);
    peer.send_all("k", 1);
  } else if (head[0] == 'R') {
    std::array<char, 1> ask{};
    while (peer.receive_some(ask) == 1) peer.send_all(pattern().data(), kReply);
  }
}

void serve() {
  const Socket listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    die("bind");
  if (::listen(listener.fd(), 4096) != 0) die("listen");
  socklen_t size = sizeof address;
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int fd = ::accept(listener.fd(), nullptr, nullptr);
    if (fd < 0) continue;
    no_delay(fd);
    std::thread([fd] {
      const Socket peer(fd);
      try {
        answer(peer);
      } catch (const std::exception&) {
        // The client notices, and says so.
      }
    }).detach();
  }
}

// --- client
// ----------------------------------------------------------------------------------------

struct Target {
  sockaddr_in address{};
};

Socket dial(const Target& target) {
  Socket made(::socket(AF_INET, SOCK_STREAM, 0));
  no_delay(made.fd());
  if (::connect(made.fd(), reinterpret_cast<const sockaddr*>(&target.address),
                sizeof target.address) != 0) {
    die("connect");
  }
  return made;
}

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

// Runs `work` on n threads at once; the first failure of any of them is thrown.
void on_threads(unsigned n, const std::function<void(unsigned)>& work) {
  std::vector<std::thread> threads;
  std::exception_ptr failure;
  std::mutex mutex;
  threads.reserve(n);
  for (unsigned i = 0; i < n; ++i) {
    threads.emplace_back([&, i] {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

void bulk(char letter, const Target& target, unsigned streams, std::uint64_t bytes) {
  const std::uint64_t each = bytes / streams;
  const auto begin = Steady::now();
  on_threads(streams, [&](unsigned) {
    const Socket peer = dial(target);
    peer.command(letter, each);
    if (letter == 'D') {
      peer.receive_pattern(each);
    } else {
      peer.send_pattern(each);
      std::array<char, 1> done{};
      peer.receive_all(done);
    }
  });
  const double took = seconds_since(begin);
  std::printf("{\"bytes\":%llu,\"seconds\":%.6f,\"mb_per_s\":%.1f}\n",
              static_cast<unsigned long long>(each * streams), took,
              static_cast<double>(each * streams) / took / 1e6);
}

void ask_once(const Socket& peer) {
  std::array<char, kReply> reply{};
  peer.send_all("?", 1);
  peer.receive_all(reply);
  if (std::memcmp(reply.data(), pattern().data(), kReply) != 0)
    throw std::runtime_error("wrong bytes arrived");
}

void requests(bool fresh, const Target& target, unsigned workers, double duration) {
  std::vector<std::vector<double>> latencies(workers);
  const auto begin = Steady::now();
  on_threads(workers, [&](unsigned i) {
    auto connect = [&] {
      Socket peer = dial(target);
      peer.command('R', 0);
      return peer;
    };
    if (fresh) {
      while (seconds_since(begin) < duration) {
        const auto start = Steady::now();
        ask_once(connect());
        latencies[i].push_back(seconds_since(start));
      }
    } else {
      const Socket peer = connect();
      while (seconds_since(begin) < duration) {
        const auto start = Steady::now();
        ask_once(peer);
        latencies[i].push_back(seconds_since(start));
      }
    }
  });
  const double took = seconds_since(begin);
  std::vector<double> all;
  for (const auto& part : latencies) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  auto at = [&](double q) {
    return all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))] * 1e3;
  };
  std::printf(
      "{\"requests\":%zu,\"seconds\":%.6f,\"per_s\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_"
      "ms\":%.4f}\n",
      all.size(), took, static_cast<double>(all.size()) / took, at(0.5), at(0.99), at(1));
}

Target parse_target(const char* host, const char* port) {
  Target target;
  target.address.sin_family = AF_INET;
  target.address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
  if (::inet_pton(AF_INET, host, &target.address.sin_addr) != 1)
    throw std::runtime_error("HOST is an IPv4 address");
  return target;
}

int run(const std::vector<std::string_view>& args) {
  if (args.size() == 1 && args[0] == "serve") {
    serve();
    return 0;
  }
  if (args.size() != 5) {
    std::fputs(
        "usage: ferry-bench-load serve | down|up HOST PORT STREAMS BYTES | connect|request HOST "
        "PORT WORKERS SECONDS\n",
        stderr);
    return 2;
  }
  const Target target = parse_target(args[1].data(), args[2].data());
  const auto width = static_cast<unsigned>(std::stoul(args[3].data()));
  if (args[0] == "down") {
    bulk('D', target, width, std::stoull(args[4].data()));
  } else if (args[0] == "up") {
    bulk('U', target, width, std::stoull(args[4].data()));
  } else {
    requests(args[0] == "connect", target, width, std::stod(args[4].data()));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ferry-bench-load: %s\n", e.what());
    return 1;
  }
}
