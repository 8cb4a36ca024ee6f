// Bytes pass through sockets, sessions and TLS without memory from the heap, once they have for a
// while. What OpenSSL takes for each record is its own affair, and recorded only. A program of its
// own, because it replaces operator new.
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <uv.h>

#include <array>
#include <cstdlib>
#include <new>
#include <vector>

#include "tests/net/tls_harness.h"
#include "tests/tunnel/io/harness.h"

namespace {

std::size_t ours = 0;
std::size_t of_libuv = 0;
std::size_t of_openssl = 0;

void* uv_malloc(std::size_t size) {
  ++of_libuv;
  return std::malloc(size);
}
void* uv_realloc(void* memory, std::size_t size) {
  ++of_libuv;
  return std::realloc(memory, size);
}
void* uv_calloc(std::size_t count, std::size_t size) {
  ++of_libuv;
  return std::calloc(count, size);
}
void* openssl_malloc(std::size_t size, const char*, int) {
  ++of_openssl;
  return std::malloc(size);
}
void* openssl_realloc(void* memory, std::size_t size, const char*, int) {
  ++of_openssl;
  return std::realloc(memory, size);
}
void openssl_free(void* memory, const char*, int) { std::free(memory); }

// OpenSSL refuses once it has taken memory.
const bool libraries_are_counted =
    CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1 &&
    uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, std::free) == 0;

}  // namespace

// Not inlined: GCC would see free() meet operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++ours;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ferry::tunnel {
namespace {

using testing::TestLoop;
using testing::World;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t kChunk = std::size_t{64} * 1024;
// Of 8,000 frames or more: a queue that grows beyond what it was.
constexpr std::size_t kFew = 200;

struct Load {
  const char* name;
  int streams;
  bool slow;
  std::size_t bytes;    // from each end of each stream
  std::size_t message;  // of them, in one write
};

// An end of a connection that sends until it has sent so much, and takes what comes: all of it at
// once, or if it is slow a little in each round of the loop.
class Bulk final : public net::StreamHandler {
 public:
  Bulk(TestLoop& loop, std::unique_ptr<net::ByteStream> stream, const Load& load)
      : loop_(loop),
        load_(load),
        stream_(std::move(stream)),
        next_round_(*loop, [this] { stream_->resume_reading(); }) {
    stream_->start(*this);
  }

  std::uint64_t received() const { return received_; }
  void send(std::size_t n) {
    to_send_ += n;
    send_more();
  }

 private:
  MutableBytes on_read_buffer() override { return buffer_; }
  void on_read(std::size_t n) override {
    received_ += n;
    if (load_.slow) {
      stream_->pause_reading();
      next_round_.start(Duration::zero());
    }
    send_more();
    loop_.poke();
  }
  void on_end() override {}
  void on_written(std::size_t) override { send_more(); }
  void on_closed(Status) override { ADD_FAILURE() << "the connection was closed"; }

  void send_more() {
    while (to_send_ > 0 && stream_->queued() == 0 && may_send()) {
      const std::size_t n = std::min(to_send_, load_.message);
      to_send_ -= n;
      sent_ += n;
      stream_->write(Bytes(buffer_).first(n));
    }
  }

  // A small message is the answer to the one before.
  bool may_send() const { return load_.message == kChunk || sent_ <= received_; }

  TestLoop& loop_;
  const Load& load_;
  std::unique_ptr<net::ByteStream> stream_;
  net::Timer next_round_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kChunk);
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t to_send_ = 0;
};

// Streams between applications and services, by a carrier with TLS.
class Tunnel {
 public:
  explicit Tunnel(const Load& load) {
    auto carrier = net::testing::connect_tls(world_.loop);
    world_.gate.take(std::move(carrier.server));
    world_.daemon.io->attach(std::make_unique<Carrier>(std::move(carrier.client)));
    world_.loop.run_until([&] { return world_.daemon.established && world_.proxy.established; });
    for (int i = 0; i < load.streams; ++i) open(load);
  }

  // From each end of each stream to the other one. The most that waited for a socket at a time.
  std::size_t exchange(std::size_t bytes) {
    std::size_t most = 0;
    const std::uint64_t goal = ends_.front()->received() + bytes;
    for (auto& end : ends_) end->send(bytes);
    world_.loop.run_until([&] {
      most = std::max(most, world_.proxy.io->queued_for_sockets());
      return std::all_of(ends_.begin(), ends_.end(),
                         [&](const auto& end) { return end->received() == goal; });
    });
    return most;
  }

 private:
  void open(const Load& load) {
    auto app = net::testing::connect_tcp(world_.loop);
    const auto id = world_.daemon.io->open({"svc", 80}, std::move(app.server));
    ASSERT_TRUE(id.has_value());
    world_.loop.run_until(
        [&] { return !world_.proxy.opened.empty() && world_.proxy.opened.back().first == *id; });
    auto service = net::testing::connect_tcp(world_.loop);
    world_.proxy.io->accept(*id, std::move(service.server));
    ends_.push_back(std::make_unique<Bulk>(world_.loop, std::move(app.client), load));
    ends_.push_back(std::make_unique<Bulk>(world_.loop, std::move(service.client), load));
  }

  World world_;
  std::vector<std::unique_ptr<Bulk>> ends_;
};

class LoadAllocationTest : public ::testing::TestWithParam<Load> {};

TEST_P(LoadAllocationTest, BytesTakeNoMemory) {
  ASSERT_TRUE(libraries_are_counted);
  const Load& load = GetParam();
  Tunnel tunnel(load);
  tunnel.exchange(load.bytes);
  const std::size_t ours_before = ours;
  const std::size_t of_libuv_before = of_libuv;
  const std::size_t of_openssl_before = of_openssl;
  const std::size_t waited = tunnel.exchange(load.bytes);
  EXPECT_LE(ours - ours_before, kFew);
  EXPECT_LE(of_libuv - of_libuv_before, kFew);
  RecordProperty("ours", std::to_string(ours - ours_before));
  RecordProperty("of_openssl", std::to_string(of_openssl - of_openssl_before));
  EXPECT_TRUE(!load.slow || waited > 0) << "no write was partial";
}

INSTANTIATE_TEST_SUITE_P(, LoadAllocationTest,
                         ::testing::Values(Load{"Bulk", 1, false, 64 * kMiB, kChunk},
                                           Load{"BulkToSlowReaders", 1, true, 64 * kMiB, kChunk},
                                           Load{"ManySlowReaders", 4, true, 16 * kMiB, kChunk},
                                           Load{"SmallMessages", 4, false, kMiB / 4, 100}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace ferry::tunnel
