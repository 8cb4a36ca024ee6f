// A wire between two streams that a test can cut, stall and spoil.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/net/harness.h"

namespace ferry::net::testing {

class Relay {
 public:
  enum class Cut { kEnd, kReset };

  // Forwards both ways until `budget` bytes, both directions counted, have passed; then it cuts
  // both connections.
  Relay(std::unique_ptr<ByteStream> a, std::unique_ptr<ByteStream> b, std::size_t budget, Cut how)
      : budget_(budget), cut_(how), from_a_(*this), from_b_(*this) {
    from_a_.own = std::move(a);
    from_b_.own = std::move(b);
    from_a_.other = from_b_.own.get();
    from_b_.other = from_a_.own.get();
    from_a_.own->start(from_a_);
    from_b_.own->start(from_b_);
    if (budget_ == 0) cut();
  }

  std::size_t passed = 0;
  std::function<void(MutableBytes)> spoil;  // sees what passes, and may change it

  void cut() {
    cut_done_ = true;
    for (auto* side : {&from_a_, &from_b_}) {
      if (cut_ == Cut::kReset) {
        side->own->reset();
      } else {
        side->own->shutdown();
      }
    }
  }

 private:
  struct Side final : StreamHandler {
    explicit Side(Relay& the_relay) : relay(the_relay), room(4096) {}
    MutableBytes on_read_buffer() override { return room; }
    void on_read(std::size_t n) override { relay.forward(*this, n); }
    void on_end() override { other->shutdown(); }
    void on_written(std::size_t) override {}
    void on_closed(Status status) override {
      if (!status) other->reset();
    }
    Relay& relay;
    std::unique_ptr<ByteStream> own;
    ByteStream* other = nullptr;
    std::vector<std::uint8_t> room;
  };

  void forward(Side& side, std::size_t n) {
    if (cut_done_) return;
    n = std::min(n, budget_ - passed);
    passed += n;
    const MutableBytes bytes(side.room.data(), n);
    if (spoil) spoil(bytes);
    side.other->write(bytes);
    if (passed == budget_) cut();
  }

  const std::size_t budget_;
  const Cut cut_;
  bool cut_done_ = false;
  Side from_a_;
  Side from_b_;
};

constexpr std::size_t kNoBudget = std::string::npos;

// The two ends of a wire that has a relay in its middle.
struct RelayedPair {
  StreamPair ends;
  std::unique_ptr<Relay> relay;
};

inline RelayedPair connect_relayed(TestLoop& loop, std::size_t budget = kNoBudget,
                                   Relay::Cut cut = Relay::Cut::kEnd) {
  auto left = connect_tcp(loop);
  auto right = connect_tcp(loop);
  RelayedPair pair;
  pair.ends.client = std::move(left.client);
  pair.ends.server = std::move(right.server);
  pair.relay =
      std::make_unique<Relay>(std::move(left.server), std::move(right.client), budget, cut);
  return pair;
}

}  // namespace ferry::net::testing
