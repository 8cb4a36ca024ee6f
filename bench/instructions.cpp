// Fixed pieces of work, each to be run under callgrind by `bench/instructions`, which counts what
// counted() does.
//
//   ferry-bench-instructions            lists the scenarios, one a line
//   ferry-bench-instructions SCENARIO   makes ready for it, then does it
//   ferry-bench-instructions --build    says what else the counts depend on
#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "bench/scenarios.h"
#include "bench/tls_link.h"
#include "tunnel/frame.h"
#include "tunnel/messages.h"

namespace ferry::bench {

using Work = std::function<void()>;

// Named on callgrind's command line. What happens outside of it isn't counted.
[[gnu::noinline]] void counted(const Work& work) { work(); }

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

void check(bool well, const char* what) {
  if (!well) throw std::runtime_error(what);
}

// --- frames alone --------------------------------------------------------------------------------

// As they come when requests and bulk share a tunnel.
std::vector<std::uint8_t> make_frames(int n) {
  const std::vector<std::uint8_t> payload(tunnel::kMaxPayload, 'x');
  std::vector<std::uint8_t> made;
  for (int i = 0; i < n; ++i) {
    const std::size_t size = i % 4 == 0 ? payload.size() : 100;
    std::array<std::uint8_t, tunnel::kHeaderSize> header{};
    tunnel::put_header({tunnel::FrameType::kData, 0, static_cast<std::uint16_t>(size), 1},
                       header.data());
    made.insert(made.end(), header.begin(), header.end());
    made.insert(made.end(), payload.data(), payload.data() + size);
  }
  return made;
}

// Reads of 64 KiB, so that a frame in ten or so comes in two pieces.
int read_frames(tunnel::FrameReader& reader, Bytes bytes) {
  constexpr std::size_t kRead = std::size_t{64} * 1024;
  int frames = 0;
  while (!bytes.empty()) {
    Bytes input = bytes.first(std::min(kRead, bytes.size()));
    bytes = bytes.subspan(input.size());
    tunnel::Frame frame;
    while (reader.next(input, frame) == tunnel::FrameReader::Outcome::kFrame) ++frames;
  }
  return frames;
}

void frames_in(int n) {
  const auto bytes = make_frames(n);
  tunnel::FrameReader reader;
  int found = read_frames(reader, bytes);
  counted([&] { found += read_frames(reader, bytes); });
  check(found == 2 * n, "a frame is missing");
}

void frames_out(int n) {
  std::size_t size = 0;
  const auto make = [&] {
    for (int i = 0; i < n; ++i) {
      const auto stream = static_cast<tunnel::StreamId>(i);
      size += tunnel::FrameBuilder(tunnel::FrameType::kAck).u64(size).frame().size();
      size += tunnel::FrameBuilder(tunnel::FrameType::kCredit, stream).u64(size).frame().size();
      size += encode(stream, tunnel::Open{1000, 1000, {"app.default.svc", 80}}).frame().size();
    }
  };
  counted(make);
  check(size > 0, "no frame was made");
}

// --- two sessions --------------------------------------------------------------------------------

// `idle`: other streams that are open and say nothing.
void bulk(bool down, std::size_t idle) {
  JoinedSessions link;
  open_streams(link, idle);
  for (int i = 0; i < 5; ++i) link.pass(std::chrono::seconds(1));  // idle ones give back credit
  const auto streams = open_streams(link, 1);
  tunnel::Session& from = down ? link.proxy() : link.daemon();
  send(link, from, streams[0], 16 * kMiB);  // windows and memory are what they will be
  counted([&] {
    send(link, from, streams[0], 16 * kMiB);
    link.exchange();
  });
  check(link.received() == 32 * kMiB, "bytes are missing");
}

void small_messages() {
  JoinedSessions link;
  const auto streams = open_streams(link, 100);
  send_messages(link, streams, 100, 10);
  counted([&] { send_messages(link, streams, 100, 100); });
  check(link.received() == std::uint64_t{110} * 100 * 100, "bytes are missing");
}

// Eight that want to send as much as they can: the scheduler has the choice each time.
void many_senders() {
  JoinedSessions link;
  const auto streams = open_streams(link, 8);
  send_messages(link, streams, kMiB, 1);
  counted([&] { send_messages(link, streams, kMiB, 2); });
  check(link.received() == 24 * kMiB, "bytes are missing");
}

void churn() {
  JoinedSessions link;
  open_and_close(link, 500);
  counted([&] { open_and_close(link, 2000); });
}

// --- TLS -----------------------------------------------------------------------------------------

void tls(std::size_t size, int writes) {
  const std::vector<std::uint8_t> bytes(size, 'x');
  TlsLink link;
  link.carry(bytes, 20);
  counted([&] { link.carry(bytes, writes); });
  check(link.received() == size * (20 + static_cast<std::size_t>(writes)), "bytes are missing");
}

const std::map<std::string_view, std::function<void()>> kScenarios = {
    {"frames in, 20,000", [] { frames_in(20000); }},
    {"frames out, 30,000", [] { frames_out(10000); }},
    {"16 MiB up, 1 stream", [] { bulk(false, 0); }},
    {"16 MiB down, 1 stream", [] { bulk(true, 0); }},
    {"16 MiB up, 1 stream among 10,000 idle", [] { bulk(false, 10000); }},
    {"16 MiB up, 8 streams", many_senders},
    {"10,000 messages, 100 streams", small_messages},
    {"2,000 streams opened and closed", churn},
    {"16 MiB through TLS", [] { tls(kMiB / 4, 64); }},
    {"10,000 messages through TLS", [] { tls(100, 10000); }},
};

// FERRY_BENCH_FLAGS: the compiler's name and version, and its flags.
void print_build() {
  utsname machine{};
  uname(&machine);
  std::printf("%s, %s, glibc %s\n", FERRY_BENCH_FLAGS, machine.machine, gnu_get_libc_version());
}

int run(std::string_view word) {
  if (word == "--build") {
    print_build();
    return 0;
  }
  const auto found = kScenarios.find(word);
  if (found == kScenarios.end()) return 2;
  found->second();
  return 0;
}

}  // namespace
}  // namespace ferry::bench

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const auto& [name, work] : ferry::bench::kScenarios) std::puts(name.data());
    return 0;
  }
  try {
    return ferry::bench::run(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ferry-bench-instructions: %s: %s\n", argv[1], e.what());
    return 1;
  }
}
