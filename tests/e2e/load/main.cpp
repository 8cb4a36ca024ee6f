// Steady HTTP load on one address, until it is killed: a line of JSON (see Tally::line) five times
// a second.
//
//   ferry-test-load HOST PORT [NEW-PER-SECOND [KEPT-PER-SECOND]]
//
// NEW requests a second (150) come each on a connection of its own, KEPT ones (150) over
// connections that stay open. An idle connection that the server has closed is no failure: the
// request is sent once more on a new one, as RFC 9110, 9.2.2 has it and every client does; how
// often that was so is counted ("retried").
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "connection.h"
#include "tally.h"

namespace {

using ferry::test_load::Clock;
using ferry::test_load::Connection;
using ferry::test_load::Outcome;
using ferry::test_load::Tally;

constexpr unsigned kThreadsPerMode = 16;  // one slow answer must not hold up the others
constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::milliseconds kReportEvery{200};

// A reused connection may have been closed by the server meanwhile.
Outcome get(Connection& connection, bool keep, bool& retried) {
  const bool reused = connection.open();
  Outcome outcome = connection.get(keep);
  retried = reused && outcome.unheard && outcome.failure != "receive: timed out";
  return retried ? connection.get(keep) : outcome;
}

[[noreturn]] void ask(Tally& tally, const addrinfo& address, bool keep, Clock::duration period,
                      Clock::duration offset) {
  Connection connection(address, kTimeout);
  for (Clock::time_point next = Clock::now() + offset;;) {
    std::this_thread::sleep_until(next);
    bool retried = false;
    const Clock::time_point began = Clock::now();
    const Outcome outcome = get(connection, keep, retried);
    tally.add(keep ? "keep-alive" : "new", outcome, retried, Clock::now() - began);
    next = std::max(next + period, Clock::now());
  }
}

void start(Tally& tally, const addrinfo& address, bool keep, unsigned rate) {
  if (rate == 0) return;
  const unsigned threads = std::min(kThreadsPerMode, rate);
  const Clock::duration period = std::chrono::nanoseconds(1'000'000'000LL * threads / rate);
  for (unsigned i = 0; i < threads; ++i) {
    std::thread(ask, std::ref(tally), std::cref(address), keep, period, period * i / threads)
        .detach();
  }
}

unsigned rate_of(int argc, char** argv, int index) {
  return argc > index ? static_cast<unsigned>(std::stoul(argv[index])) : 150;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ferry-test-load HOST PORT [NEW-PER-SECOND [KEPT-PER-SECOND]]\n");
    return 2;
  }
  std::signal(SIGTERM,
              [](int) { std::_Exit(0); });  // the first process of a container has no other default
  const auto addresses = ferry::test_load::resolve(argv[1], argv[2]);
  Tally tally;
  start(tally, *addresses, false, rate_of(argc, argv, 3));
  start(tally, *addresses, true, rate_of(argc, argv, 4));
  for (;;) {
    std::this_thread::sleep_for(kReportEvery);
    std::puts(tally.line().c_str());
    std::fflush(stdout);
  }
}
