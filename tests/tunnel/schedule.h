// A list of operations over a pair of sessions, chosen by somebody else: a seeded generator in the
// tests, the fuzzer's bytes in tests/fuzz. After each operation, and after everything was healed
// and closed at the end, it holds what it sees against what the tunnel promises.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/tunnel/pair.h"

namespace ferry::tunnel::testing {

class Schedule {
 public:
  // A number in [0, bound).
  using Chooser = std::function<std::uint32_t(std::uint32_t bound)>;

  explicit Schedule(Chooser choose);

  // Plays `operations` of them, then heals and closes all. Empty, or which promise was broken.
  std::string play(int operations);

 private:
  using Operation = void (Schedule::*)();

  static Options choose_options(const Chooser& choose);
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
  void note(bool holds, const std::string& promise);
  void check_bounds(Endpoint& end);
  void check_end();
  void check_links();
  void check_stream(StreamId id);
  void check_received(Endpoint& to, Endpoint& from, StreamId id, bool all);

  Chooser choose_;
  Options options_;
  Pair pair_;
  std::map<std::pair<int, StreamId>, std::size_t> sent_;  // bytes given to (end, stream)
  std::vector<std::pair<Endpoint*, StreamId>> unanswered_;
  std::set<std::uint16_t> asked_;  // links that the daemon wants
  bool ready_ = false;
  std::string fault_;
};

}  // namespace ferry::tunnel::testing
