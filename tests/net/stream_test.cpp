// What net/byte_stream.h promises, for every kind of stream and for both of its ends.
#include <gtest/gtest.h>

#include <random>

#include "net/opening.h"
#include "tests/net/harness.h"
#include "tests/net/tls_harness.h"

namespace ferry::net::testing {
namespace {

using std::chrono::milliseconds;

StreamPair connect_tls_in_tls(TestLoop& loop) {
  auto pair = shake_hands(loop, connect_tls(loop),
                          *TlsContext::mutual_client(installation().client_options()),
                          *TlsContext::mutual_server(installation().server_options()));
  EXPECT_TRUE(pair.both_well());
  if (!pair.both_well()) return {};
  return {std::move(**pair.client), std::move(**pair.server)};
}

// Both ends have had an opening: one sent a word, the other answered.
StreamPair connect_after_opening(TestLoop& loop) {
  auto lower = connect_tcp(loop);
  StreamPair pair;
  const auto wait_for = [](std::string word, std::string answer) {
    return [word, answer](Bytes received, bool) -> Result<OpeningStep> {
      if (received.size() < word.size()) return OpeningStep{};
      return OpeningStep{word.size(), answer, true};
    };
  };
  const auto keep = [&loop](std::unique_ptr<ByteStream>& place) {
    return [&loop, &place](Result<std::unique_ptr<ByteStream>> result) {
      ASSERT_TRUE(result) << result.error().summary();
      place = std::move(*result);
      loop.poke();
    };
  };
  const Opening client(*loop, std::move(lower.client),
                       {"asking", "question", milliseconds(5000), 99}, wait_for("answer", ""),
                       keep(pair.client));
  const Opening server(*loop, std::move(lower.server), {"answering", "", milliseconds(5000), 99},
                       wait_for("question", "answer"), keep(pair.server));
  loop.run_until([&] { return pair.client && pair.server; });
  return pair;
}

struct Kind {
  const char* name;
  StreamPair (*connect)(TestLoop&);
  bool swapped;  // the accepting end is the one under test
};

StreamPair connect(TestLoop& loop, const Kind& kind) {
  auto pair = kind.connect(loop);
  if (kind.swapped) std::swap(pair.client, pair.server);
  return pair;
}

// `near` is the end under test, `far` its peer.
class StreamTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    auto pair = connect(loop, GetParam());
    near = std::move(pair.client);
    far = std::move(pair.server);
    ASSERT_TRUE(near && far);
  }
  void start_both() {
    near->start(at_near);
    far->start(at_far);
  }

  TestLoop loop;
  Recorder at_near{loop};
  Recorder at_far{loop};
  std::unique_ptr<ByteStream> near;
  std::unique_ptr<ByteStream> far;
};

std::string random_text(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

TEST_P(StreamTest, NothingHappensBeforeStart) {
  far->start(at_far);
  far->write(as_bytes("early"));
  loop.run_for(milliseconds(5));
  EXPECT_TRUE(at_near.received.empty());
  near->start(at_near);
  EXPECT_TRUE(at_near.received.empty());
  loop.run_until([&] { return at_near.received == "early"; });
}

TEST_P(StreamTest, WhatWasWrittenBeforeStartArrives) {
  near->write(as_bytes("one "));
  near->write(as_bytes("two"));
  near->shutdown();
  start_both();
  loop.run_until([&] { return at_far.ended; });
  EXPECT_EQ(at_far.received, "one two");
}

TEST_P(StreamTest, PiecesArriveInOrderEmptyOnesIncluded) {
  start_both();
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(i % 7 == 0 ? "" : random_text(static_cast<std::size_t>(i) * 3, 1));
  }
  std::vector<Bytes> pieces;
  std::string all;
  for (const auto& text : texts) {
    pieces.push_back(as_bytes(text));
    all += text;
  }
  near->write(pieces);
  near->write(Bytes());
  loop.run_until([&] { return at_far.received.size() >= all.size(); });
  EXPECT_EQ(at_far.received, all);
}

// Writes `text` in chunks of random size whenever less than `limit` is queued.
class Source {
 public:
  Source(ByteStream& stream, Recorder& recorder, const std::string& text, unsigned seed)
      : stream_(stream), recorder_(recorder), text_(text), random_(seed) {
    recorder_.on_event = [this] { pump(); };
  }
  ~Source() { recorder_.on_event = nullptr; }

  void pump() {
    while (offset_ < text_.size() && stream_.queued() < kLimit) {
      std::uniform_int_distribution<std::size_t> size(1, random_() % 4 == 0 ? 300'000 : 3000);
      const std::size_t n = std::min(size(random_), text_.size() - offset_);
      at_once_ += stream_.write(as_bytes(text_).subspan(offset_, n));
      offset_ += n;
      EXPECT_EQ(at_once_ + recorder_.written + stream_.queued(), offset_);
    }
    if (offset_ == text_.size() && !done_) {
      done_ = true;
      stream_.shutdown();
    }
  }
  std::size_t handed_on() const { return at_once_ + recorder_.written; }

 private:
  static constexpr std::size_t kLimit = 500'000;
  ByteStream& stream_;
  Recorder& recorder_;
  const std::string& text_;
  std::mt19937 random_;
  std::size_t offset_ = 0;
  std::size_t at_once_ = 0;
  bool done_ = false;
};

// Pauses and resumes reading at random moments, and reads into rooms of random size.
class Stutter {
 public:
  Stutter(TestLoop& loop, ByteStream& stream, Recorder& recorder, unsigned seed)
      : stream_(stream), recorder_(recorder), random_(seed), timer_(*loop, [this] { tick(); }) {
    tick();
  }

 private:
  void tick() {
    if (recorder_.ended) return;
    recorder_.room = random_() % 4 == 0 ? random_() % 8 : 1 + random_() % 200'000;
    if (random_() % 3 == 0) {
      stream_.pause_reading();
    } else {
      stream_.resume_reading();
    }
    timer_.start(std::chrono::microseconds(random_() % 2000));
  }

  ByteStream& stream_;
  Recorder& recorder_;
  std::mt19937 random_;
  Timer timer_;
};

TEST_P(StreamTest, BytesArriveWholeAndInOrderBothWaysAtOnce) {
  constexpr std::size_t kSize = std::size_t{32} * 1024 * 1024;
  const std::string out = random_text(kSize, 11);
  const std::string back = random_text(kSize, 12);
  start_both();
  Source near_source(*near, at_near, out, 21);
  Source far_source(*far, at_far, back, 22);
  const Stutter near_stutter(loop, *near, at_near, 31);
  const Stutter far_stutter(loop, *far, at_far, 32);
  near_source.pump();
  far_source.pump();
  loop.run_until([&] { return at_near.closed && at_far.closed; }, std::chrono::seconds(60));
  EXPECT_TRUE(at_near.closed_well());
  EXPECT_TRUE(at_far.closed_well());
  EXPECT_TRUE(at_far.received == out);
  EXPECT_TRUE(at_near.received == back);
  EXPECT_EQ(near_source.handed_on(), kSize);
  EXPECT_EQ(far_source.handed_on(), kSize);
}

TEST_P(StreamTest, OneDirectionMayEndLongBeforeTheOther) {
  start_both();
  near->shutdown();
  loop.run_until([&] { return at_far.ended; });
  EXPECT_FALSE(at_far.closed);
  const std::string answer = random_text(3'000'000, 5);
  far->write(as_bytes(answer));
  loop.run_until([&] { return at_near.received.size() >= answer.size(); });
  EXPECT_EQ(at_near.received, answer);
  EXPECT_FALSE(at_near.ended);
  far->shutdown();
  loop.run_until([&] { return at_near.closed && at_far.closed; });
  EXPECT_TRUE(at_near.closed_well());
  EXPECT_TRUE(at_far.closed_well());
}

TEST_P(StreamTest, WritingAfterShutdownIsDropped) {
  start_both();
  near->write(as_bytes("last words"));
  near->shutdown();
  EXPECT_EQ(near->write(as_bytes("too late")), 0U);
  near->shutdown();
  EXPECT_EQ(near->queued(), 0U);
  loop.run_until([&] { return at_far.ended; });
  EXPECT_EQ(at_far.received, "last words");
}

TEST_P(StreamTest, ShutdownComesAfterWhatIsQueued) {
  start_both();
  far->pause_reading();
  const std::string text = random_text(20'000'000, 3);
  const std::size_t at_once = near->write(as_bytes(text));
  EXPECT_LT(at_once, text.size()) << "the kernel took everything: the test needs more";
  EXPECT_EQ(near->queued(), text.size() - at_once);
  near->shutdown();
  loop.run_for(milliseconds(5));
  EXPECT_FALSE(at_far.ended);
  far->resume_reading();
  loop.run_until([&] { return at_far.ended; });
  EXPECT_TRUE(at_far.received == text);
  EXPECT_EQ(at_once + at_near.written, text.size());
  EXPECT_EQ(near->queued(), 0U);
}

TEST_P(StreamTest, APausedReaderStopsTheWriter) {
  start_both();
  at_far.room = 0;
  std::size_t handed_on = 0;
  const std::string chunk(1'000'000, 'x');
  while (near->queued() == 0) handed_on += near->write(as_bytes(chunk));
  const std::size_t queued = near->queued();
  loop.run_for(milliseconds(50));
  EXPECT_TRUE(at_far.received.empty());
  EXPECT_GT(near->queued(), 0U) << "somebody read without a reader";
  EXPECT_LE(near->queued(), queued);
  at_far.room = 100'000;
  far->resume_reading();
  loop.run_until([&] { return near->queued() == 0; });
  loop.run_until([&] { return at_far.received.size() == handed_on + queued; });
}

TEST_P(StreamTest, ResumingCallsNobodyFromWithin) {
  start_both();
  near->pause_reading();
  far->write(as_bytes("hello"));
  far->shutdown();
  loop.run_for(milliseconds(5));
  EXPECT_TRUE(at_near.received.empty());
  near->resume_reading();
  EXPECT_TRUE(at_near.received.empty());
  EXPECT_FALSE(at_near.ended);
  loop.run_until([&] { return at_near.ended; });
  EXPECT_EQ(at_near.received, "hello");
}

TEST_P(StreamTest, TheLastBytesComeThroughAPauseInSmallRooms) {
  start_both();
  const std::string text = random_text(100'000, 9);
  at_near.room = 777;
  at_near.on_event = [&] {
    if (at_near.received.size() % 3 == 0) near->pause_reading();
  };
  far->write(as_bytes(text));
  far->shutdown();
  while (!at_near.ended && loop.run_until([&] { return true; })) {
    near->resume_reading();
    loop.run_for(std::chrono::microseconds(100));
  }
  EXPECT_TRUE(at_near.received == text);
}

TEST_P(StreamTest, AResetEndsBothDirectionsWithAnError) {
  start_both();
  near->write(as_bytes("data"));
  loop.run_until([&] { return at_far.received == "data"; });
  near->reset();
  loop.run_until([&] { return at_far.closed.has_value(); });
  ASSERT_TRUE(at_far.closed_badly());
  EXPECT_EQ(at_far.error().code, ErrorCode::kReset) << at_far.error().summary();
  EXPECT_FALSE(at_far.error().what.empty());
  EXPECT_FALSE(at_far.error().why.empty());
  loop.run_for(milliseconds(2));
  EXPECT_FALSE(at_near.ended || at_near.closed) << "an event after reset()";
  EXPECT_EQ(near->write(as_bytes("more")), 0U);
}

TEST_P(StreamTest, AResetArrivesEvenAfterShutdown) {
  start_both();
  near->shutdown();
  near->reset();
  loop.run_until([&] { return at_far.closed || at_far.ended; });
  if (!at_far.closed) {
    far->write(as_bytes("x"));
    loop.run_until([&] { return at_far.closed.has_value(); });
  }
  EXPECT_TRUE(at_far.closed_badly());
}

TEST_P(StreamTest, WritingToAPeerThatIsGoneEndsInAnError) {
  start_both();
  far.reset();
  Timer again(*loop, [&] {
    near->write(as_bytes(std::string(10'000, 'x')));
    if (!at_near.closed) again.start(milliseconds(1));
  });
  at_near.on_event = [&] {
    if (at_near.ended || at_near.closed) return;
  };
  again.start(Duration::zero());
  loop.run_until([&] { return at_near.closed.has_value(); });
  EXPECT_TRUE(at_near.closed_badly());
}

TEST_P(StreamTest, AWriterWhoDoesNotReadHearsOfTheResetToo) {
  start_both();
  near->pause_reading();
  const std::string chunk(1'000'000, 'x');
  at_far.room = 0;
  while (near->queued() == 0) near->write(as_bytes(chunk));
  far->reset();
  loop.run_until([&] { return at_near.closed.has_value(); });
  EXPECT_TRUE(at_near.closed_badly());
}

TEST_P(StreamTest, AfterTheEndEverythingIsHarmless) {
  start_both();
  near->shutdown();
  far->shutdown();
  loop.run_until([&] { return at_near.closed && at_far.closed; });
  near->pause_reading();
  near->resume_reading();
  near->shutdown();
  EXPECT_EQ(near->write(as_bytes("x")), 0U);
  EXPECT_EQ(near->queued(), 0U);
  near->reset();
  loop.run_for(milliseconds(2));
}

// The stream is let go in the n-th event: no event may follow, and nothing may break.
TEST_P(StreamTest, MayBeLetGoInAnyCallback) {
  for (int n = 1; n < 40; ++n) {
    auto pair = connect(loop, GetParam());
    ASSERT_TRUE(pair.client && pair.server);
    Recorder client(loop);
    Recorder server(loop);
    client.room = 20'000;
    int events = 0;
    client.on_event = [&] {
      EXPECT_LT(events, n) << "an event after the stream was let go";
      if (++events == n) (*loop).delete_later(std::move(pair.client));
    };
    pair.client->start(client);
    pair.server->start(server);
    const std::string text(200'000, 'y');
    pair.client->write(as_bytes(std::string(3'000'000, 'x')));
    pair.server->write(as_bytes(text));
    pair.server->shutdown();
    if (pair.client) pair.client->shutdown();
    loop.run_until([&] { return client.closed || server.closed; });
  }
}

TEST_P(StreamTest, MayBeDestroyedInAnyState) {
  const auto pending = [&](ByteStream& stream) {
    stream.write(as_bytes(std::string(9'000'000, 'x')));
  };
  const std::vector<std::function<void(ByteStream&)>> states = {
      [](ByteStream&) {},
      pending,
      [](ByteStream& stream) { stream.shutdown(); },
      [&](ByteStream& stream) {
        pending(stream);
        stream.shutdown();
      },
      [](ByteStream& stream) { stream.pause_reading(); },
      [](ByteStream& stream) { stream.reset(); },
  };
  for (const bool started : {false, true}) {
    for (const auto& prepare : states) {
      for (const bool run_between : {false, true}) {
        auto pair = connect(loop, GetParam());
        ASSERT_TRUE(pair.client && pair.server);
        Recorder client(loop);
        if (started) pair.client->start(client);
        prepare(*pair.client);
        if (run_between) loop.run_for(milliseconds(1));
        pair.client.reset();
        loop.run_for(milliseconds(1));
      }
    }
  }
}

std::string name_of_kind(const ::testing::TestParamInfo<Kind>& info) {
  return std::string(info.param.name) + (info.param.swapped ? "Accepting" : "Dialling");
}

INSTANTIATE_TEST_SUITE_P(All, StreamTest,
                         ::testing::Values(Kind{"Tcp", connect_tcp, false},
                                           Kind{"Tcp", connect_tcp, true},
                                           Kind{"Tls", connect_tls, false},
                                           Kind{"Tls", connect_tls, true},
                                           Kind{"TlsInTls", connect_tls_in_tls, false},
                                           Kind{"AfterOpening", connect_after_opening, false},
                                           Kind{"AfterOpening", connect_after_opening, true}),
                         name_of_kind);

}  // namespace
}  // namespace ferry::net::testing
