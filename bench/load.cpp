// The two ends of a measurement: a server, and a client that reaches it directly or through a
// relay.
//
//   serve HOST [PORT]               prints its port, then serves until it is killed
//   down|up|both HOST PORT STREAMS BYTES
//                                   bulk: BYTES in all over STREAMS connections at once; both: as
//                                   many bytes and connections in each direction
//   connect HOST PORT WORKERS SECONDS  a new connection for each request
//   persist HOST PORT WORKERS SECONDS  the same; what fails is counted, and ends nothing
//   request HOST PORT WORKERS SECONDS  requests one after the other on kept connections
//   beside HOST PORT WORKERS SECONDS   the same, while a download goes on
//   idle HOST PORT COUNT BYTES      opens COUNT connections, each of which fetches so much, prints
//                                   how long the first and the last hundred took, and holds them
//                                   until its input ends
//
// Each client prints one JSON object. Every byte is compared with the pattern that must come.
//
// A connection begins with a command: a letter and a number (u64, big-endian). 'D' n: send me n
// bytes. 'U' n: I send n bytes, answer with one. 'R' 0: each byte that I send is a request for 1
// KiB, until I close. 'I' n: as 'D'; another command follows, or nothing for long.
#include <arpa/inet.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "load_server.h"
#include "load_socket.h"

namespace ferry::bench {
namespace {

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

// The longest that nothing of a download came.
Steady::duration transfer(char letter, const Target& target, std::uint64_t bytes) {
  const Socket peer = dial(target);
  peer.command(letter, bytes);
  if (letter == 'D') return peer.receive_pattern(bytes);
  peer.send_pattern(bytes);
  std::array<char, 1> done{};
  peer.receive_all(done);
  return {};
}

// `letters`: one connection for each of them, `streams` times.
void bulk(std::string_view letters, const Target& target, unsigned streams, std::uint64_t bytes) {
  const std::uint64_t each = bytes / streams;
  const auto connections = static_cast<unsigned>(letters.size()) * streams;
  const auto begin = Steady::now();
  on_threads(connections, [&](unsigned i) { transfer(letters[i % letters.size()], target, each); });
  const double took = seconds_since(begin);
  std::printf("{\"bytes\":%llu,\"seconds\":%.6f,\"mb_per_s\":%.1f}\n",
              static_cast<unsigned long long>(each * connections), took,
              static_cast<double>(each * connections) / took / 1e6);
}

// One after the other, each answered before the next.
void idle(const Target& target, unsigned count, std::uint64_t bytes) {
  std::vector<Socket> held;
  std::vector<double> times;
  for (unsigned i = 0; i < count; ++i) {
    const auto begin = Steady::now();
    Socket peer = dial(target);
    peer.command('I', bytes);
    peer.receive_pattern(bytes);
    times.push_back(seconds_since(begin));
    held.push_back(std::move(peer));
  }
  const std::size_t part = std::min<std::size_t>(100, times.size());
  auto median = [part](auto from) {
    std::vector<double> some(from, from + static_cast<std::ptrdiff_t>(part));
    std::sort(some.begin(), some.end());
    return some[part / 2] * 1e3;
  };
  std::printf("{\"connections\":%u,\"first_ms\":%.4f,\"last_ms\":%.4f}\n", count,
              median(times.begin()), median(times.end() - static_cast<std::ptrdiff_t>(part)));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

void ask_once(const Socket& peer) {
  std::array<char, kReply> reply{};
  peer.send_all("?", 1);
  peer.receive_all(reply);
  if (std::memcmp(reply.data(), pattern().data(), kReply) != 0)
    throw std::runtime_error("wrong bytes arrived");
}

// What `requests` asks on: a connection for all of a worker's, or one for each; and if one that
// fails is counted, or ends it all.
enum class On { kKept, kFresh, kFreshCounted };

// `more`: what else belongs in the object that is printed.
void requests(On connections, const Target& target, unsigned workers, double duration,
              const std::function<std::string()>& more = {}) {
  std::vector<std::vector<double>> latencies(workers);
  std::atomic<unsigned> failed = 0;
  const auto begin = Steady::now();
  on_threads(workers, [&](unsigned i) {
    auto connect = [&] {
      Socket peer = dial(target);
      peer.command('R', 0);
      return peer;
    };
    if (connections != On::kKept) {
      while (seconds_since(begin) < duration) {
        const auto start = Steady::now();
        try {
          ask_once(connect());
        } catch (const std::exception&) {
          if (connections != On::kFreshCounted) throw;
          ++failed;
          continue;
        }
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
  if (all.empty()) throw std::runtime_error("no request was answered");
  std::sort(all.begin(), all.end());
  auto at = [&](double q) {
    return all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))] * 1e3;
  };
  std::printf(
      "{\"requests\":%zu,\"failed\":%u,\"seconds\":%.6f,\"per_s\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":"
      "%.4f,\"max_ms\":%.4f%s}\n",
      all.size(), failed.load(), took, static_cast<double>(all.size()) / took, at(0.5), at(0.99),
      at(1), more ? more().c_str() : "");
}

// What was asked, while one download after the other goes on. Of these: how fast they are, and how
// long nothing of them came at most.
void requests_beside_a_download(const Target& target, unsigned workers, double duration) {
  constexpr std::uint64_t kEach = std::uint64_t{64} << 20U;
  std::exception_ptr failure;
  Steady::duration longest{};
  std::uint64_t bytes = 0;
  const auto begin = Steady::now();
  std::jthread load([&](const std::stop_token& over) {
    try {
      for (; !over.stop_requested(); bytes += kEach)
        longest = std::max(longest, transfer('D', target, kEach));
    } catch (...) {
      failure = std::current_exception();
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the pipes are full
  requests(On::kKept, target, workers, duration, [&] {
    load.request_stop();
    load.join();
    if (failure) std::rethrow_exception(failure);
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), ",\"beside_mb_per_s\":%.1f,\"beside_gap_ms\":%.4f",
                  static_cast<double>(bytes) / seconds_since(begin) / 1e6,
                  std::chrono::duration<double, std::milli>(longest).count());
    return std::string(text.data());
  });
}

void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
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
  allow_many_descriptors();
  if ((args.size() == 2 || args.size() == 3) && args[0] == "serve") {
    const auto port = args.size() == 3 ? std::stoul(args[2].data()) : 0;
    serve(args[1].data(), static_cast<std::uint16_t>(port));
  }
  const std::string_view kind = args.empty() ? "" : args[0];
  if (args.size() != 5) {
    std::fputs("usage: ferry-bench-load serve HOST [PORT] | KIND HOST PORT WIDTH AMOUNT\n", stderr);
    return 2;
  }
  const Target target = parse_target(args[1].data(), args[2].data());
  const auto width = static_cast<unsigned>(std::stoul(args[3].data()));
  const char* const amount = args[4].data();
  if (kind == "down") bulk("D", target, width, std::stoull(amount));
  if (kind == "up") bulk("U", target, width, std::stoull(amount));
  if (kind == "both") bulk("DU", target, width, std::stoull(amount));
  if (kind == "connect") requests(On::kFresh, target, width, std::stod(amount));
  if (kind == "persist") requests(On::kFreshCounted, target, width, std::stod(amount));
  if (kind == "request") requests(On::kKept, target, width, std::stod(amount));
  if (kind == "beside") requests_beside_a_download(target, width, std::stod(amount));
  if (kind == "idle") idle(target, width, std::stoull(amount));
  return 0;
}

}  // namespace
}  // namespace ferry::bench

int main(int argc, char** argv) {
  try {
    return ferry::bench::run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ferry-bench-load: %s\n", e.what());
    return 1;
  }
}
