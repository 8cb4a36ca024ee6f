#include "daemon/waiting_connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "daemon/problems.h"
#include "tests/net/harness.h"

namespace ferry::daemon {
namespace {

using ::testing::ElementsAre;

class WaitingConnectionsTest : public ::testing::Test, public ConnectionObserver {
 protected:
  static constexpr std::size_t kMax = 3;

  // One more waits, if it is let; its client's end. `id`: for ends_.
  net::ByteStream& come(std::size_t id) {
    auto pair = net::testing::connect_tcp(loop_);
    clients_.push_back(std::move(pair.client));
    waiting_.add({{"app", 80}, std::move(pair.server), id, this});
    return *clients_.back();
  }
  // Until those that wait have what their clients said last.
  void settle() { loop_.run_for(std::chrono::milliseconds(50)); }

  void on_connected(std::size_t) override {}
  void on_ended(std::size_t port, const ConnectionEnd& end) override {
    EXPECT_TRUE(end.error && end.error->id == problem::kTooManyConnections.id);
    ends_.push_back(port);
  }

  net::testing::TestLoop loop_;
  WaitingConnections waiting_{*loop_, kMax, std::chrono::seconds(30), [] { return "why"; }};
  std::vector<std::unique_ptr<net::ByteStream>> clients_;
  net::testing::Recorder recorder_{loop_};
  std::vector<std::size_t> ends_;
};

// Counts how often it is looked at.
class LookedAtStream final : public net::ByteStream {
 public:
  explicit LookedAtStream(int& looks) : looks_(looks) {}

  void start(net::StreamHandler&) override {}
  void pause_reading() override {}
  void resume_reading() override {}
  std::size_t write(std::span<const Bytes>) override { return 0; }
  bool peer_has_ended() const override {
    ++looks_;
    return false;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override {}
  void reset() override {}

 private:
  int& looks_;
};

TEST_F(WaitingConnectionsTest, OfTooManyTheNewestIsReset) {
  for (std::size_t id = 0; id <= kMax; ++id) come(id);
  EXPECT_THAT(ends_, ElementsAre(kMax));
}

TEST_F(WaitingConnectionsTest, WhoHasGivenUpMakesRoomForTheNext) {
  come(0);
  net::ByteStream& leaves = come(1);
  leaves.write(as_bytes("what nobody has read"));
  leaves.start(recorder_);
  leaves.shutdown();
  come(2).reset();
  settle();
  EXPECT_THAT(ends_, ElementsAre());
  come(3);
  EXPECT_THAT(ends_, ElementsAre(1, 2));
  EXPECT_EQ(waiting_.size(), 2U);
}

// `echo question | nc`: it still wants the answer.
TEST_F(WaitingConnectionsTest, WhoHasOnlyEndedOneSideWaitsAsLongAsThereAreOtherPlaces) {
  net::ByteStream& asks = come(0);
  asks.start(recorder_);
  asks.shutdown();
  settle();
  come(1);
  come(2);
  EXPECT_THAT(ends_, ElementsAre());
  EXPECT_EQ(waiting_.size(), kMax);
}

// Else a flood of connections would have all that wait looked at for each of its own.
TEST_F(WaitingConnectionsTest, NobodyIsLookedAtAgainForAWhile) {
  int looks = 0;
  const auto add = [&] {
    waiting_.add({{"app", 80}, std::make_unique<LookedAtStream>(looks), 0, this});
  };
  for (std::size_t i = 0; i < kMax; ++i) add();
  EXPECT_EQ(looks, 0);
  for (int i = 0; i < 10; ++i) add();  // the loop's time stands still meanwhile
  EXPECT_EQ(looks, static_cast<int>(kMax));
  loop_.run_for(2 * WaitingConnections::kLook);
  add();
  EXPECT_EQ(looks, 2 * static_cast<int>(kMax));
  EXPECT_EQ(ends_.size(), 11U);
}

}  // namespace
}  // namespace ferry::daemon
