// Google Benchmark of the tunnel's parts, for whoever changes one of them. Figures of a busy
// machine mean little; bench/instructions guards.
#include <benchmark/benchmark.h>

#include <array>

#include "bench/scenarios.h"
#include "tunnel/frame.h"
#include "tunnel/messages.h"
#include "tunnel/replay_ring.h"
#include "tunnel/scheduler.h"

namespace ferry::bench {
namespace {

using tunnel::FrameType;

std::vector<std::uint8_t> data_frame(std::size_t payload) {
  std::vector<std::uint8_t> frame(tunnel::kHeaderSize + payload, 'x');
  tunnel::put_header({FrameType::kData, 0, static_cast<std::uint16_t>(payload), 1}, frame.data());
  return frame;
}

// --- frames --------------------------------------------------------------------------------------

void encode_header(benchmark::State& state) {
  std::array<std::uint8_t, tunnel::kHeaderSize> place{};
  tunnel::StreamId stream = 0;
  for (auto _ : state) {
    tunnel::put_header({FrameType::kData, 0, 1000, ++stream}, place.data());
    benchmark::DoNotOptimize(place);
  }
}
BENCHMARK(encode_header);

void encode_credit(benchmark::State& state) {
  std::uint64_t limit = 0;
  for (auto _ : state) {
    tunnel::FrameBuilder builder(FrameType::kCredit, 1);
    benchmark::DoNotOptimize(builder.u64(++limit).frame().data());
  }
}
BENCHMARK(encode_credit);

void encode_and_decode_open(benchmark::State& state) {
  const tunnel::Open open{1000, 1000, {"app.default.svc.cluster.local", 80}};
  for (auto _ : state) {
    auto builder = encode(1, open);
    benchmark::DoNotOptimize(tunnel::decode_open(builder.frame().subspan(tunnel::kHeaderSize)));
  }
}
BENCHMARK(encode_and_decode_open);

// Argument: bytes of payload.
void decode_frames(benchmark::State& state) {
  const auto frame = data_frame(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 16; ++i) bytes.insert(bytes.end(), frame.begin(), frame.end());
  tunnel::FrameReader reader;
  for (auto _ : state) {
    Bytes input = bytes;
    tunnel::Frame found;
    while (reader.next(input, found) == tunnel::FrameReader::Outcome::kFrame) {
      benchmark::DoNotOptimize(found);
    }
  }
  state.SetItemsProcessed(16 * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(decode_frames)->Arg(100)->Arg(tunnel::kMaxPayload);

// --- the ring ------------------------------------------------------------------------------------

// A frame in, out, and acknowledged. Argument: bytes of payload.
void ring(benchmark::State& state) {
  const auto size = tunnel::kHeaderSize + static_cast<std::size_t>(state.range(0));
  tunnel::MemoryShare memory(nullptr);
  tunnel::ReplayRing ring(memory);
  const auto frame = data_frame(static_cast<std::size_t>(state.range(0)));
  std::vector<Bytes> pieces;
  for (auto _ : state) {
    std::copy_n(frame.begin(), tunnel::kHeaderSize, ring.reserve(size).begin());
    ring.commit(size);
    pieces.clear();
    ring.take(size, pieces);
    if (ring.used() >= tunnel::ReplayRing::kBlockSize) ring.acknowledge(ring.sent());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(ring)->Arg(100)->Arg(tunnel::kMaxPayload);

// --- the scheduler -------------------------------------------------------------------------------

// Streams that all want to send as much as they can take turns. Argument: how many.
void turns(benchmark::State& state) {
  std::vector<tunnel::Stream> streams(static_cast<std::size_t>(state.range(0)));
  tunnel::Scheduler scheduler(std::size_t{256} * 1024);
  TimePoint now{std::chrono::hours(1)};
  for (auto& stream : streams) {
    stream.turn.burst = std::size_t{1} << 20U;  // a bulk stream
    stream.turn.last_sent = now;
    scheduler.wait(stream);
  }
  for (auto _ : state) {
    tunnel::Stream* const next = scheduler.grant(0, now);
    now += std::chrono::microseconds(1);
    if (next == nullptr) return state.SkipWithError("nobody may send");
    scheduler.sent(*next, tunnel::Scheduler::kQuantum, now);
    scheduler.wait(*next);
  }
  for (auto& stream : streams) scheduler.remove(stream);
}
BENCHMARK(turns)->Arg(1)->Arg(8)->Arg(10000);

// --- two sessions --------------------------------------------------------------------------------

// Argument: bytes at a time.
void carry(benchmark::State& state) {
  JoinedSessions link;
  const auto streams = open_streams(link, 1);
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) send_messages(link, streams, bytes, 1);
  state.SetBytesProcessed(state.range(0) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(carry)->Arg(100)->Arg(1 << 20);

void open_and_close_50(benchmark::State& state) {
  tunnel::Options options;
  options.opens_per_second = 1U << 30U;  // time is simulated here, and slow
  JoinedSessions link(options);
  for (auto _ : state) open_and_close(link, 50);
  state.SetItemsProcessed(50 * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(open_and_close_50);

}  // namespace
}  // namespace ferry::bench

BENCHMARK_MAIN();
