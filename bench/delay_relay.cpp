// A TCP relay that is far away: every byte, and the end of each direction, comes out so many
// milliseconds after it went in, at whatever rate. The same on every machine, whether its kernel
// can delay packets (netem) or not.
//
//   ferry-bench-delay HOST TARGET_HOST TARGET_PORT MILLISECONDS
//
// Prints the port of HOST where it listens, then relays until it is killed. Addresses are IPv4.
//
// What it is not: a long wire. A connection is accepted at once, and TCP on either side sees no
// distance, so that slow start and loss play no part. Each direction of a connection holds
// kMostHeld bytes at most: at 50 ms that limits it to 5 GB/s.
#include <arpa/inet.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "load_socket.h"

namespace ferry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostHeld = std::size_t{256} << 20U;

struct Chunk {
  std::unique_ptr<char[]> data;
  std::size_t size = 0;  // 0: the end
  Clock::time_point due;
};

// What is under way: put in by one thread, taken out by another.
class Way {
 public:
  // Waits for room.
  void put(Chunk chunk) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_ < kMostHeld; });
    held_ += chunk.size;
    chunks_.push_back(std::move(chunk));
    changed_.notify_all();
  }

  // Waits for a chunk, and until it is due.
  Chunk take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !chunks_.empty(); });
    Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    held_ -= chunk.size;
    changed_.notify_all();
    lock.unlock();
    std::this_thread::sleep_until(chunk.due);
    return chunk;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Chunk> chunks_;
  std::size_t held_ = 0;  // bytes
};

// Its threads share it; the last one closes.
struct Connection {
  Connection(Socket accepted, Socket dialled)
      : near(std::move(accepted)), far(std::move(dialled)) {}

  Socket near;
  Socket far;
  Way up;
  Way down;
};
using Shared = std::shared_ptr<Connection>;

Chunk read_chunk(const Socket& from, Clock::duration delay) {
  Chunk chunk{std::make_unique_for_overwrite<char[]>(kChunk), 0, {}};
  chunk.size = from.receive_some(std::span(chunk.data.get(), kChunk));
  chunk.due = Clock::now() + delay;
  if (chunk.size > kChunk / 8) return chunk;
  auto small = std::make_unique_for_overwrite<char[]>(chunk.size);
  std::copy_n(chunk.data.get(), chunk.size, small.get());
  return {std::move(small), chunk.size, chunk.due};
}

// A broken connection ends like one that is closed: who measures compares the bytes.
void read_all(const Socket& from, Way& way, Clock::duration delay) {
  try {
    for (std::size_t n = 1; n > 0;) {
      Chunk chunk = read_chunk(from, delay);
      n = chunk.size;
      way.put(std::move(chunk));
    }
  } catch (const std::exception&) {
    way.put({nullptr, 0, Clock::now() + delay});
  }
}

void write_all(Way& way, const Socket& to) {
  bool open = true;
  for (;;) {
    const Chunk chunk = way.take();
    if (chunk.size == 0) break;
    try {
      if (open) to.send_all(chunk.data.get(), chunk.size);
    } catch (const std::exception&) {
      open = false;  // nobody takes it any more; what sends it learns by reading
      ::shutdown(to.fd(), SHUT_RDWR);
    }
  }
  ::shutdown(to.fd(), SHUT_WR);
}

void relay(const Shared& one, Clock::duration delay) {
  std::thread([one, delay] { read_all(one->near, one->up, delay); }).detach();
  std::thread([one, delay] { read_all(one->far, one->down, delay); }).detach();
  std::thread([one] { write_all(one->up, one->far); }).detach();
  std::thread([one] { write_all(one->down, one->near); }).detach();
}

sockaddr_in address_of(const char* host, const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
  if (::inet_pton(AF_INET, host, &address.sin_addr) != 1)
    throw std::runtime_error("an address is IPv4");
  return address;
}

Socket make_socket() { return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

Socket dial(const sockaddr_in& target) {
  Socket made = make_socket();
  no_delay(made.fd());
  if (::connect(made.fd(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    die("connect");
  }
  return made;
}

Socket listen_at(const char* host) {
  Socket listener = make_socket();
  sockaddr_in address = address_of(host, "0");
  socklen_t size = sizeof address;
  if (::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0) die("bind");
  if (::listen(listener.fd(), 1024) != 0) die("listen");
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

[[noreturn]] void serve(const char* host, const sockaddr_in& target, Clock::duration delay) {
  const Socket listener = listen_at(host);
  for (;;) {
    Socket near(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (near.fd() < 0) continue;
    no_delay(near.fd());
    try {
      relay(std::make_shared<Connection>(std::move(near), dial(target)), delay);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "ferry-bench-delay: %s\n", e.what());  // and the connection is closed
    }
  }
}

}  // namespace
}  // namespace ferry::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: ferry-bench-delay HOST TARGET_HOST TARGET_PORT MILLISECONDS\n", stderr);
    return 2;
  }
  try {
    ferry::bench::serve(argv[1], ferry::bench::address_of(argv[2], argv[3]),
                        std::chrono::milliseconds(std::stoul(argv[4])));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ferry-bench-delay: %s\n", e.what());
    return 1;
  }
}
