// The memory of a process in which a session isn't alone: small pools, of which other sessions take
// parts and give them back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "tunnel/memory_budget.h"

namespace ferry::tunnel::testing {

// A number in [0, bound), chosen by a seeded generator or a fuzzer.
using Chooser = std::function<std::uint32_t(std::uint32_t bound)>;

class BusyProcess {
 public:
  // Pools of chosen sizes, some too small for anything but the least that a session needs.
  explicit BusyProcess(const Chooser& choose);

  MemoryBudget& budget() { return budget_; }
  // The others take a part of what is left of one pool, or give back all that they have of it.
  void crowd(const Chooser& choose);

  // What the others have.
  std::size_t others_windows() const { return others_[0].taken; }
  std::size_t others_rings() const { return others_[1].taken; }
  std::size_t others_streams() const { return others_[2].taken; }
  std::size_t most_streams_of_others() const { return others_[2].most; }

 private:
  struct Others {
    MemoryShare share;
    std::size_t taken = 0;
    std::size_t most = 0;  // ever
  };

  MemoryBudget budget_;
  std::array<Others, 3> others_{Others{MemoryShare(&budget_.windows)},
                                Others{MemoryShare(&budget_.rings)},
                                Others{MemoryShare(&budget_.streams)}};
};

}  // namespace ferry::tunnel::testing
