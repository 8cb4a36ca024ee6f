#include "net/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/net/harness.h"

namespace ferry::net::testing {
namespace {

// The table is so small that every descriptor is among the last ones, as long as this lives.
class SmallTable {
 public:
  SmallTable() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit small = before_;
    small.rlim_cur = kSpareDescriptors;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
  }
  ~SmallTable() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// Connects to a listener with these options; whether the connection stayed.
bool is_served(TestLoop& loop, const ListenOptions& options) {
  std::unique_ptr<ByteStream> accepted;
  auto listener = Listener::create(
      *loop, {"127.0.0.1", 0},
      [&](std::unique_ptr<ByteStream> stream, const HostPort&) {
        accepted = std::move(stream);
        loop.poke();
      },
      options);
  std::unique_ptr<ByteStream> client;
  Recorder seen(loop);
  bool reset = false;  // before the loop saw it connected
  Dial dial(*loop, (*listener)->address(), {}, [&](auto stream) {
    reset = !stream;
    if (stream) {
      client = std::move(*stream);
      client->start(seen);
    }
    loop.poke();
  });
  EXPECT_TRUE(loop.run_until([&] { return accepted || reset || seen.closed; }));
  return accepted != nullptr;
}

TEST(DescriptorsTest, TheLastOnesAreNotForWhoeverConnects) {
  TestLoop loop;
  const SmallTable table;
  EXPECT_FALSE(is_served(loop, {.spares_descriptors = true}));
  EXPECT_TRUE(is_served(loop, {}));
}

TEST(DescriptorsTest, TheLastOnesAreNotForDiallingOnBehalfOfOthers) {
  TestLoop loop;
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {});
  const SmallTable table;
  std::optional<Error> error;
  Dial dial(*loop, (*listener)->address(), {.spares_descriptors = true}, [&](auto stream) {
    ASSERT_FALSE(stream.has_value());
    error = stream.error();
    loop.poke();
  });
  ASSERT_TRUE(loop.run_until([&] { return error.has_value(); }));
  EXPECT_EQ(dial.failure(), DialFailure::kNoDescriptor);
  EXPECT_NE(error->why.find("too many open files"), std::string::npos) << error->why;
}

TEST(DescriptorsTest, AFullTableIsAnErrorOfOneConnection) {
  TestLoop loop;
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {});
  std::optional<Error> error;
  std::unique_ptr<Dial> dial;
  // Also because UBSan opens a pipe when it first sees a class.
  EXPECT_TRUE(is_served(loop, {}));
  {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 3;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    dial = std::make_unique<Dial>(*loop, (*listener)->address(), DialOptions{}, [&](auto stream) {
      ASSERT_FALSE(stream.has_value());
      error = stream.error();
      loop.poke();
    });
    setrlimit(RLIMIT_NOFILE, &before);
  }
  ASSERT_TRUE(loop.run_until([&] { return error.has_value(); }));
  EXPECT_TRUE(is_served(loop, {}));
}

TEST(DescriptorsTest, TheLimitIsRaisedToTheHardOne) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  {
    const SmallTable table;
    raise_descriptor_limit();
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    EXPECT_EQ(now.rlim_cur, before.rlim_max);
  }
}

}  // namespace
}  // namespace ferry::net::testing
