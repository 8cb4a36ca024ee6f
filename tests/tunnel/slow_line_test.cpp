// A line that is slow and full is no dead one: what waits in its queue is not held against it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tunnel/pair.h"

namespace ferry::tunnel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Endpoint;
using testing::Pair;
using testing::Wire;

constexpr std::size_t kRecord = std::size_t{16} * 1024;  // TLS gives whole ones
constexpr std::size_t kQueue = 8 * kRecord;              // of the kernel

// Both directions were quick when the session began; one has become slow.
class SlowLineTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  SlowLineTest() {
    pair_.step_time = milliseconds(10);
    pair_.take_size = [] { return kRecord; };
    pair_.deliver_size = [] { return kRecord; };
    pair_.establish();
    bulk_ = pair_.daemon.open("bulk", pair_.now);
    typed_ = pair_.daemon.open("typed", pair_.now);
    pair_.pass(seconds(1));
  }

  // Two minutes, with a keystroke every three seconds. Counts doubts, but for those of the first
  // ten seconds: nobody knows then that the line has become slow.
  void go_on(Wire& slow) {
    slow.capacity = kQueue;
    const Duration each = seconds(1) * (kRecord * 8) / (GetParam() * 1000);
    TimePoint next = pair_.now + each;
    for (int step = 0; step < 12'000; ++step) {
      slow.stalled = pair_.now < next;
      if (!slow.stalled) next += each;
      pair_.step();
      for (Endpoint* end : {&pair_.daemon, &pair_.proxy}) {
        if (end->session().next_timeout().value_or(TimePoint::max()) <= pair_.now) {
          end->session().on_timeout(pair_.now);
          end->drain();
        }
      }
      if (step % 300 == 0) pair_.daemon.send(typed_, "x");
      if (step == 1000) doubts_ -= pair_.daemon.doubts;
    }
    doubts_ += pair_.daemon.doubts;
  }

  Pair pair_;
  int doubts_ = 0;
  StreamId bulk_ = 0;
  StreamId typed_ = 0;
};

std::string plenty() { return std::string(std::size_t{32} << 20, 'x'); }

TEST_P(SlowLineTest, AnUploadIsNotInDoubt) {
  pair_.daemon.send(bulk_, plenty());
  go_on(pair_.up);
  EXPECT_EQ(doubts_, 0);
  EXPECT_GT(pair_.proxy.stream(bulk_).received.size(), 100 * kRecord);
}

TEST_P(SlowLineTest, ADownloadIsNotInDoubt) {
  pair_.proxy.send(bulk_, plenty());
  go_on(pair_.down);
  EXPECT_EQ(doubts_, 0);
  EXPECT_GT(pair_.daemon.stream(bulk_).received.size(), 100 * kRecord);
}

INSTANTIATE_TEST_SUITE_P(KilobitsPerSecond, SlowLineTest, ::testing::Values(128, 256, 2000));

}  // namespace
}  // namespace ferry::tunnel
