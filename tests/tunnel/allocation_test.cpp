// The path of a byte takes no memory from the heap once it has run for a while: neither frames of
// any kind, nor what they bring about, nor a crowd of streams. A program of its own, because it
// replaces operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "bench/scenarios.h"
#include "tunnel/frame.h"

namespace {
std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> frees{0};
}  // namespace

// Not inlined: GCC would see free() meet operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr) ++frees;
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  if (memory != nullptr) ++frees;
  std::free(memory);
}

namespace ferry::tunnel {
namespace {

using bench::JoinedSessions;
using bench::open_streams;
using bench::send;

constexpr std::size_t kFull = kMaxPayload;
constexpr std::size_t kMiB = std::size_t{1} << 20U;

std::size_t allocations_of(const std::function<void()>& work) {
  const std::size_t before = allocations;
  work();
  return allocations - before;
}

// Messages of so many bytes, one on each stream in each round, from both sides if `both`.
void exchange_messages(JoinedSessions& link, const std::vector<StreamId>& streams,
                       std::size_t bytes, int rounds, bool both) {
  for (int i = 0; i < rounds; ++i) {
    for (const StreamId stream : streams) {
      send(link, link.daemon(), stream, bytes);
      if (both) send(link, link.proxy(), stream, bytes);
    }
    link.exchange();
  }
}

struct Load {
  const char* name;
  std::size_t streams;
  std::size_t bytes;
  int rounds;
  bool both;
};

class LoadAllocationTest : public testing::TestWithParam<Load> {};

TEST_P(LoadAllocationTest, DataAndItsAcknowledgementsAndCreditTakeNoMemory) {
  const Load& load = GetParam();
  JoinedSessions link;
  const auto streams = open_streams(link, load.streams);
  exchange_messages(link, streams, load.bytes, load.rounds, load.both);
  const std::uint64_t before = link.received();
  EXPECT_EQ(
      allocations_of([&] { exchange_messages(link, streams, load.bytes, load.rounds, load.both); }),
      0U);
  const std::uint64_t messages =
      load.streams * static_cast<std::uint64_t>(load.rounds) * (load.both ? 2 : 1);
  EXPECT_EQ(link.received() - before, messages * load.bytes);
}

INSTANTIATE_TEST_SUITE_P(, LoadAllocationTest,
                         testing::Values(Load{"FullFramesUp", 1, kFull, 4000, false},
                                         Load{"FullFramesBothWays", 1, kFull, 4000, true},
                                         Load{"SmallFramesUp", 1, 100, 10000, false},
                                         Load{"SmallFramesBothWays", 1, 100, 10000, true},
                                         Load{"ManyStreams", 1000, 100, 100, true},
                                         Load{"StreamsThatWaitForTheirTurn", 50, kMiB, 2, true}),
                         [](const auto& one) { return one.param.name; });

TEST(AllocationTest, FramesThatComeInPiecesTakeNoMemory) {
  JoinedSessions link;
  link.deliver_at_most(1000);
  const auto streams = open_streams(link, 3);
  exchange_messages(link, streams, kFull, 100, true);
  EXPECT_EQ(allocations_of([&] { exchange_messages(link, streams, kFull, 100, true); }), 0U);
}

TEST(AllocationTest, SilenceAndItsPingsTakeNoMemory) {
  JoinedSessions link;
  open_streams(link, 100);
  const auto hour = [&] {
    for (int i = 0; i < 3600; ++i) link.pass(std::chrono::seconds(1));
  };
  hour();
  EXPECT_EQ(allocations_of(hour), 0U);
}

// A stream is an entry in a table at each end, and nothing else: none stays behind.
TEST(AllocationTest, AStreamTakesMemoryOnceAtEachEndAndGivesItBack) {
  constexpr std::size_t kStreams = 5000;
  JoinedSessions link;
  const auto open_and_close = [&] {
    for (std::size_t i = 0; i < kStreams; ++i) {
      const StreamId stream = link.open();
      ASSERT_NE(stream, 0U);
      link.exchange();
      link.daemon().finish(stream);
      link.exchange();
    }
  };
  open_and_close();
  const std::size_t frees_before = frees;
  EXPECT_EQ(allocations_of(open_and_close), 2 * kStreams);
  EXPECT_EQ(frees - frees_before, 2 * kStreams);
  EXPECT_EQ(link.closed(), 2 * 2 * kStreams);
}

}  // namespace
}  // namespace ferry::tunnel
