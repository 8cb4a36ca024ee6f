// A list of operations over a pair of sessions, chosen by somebody else: a seeded generator in the
// tests, the fuzzer's bytes in tests/fuzz. After each operation, and after everything was healed
// and closed at the end, it holds what it sees against what the tunnel promises.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/tunnel/busy_process.h"
#include "tests/tunnel/pair.h"

namespace ferry::tunnel::testing {

class Schedule {
 public:
  explicit Schedule(Chooser choose);

  // Plays `operations` of them, then heals and closes all. Empty, or which promise was broken.
  std::string play(int operations);

 private:
  using Operation = void (Schedule::*)();

  static Options choose_options(const Chooser& choose);
  std::unique_ptr<BusyProcess> choose_process();
  // `n` bytes of what one end sends on one stream, from the position `at` on.
  static std::string content(int end, StreamId id, std::size_t at, std::size_t n);
  Endpoint& any_end() { return choose_(2) == 0 ? pair_.daemon : pair_.proxy; }
  // A stream of this end that is alive; 0: none.
  StreamId any_stream(Endpoint& end);
  int number_of(const Endpoint& end) const { return &end == &pair_.daemon ? 0 : 1; }

  void open();
  void send();
  void finish();
  void reset();
  void consume();
  void stop_consuming();
  void answer();
  void move();
  void cut();
  void repeat_resumes();
  void crowd();
  void stall();
  void pass();
  void probe();
  void listen();
  void unlisten();
  void ready();

  void on_opened(Endpoint& end, StreamId id);
  void accept(Endpoint& end, StreamId id);
  void cut_if_dead();
  void heal();

  // --- promises (schedule_promises.cpp) ---
  void note(bool holds, const std::string& promise);
  void check_now();
  void check_bounds(Endpoint& end);
  void check_process(Endpoint& end);
  void check_events(Endpoint& to, Endpoint& from);
  void check_received(Endpoint& to, Endpoint& from, StreamId id);
  void check_end();
  void check_links();
  void check_closed(Endpoint& to, Endpoint& from);
  // Whether the end that a stream came to is one that somebody asked for: what it comes to without
  // any cut, stall or want of memory.
  bool is_asked_for(Endpoint& to, Endpoint& from, StreamId id);
  bool may_refuse_streams(Endpoint& end);

  Chooser choose_;
  Options options_;
  std::array<std::unique_ptr<BusyProcess>, 2> processes_;  // by end; none: memory as it needs it
  Pair pair_;
  std::vector<std::pair<Endpoint*, StreamId>> unanswered_;
  std::set<std::uint16_t> asked_;  // links that the daemon wants
  bool ready_ = false;
  std::string fault_;
};

}  // namespace ferry::tunnel::testing
