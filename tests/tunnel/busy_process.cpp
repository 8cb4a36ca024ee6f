#include "tests/tunnel/busy_process.h"

#include <algorithm>

#include "tunnel/replay_ring.h"
#include "tunnel/stream_table.h"

namespace ferry::tunnel::testing {

BusyProcess::BusyProcess(const Chooser& choose)
    : budget_{MemoryPool(std::size_t{4096} << choose(9)),
              MemoryPool(choose(5) * ReplayRing::kBlockSize),
              MemoryPool((4 + choose(64)) * StreamTable::kStreamMemory)} {}

void BusyProcess::crowd(const Chooser& choose) {
  Others& others = others_[choose(3)];
  if (choose(3) == 0) {
    others.share.give_back(others.taken);
    others.taken = 0;
    return;
  }
  const std::size_t n = others.share.left() / 4 * (1 + choose(4));
  others.share.take(n);
  others.taken += n;
  others.most = std::max(others.most, others.taken);
}

}  // namespace ferry::tunnel::testing
