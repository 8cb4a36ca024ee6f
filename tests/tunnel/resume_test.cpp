// The claim of the whole protocol: a carrier may be lost at any byte, and nobody above notices.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tunnel/pair.h"

namespace ferry::tunnel {
namespace {

using testing::Endpoint;
using testing::Pair;

// Small enough that every kind of frame occurs within a few thousand bytes.
Options small_options() {
  Options options;
  options.max_streams = 64;
  options.initial_credit = 256;
  options.min_credit = 128;
  options.max_credit = 1024;
  options.window_budget = 16384;
  options.ack_bytes = 300;
  return options;
}

std::string text(std::size_t size, char first) {
  std::string all(size, ' ');
  for (std::size_t i = 0; i < size; ++i)
    all[i] = static_cast<char>(first + static_cast<char>(i % 23));
  return all;
}

void describe(std::ostringstream& out, const char* name, Endpoint& end) {
  for (const auto& [id, stream] : end.streams()) {
    out << name << ' ' << id << " to " << stream.target.host << ": " << stream.received.size()
        << " bytes, hash " << std::hash<std::string>()(stream.received)
        << (stream.finished ? ", finished" : "") << ", end '" << stream.end << "'\n";
  }
  for (const std::uint16_t port : end.links.listens) out << name << " listens on " << port << '\n';
  for (const auto& [port, result] : end.links.results) {
    out << name << " asked for " << port << ": " << result << '\n';
  }
  if (end.links.peer_ready) out << name << " hears that its peer is ready\n";
  const Stats stats = end.session().stats();
  out << name << ": streams " << stats.streams << ", ring " << stats.ring_bytes << ", sent "
      << stats.bytes_sent << ", received " << stats.bytes_received << '\n';
  if (end.failure) out << name << " failed: " << end.failure->summary() << '\n';
}

struct Outcome {
  std::string states;
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  int resumes = 0;
  int resumes_refused = 0;
  std::string resume_fault;
  bool ended = true;
};

// Opens from both sides, data both ways beyond the first credit, half-closes, a refusal, resets,
// links asked for, refused and taken back.
class Script {
 public:
  Script() : pair_(small_options()) {
    pair_.proxy.on_opened = [](Endpoint& end, StreamId id) {
      if (end.stream(id).target.host == "nobody") {
        end.stream(id).end = "refused here";
        return end.session().refuse(id, Reason::kNoSuchHost, "no such name");
      }
      end.stream(id).answered = true;
      end.session().accept(id);
    };
  }

  Pair& pair() { return pair_; }

  Outcome play() {
    Outcome outcome;
    outcome.ended = establish() && talk() && close();
    std::ostringstream states;
    describe(states, "daemon", pair_.daemon);
    describe(states, "proxy", pair_.proxy);
    outcome.states = states.str();
    outcome.up = pair_.up.delivered;
    outcome.down = pair_.down.delivered;
    outcome.resumes = pair_.daemon.resumed;
    outcome.resumes_refused = pair_.resumes_refused;
    outcome.resume_fault = pair_.resume_fault;
    return outcome;
  }

 private:
  bool establish() {
    pair_.connect();
    return pair_.run() && pair_.daemon.established;
  }

  bool talk() {
    echo_ = pair_.daemon.open("echo", pair_.now);
    pair_.daemon.send(echo_, text(700, 'a'));
    pair_.proxy.links.refuses = {81};
    for (const std::uint16_t port : std::array<std::uint16_t, 3>{80, 81, 82})
      pair_.daemon.session().listen(port);
    pair_.daemon.session().set_ready(true);
    doomed_ = pair_.daemon.open("doomed", pair_.now);
    pair_.daemon.send(doomed_, text(90, 'd'));
    back_ = pair_.proxy.open("back", pair_.now);
    pair_.proxy.send(back_, text(800, 'b'));
    if (!pair_.run()) return false;
    pair_.daemon.session().set_ready(false);
    pair_.daemon.session().unlisten(80);
    pair_.daemon.session().unlisten(82);
    pair_.daemon.session().listen(80);
    pair_.proxy.send(echo_, text(900, 'e'));
    pair_.daemon.send(back_, text(300, 'f'));
    pair_.daemon.finish(echo_);
    pair_.daemon.session().set_ready(true);
    pair_.daemon.open("nobody", pair_.now);
    return pair_.run();
  }

  bool close() {
    pair_.proxy.reset(doomed_, Reason::kReset);
    pair_.proxy.send(echo_, text(60, 'g'));
    pair_.proxy.finish(echo_);
    if (!pair_.run()) return false;
    pair_.proxy.finish(back_);
    if (!pair_.run()) return false;
    pair_.daemon.reset(back_);
    return pair_.run();
  }

  Pair pair_;
  StreamId echo_ = 0;
  StreamId doomed_ = 0;
  StreamId back_ = 0;
};

Outcome uncut() { return Script().play(); }

TEST(ResumeTest, TheCreditThatEachResumeSaysAgainIsNotHeldAgainstThePeer) {
  Options options;
  options.useless_per_second = 30;
  Pair pair(options);
  pair.establish();
  for (int i = 0; i < 20; ++i) pair.daemon.open("idle", pair.now);
  ASSERT_TRUE(pair.run());
  for (int i = 1; i <= 5; ++i) {
    pair.cut();
    ASSERT_TRUE(pair.run());
    EXPECT_EQ(pair.daemon.resumed, i);
  }
  EXPECT_FALSE(pair.daemon.failure || pair.proxy.failure);
  EXPECT_EQ(pair.daemon.session().stats().streams, 20U);
}

TEST(ResumeTest, TheScriptUsesEveryKindOfEnd) {
  const Outcome whole = uncut();
  ASSERT_TRUE(whole.ended);
  EXPECT_EQ(whole.resumes, 0);
  for (const char* end :
       {"'closed'", "'reset:reset'", "'reset:cancelled'", "'local'",
        "'refused:no-such-host:no such name'", "daemon: streams 0, ring 0", "proxy listens on 80\n",
        "daemon asked for 81: refused:taken", "proxy hears that its peer is ready"}) {
    EXPECT_NE(whole.states.find(end), std::string::npos) << end << " in\n" << whole.states;
  }
  EXPECT_EQ(whole.states.find("proxy listens on 82"), std::string::npos);
  EXPECT_GT(whole.up, 1300U);
  EXPECT_GT(whole.down, 2000U);
}

using Wires = testing::Wire Pair::*;

// Cuts at every offset of one direction; `spread` further cuts that many bytes later.
void cut_everywhere(Wires direction, std::uint64_t length, const std::vector<std::uint64_t>& spread,
                    std::size_t piece) {
  const std::string expected = uncut().states;
  for (std::uint64_t at = 0; at <= length; ++at) {
    Script script;
    auto& cuts = (script.pair().*direction).cuts;
    cuts.push_back(at);
    for (const std::uint64_t more : spread) cuts.push_back(cuts.back() + more);
    if (piece > 0) script.pair().deliver_size = [piece] { return piece; };
    const Outcome outcome = script.play();
    ASSERT_TRUE(outcome.ended) << "cut at " << at;
    ASSERT_EQ(outcome.states, expected) << "cut at " << at;
  }
}

TEST(ResumeTest, ACutAtAnyByteTowardTheProxyIsNotNoticed) {
  cut_everywhere(&Pair::up, uncut().up, {}, 0);
}

TEST(ResumeTest, ACutAtAnyByteTowardTheDaemonIsNotNoticed) {
  cut_everywhere(&Pair::down, uncut().down, {}, 0);
}

TEST(ResumeTest, ACutOfTheResumingCarrierIsNotNoticed) {
  cut_everywhere(&Pair::up, uncut().up, {5, 68, 40, 100}, 0);
  cut_everywhere(&Pair::down, uncut().down, {3, 16, 20, 90}, 0);
}

TEST(ResumeTest, CutsWithShortWritesAreNotNoticed) {
  cut_everywhere(&Pair::up, uncut().up, {77}, 13);
  cut_everywhere(&Pair::down, uncut().down, {31}, 13);
}

void cut_both(std::uint64_t up, std::uint64_t down, const std::string& expected) {
  Script script;
  script.pair().up.cuts = {up};
  script.pair().down.cuts = {down};
  const Outcome outcome = script.play();
  ASSERT_TRUE(outcome.ended) << up << ", " << down;
  ASSERT_EQ(outcome.states, expected) << up << ", " << down;
}

// Every offset of each direction, together with some offset of the other; with FERRY_TUNNEL_LONG
// set, with every one of them.
TEST(ResumeTest, CutsInBothDirectionsAreNotNoticed) {
  const Outcome whole = uncut();
  const bool all = std::getenv("FERRY_TUNNEL_LONG") != nullptr;
  const std::uint64_t step = all ? 1 : whole.down / 3;
  for (std::uint64_t up = 0; up <= whole.up; ++up) {
    for (std::uint64_t down = all ? 0 : up * 7919 % step; down <= whole.down; down += step) {
      ASSERT_NO_FATAL_FAILURE(cut_both(up, down, whole.states));
    }
  }
  for (std::uint64_t down = 0; down <= whole.down; ++down) {
    ASSERT_NO_FATAL_FAILURE(cut_both(down * 7919 % whole.up, down, whole.states));
  }
}

// RESUMEs of carriers that were lost arrive late, ahead of the next one or behind it, twice, and on
// connections that they weren't made for.
void repeat_resumes_everywhere(Wires direction, std::uint64_t length, std::uint64_t spread) {
  const std::string expected = uncut().states;
  int refused = 0;
  for (std::uint64_t at = 0; at <= length; ++at) {
    Script script;
    script.pair().repeats_resumes = true;
    (script.pair().*direction).cuts = {at, at + spread, at + 2 * spread};
    const Outcome outcome = script.play();
    ASSERT_TRUE(outcome.ended) << "cut at " << at;
    ASSERT_EQ(outcome.resume_fault, "") << "cut at " << at;
    ASSERT_EQ(outcome.states, expected) << "cut at " << at;
    refused += outcome.resumes_refused;
  }
  EXPECT_GT(refused, static_cast<int>(length));
}

TEST(ResumeTest, LateAndCopiedResumesAreNotNoticed) {
  for (const std::uint64_t spread : {5U, 40U, 71U, 200U}) {
    repeat_resumes_everywhere(&Pair::up, uncut().up, spread);
    repeat_resumes_everywhere(&Pair::down, uncut().down, spread);
  }
}

TEST(ResumeTest, WhatIsSentWhileDetachedArrivesAfterwards) {
  Pair pair;
  pair.establish();
  pair.reconnects = false;
  pair.cut();
  const StreamId id = pair.daemon.open("app", pair.now);
  ASSERT_NE(id, 0U);
  pair.daemon.send(id, text(2'000'000, 'a'));
  EXPECT_LE(pair.daemon.session().stats().ring_bytes, 512U * 1024) << "waits outside, mostly";
  pair.reconnects = true;
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).received, text(2'000'000, 'a'));
  EXPECT_EQ(pair.daemon.resumed, 1);
}

// --- who may resume ------------------------------------------------------------------------------

class AcceptResumeTest : public ::testing::Test {
 protected:
  AcceptResumeTest() {
    pair_.establish();
    request_ = {testing::kTestKeys.id, 1, proof_, 0};
  }

  Status accept(const Session::ResumeRequest& request) {
    return pair_.proxy.session().accept_resume(request, proof_, pair_.now);
  }

  Pair pair_;
  Proof proof_ = testing::proof_for(testing::kTestKeys.secret, 7);
  Session::ResumeRequest request_;
};

TEST_F(AcceptResumeTest, AWrongProofLeavesTheOldCarrierInPlace) {
  auto request = request_;
  request.proof[31] ^= 1;
  const Status status = accept(request);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnauthenticated);
  EXPECT_TRUE(pair_.proxy.session().attached());
  const StreamId id = pair_.daemon.open("app", pair_.now);
  pair_.daemon.send(id, "still here");
  ASSERT_TRUE(pair_.run());
  EXPECT_EQ(pair_.proxy.stream(id).received, "still here");
}

TEST_F(AcceptResumeTest, AnEpochIsTakenOnce) {
  ASSERT_TRUE(accept(request_));
  const Status again = accept(request_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  EXPECT_FALSE(pair_.proxy.session().failed());
}

TEST_F(AcceptResumeTest, AnOffsetThatWasNeverSentEndsTheSession) {
  request_.received = 1'000'000;
  const Status status = accept(request_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kGone);
  EXPECT_TRUE(pair_.proxy.session().failed());
}

TEST_F(AcceptResumeTest, AnOffsetWithinAFrameEndsTheSession) {
  pair_.down.stalled = true;
  pair_.proxy.open("back", pair_.now);
  pair_.run();
  request_.received = 5;
  const Status status = accept(request_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kGone);
}

TEST(ResumeTest, AResumeThatIsRefusedEndsTheDaemonsSession) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.run();
  pair.proxy.session().accept_resume({testing::kTestKeys.id, 1, {}, 99'999}, {}, pair.now);
  pair.proxy.drain();
  pair.cut();
  ASSERT_TRUE(pair.run());
  ASSERT_TRUE(pair.daemon.failure.has_value());
  EXPECT_EQ(pair.daemon.failure->code, ErrorCode::kGone);
  EXPECT_TRUE(pair.daemon.session().reserve(id).empty());
}

}  // namespace
}  // namespace ferry::tunnel
