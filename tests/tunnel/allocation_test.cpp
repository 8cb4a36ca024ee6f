// The path of a byte takes no memory from the heap once it has run for a while. A program of its
// own, because it replaces operator new.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "tunnel/session.h"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Not inlined: GCC would see free() meet operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ferry::tunnel {
namespace {

class Bench {
 public:
  Bench() {
    daemon_.attach(now_);
    proxy_.attach(now_);
    exchange();
    const auto id = daemon_.open({"app", 80}, now_);
    id_ = id.value_or(0);
    exchange();
  }

  // Sends n frames of `size` bytes, carries them over, and lets the other side consume them.
  void send(int n, std::size_t size) {
    for (int i = 0; i < n; ++i) {
      const MutableBytes place = daemon_.reserve(id_);
      if (place.empty()) {
        exchange();
        continue;
      }
      daemon_.commit(id_, std::min(size, place.size()));
      ++sent_;
    }
    exchange();
  }

  int sent() const { return sent_; }

 private:
  void exchange() {
    for (int i = 0; i < 3; ++i) {
      now_ += std::chrono::microseconds(100);
      carry(daemon_, proxy_);
      carry(proxy_, daemon_);
    }
  }

  void carry(Session& from, Session& to) {
    pieces_.clear();
    from.take_output(std::size_t{256} * 1024, pieces_, now_);
    for (const Bytes piece : pieces_) {
      (void)to.receive(piece, now_);
      while (const auto event = to.poll_event()) {
        const auto* data = std::get_if<Data>(&*event);
        if (data != nullptr) to.consumed(data->stream, data->data.size());
        if (const auto* opened = std::get_if<Opened>(&*event)) to.accept(opened->stream);
      }
    }
    while (from.poll_event()) {
    }
  }

  Session daemon_{Role::kDaemon, {}};
  Session proxy_{Role::kProxy, {}};
  TimePoint now_{std::chrono::hours(1)};
  StreamId id_ = 0;
  int sent_ = 0;
  std::vector<Bytes> pieces_;
};

TEST(AllocationTest, DataTakesNoMemoryPerFrame) {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.send(20, 16376);
  const std::size_t before = allocations;
  const int frames_before = bench.sent();
  for (int i = 0; i < 200; ++i) bench.send(20, 16376);
  EXPECT_GE(bench.sent() - frames_before, 3000);
  EXPECT_LE(allocations - before, 4U) << "for " << bench.sent() - frames_before << " frames";
}

TEST(AllocationTest, SmallFramesTakeNoMemoryEither) {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.send(50, 100);
  const std::size_t before = allocations;
  const int frames_before = bench.sent();
  for (int i = 0; i < 200; ++i) bench.send(50, 100);
  EXPECT_GE(bench.sent() - frames_before, 9000);
  EXPECT_LE(allocations - before, 4U);
}

}  // namespace
}  // namespace ferry::tunnel
