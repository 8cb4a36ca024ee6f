#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "net/dialer.h"
#include "net/listener.h"
#include "net/timer.h"
#include "tests/net/harness.h"

namespace ferry::net::testing {
namespace {

using std::chrono::milliseconds;
using DialResult = Result<std::unique_ptr<ByteStream>>;

// A port on which nothing listens: bound a moment ago, and let go.
HostPort free_port(TestLoop& loop) {
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {});
  return (*listener)->address();
}

DialResult dial_and_wait(TestLoop& loop, const HostPort& target, const DialOptions& options = {}) {
  std::optional<DialResult> result;
  Dial dial(*loop, target, options, [&](DialResult r) {
    result = std::move(r);
    loop.poke();
  });
  EXPECT_FALSE(result) << "the callback came from within the constructor";
  loop.run_until([&] { return result.has_value(); });
  return std::move(*result);
}

TEST(DialTest, ConnectsByNameAndByAddress) {
  TestLoop loop;
  int accepted = 0;
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [&](auto, const HostPort& peer) {
    EXPECT_EQ(peer.host, "127.0.0.1");
    EXPECT_NE(peer.port, 0);
    ++accepted;
    loop.poke();
  });
  ASSERT_TRUE(listener);
  const auto port = (*listener)->address().port;
  EXPECT_TRUE(dial_and_wait(loop, {"127.0.0.1", port}));
  EXPECT_TRUE(dial_and_wait(loop, {"localhost", port}));
  loop.run_until([&] { return accepted == 2; });
}

TEST(DialTest, SaysWhichAddressRefused) {
  TestLoop loop;
  const HostPort target = free_port(loop);
  const auto result = dial_and_wait(loop, target);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnreachable);
  EXPECT_EQ(result.error().what, "connecting to " + to_string(target));
  EXPECT_EQ(result.error().why, to_string(target) + ": connection refused");
}

TEST(DialTest, SaysThatANameDoesNotExist) {
  TestLoop loop;
  for (const std::string host : {"no-such-name.invalid", "", "bad name"}) {
    const auto result = dial_and_wait(loop, {host, 80});
    ASSERT_FALSE(result) << host;
    const auto code = result.error().code;  // name servers that are out of reach take their time
    EXPECT_TRUE(code == ErrorCode::kUnreachable || code == ErrorCode::kTimedOut) << host;
    EXPECT_FALSE(result.error().why.empty());
  }
}

TEST(DialTest, TriesPermittedAddressesOnly) {
  TestLoop loop;
  std::vector<std::string> asked;
  DialOptions options;
  options.permit = [&](const HostPort& address) {
    asked.push_back(address.host);
    return false;
  };
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    std::optional<Result<std::unique_ptr<ByteStream>>> result;
    Dial dial(*loop, {host, 1}, options, [&](auto outcome) {
      result = std::move(outcome);
      EXPECT_EQ(dial.failure(), DialFailure::kNotPermitted);
      loop.poke();
    });
    loop.run_until([&] { return result.has_value(); });
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code, ErrorCode::kForbidden);
    EXPECT_NE(result->error().why.find("127.0.0.1:1: not permitted"), std::string::npos)
        << result->error().why;
  }
  // The judge sees what the name stands for.
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "localhost"), 0);
}

TEST(DialTest, TellsTheKindsOfFailureApart) {
  TestLoop loop;
  const auto failure_of = [&](const HostPort& target) {
    std::optional<DialFailure> failure;
    Dial dial(*loop, target, {}, [&](auto) {
      failure = dial.failure();
      loop.poke();
    });
    loop.run_until([&] { return failure.has_value(); });
    return *failure;
  };
  EXPECT_EQ(failure_of(free_port(loop)), DialFailure::kRefused);
  EXPECT_EQ(failure_of({"no-such-name.invalid", 80}), DialFailure::kNoSuchName);
  EXPECT_EQ(failure_of({"bad name", 80}), DialFailure::kNoSuchName);
}

// Keeps silent, as a dead host would: a full backlog leaves further connections unanswered.
class SilentPlace {
 public:
  explicit SilentPlace(TestLoop& loop) {
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(any);
    auto* name = reinterpret_cast<sockaddr*>(&any);
    EXPECT_EQ(bind(fd_, name, size), 0);
    EXPECT_EQ(listen(fd_, 0), 0);
    EXPECT_EQ(getsockname(fd_, name, &size), 0);
    address_ = {"127.0.0.1", ntohs(any.sin_port)};
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(std::make_unique<Dial>(*loop, address_, DialOptions{}, [](auto) {}));
    }
  }
  ~SilentPlace() { close(fd_); }
  SilentPlace(const SilentPlace&) = delete;
  SilentPlace& operator=(const SilentPlace&) = delete;

  const HostPort& address() const { return address_; }
  // Whoever asks from now on is answered.
  void speak() const {
    for (int taken = 0; taken >= 0;) {
      taken = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (taken >= 0) close(taken);
    }
  }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  HostPort address_;
  std::vector<std::unique_ptr<Dial>> fillers_;
};

TEST(DialTest, GivesUpInTime) {
  TestLoop loop;
  const SilentPlace place(loop);
  DialOptions options;
  options.timeout = milliseconds(200);
  options.again_after = milliseconds(5);
  const auto result = dial_and_wait(loop, place.address(), options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimedOut);
  EXPECT_EQ(result.error().why, to_string(place.address()) + ": no answer within 200 ms");
}

TEST(DialTest, AsksASilentAddressAgainBeforeTheKernelDoes) {
  TestLoop loop;
  const SilentPlace place(loop);
  std::optional<DialResult> result;
  DialOptions options;
  options.timeout = milliseconds(900);  // RFC 6298: the kernel sends its next SYN after 1 s
  options.again_after = milliseconds(10);
  const Dial dial(*loop, place.address(), options, [&](DialResult outcome) {
    result = std::move(outcome);
    loop.poke();
  });
  Timer later(*loop, [&] { place.speak(); });
  later.start(milliseconds(100));
  loop.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(*result) << result->error().summary();
}

TEST(DialTest, GoesToTheLastAddressWhereTheNameServersDontHelp) {
  TestLoop loop;
  const auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {});
  ASSERT_TRUE(listener);
  const HostPort address = (*listener)->address();
  DialOptions options;
  options.look_up_patience = milliseconds(1);
  options.last = std::make_shared<LastAddress>();
  EXPECT_FALSE(dial_and_wait(loop, {"no-such-name.invalid", address.port}, options));
  EXPECT_TRUE(dial_and_wait(loop, {"localhost", address.port}, options));
  EXPECT_EQ(options.last->address, address);
  EXPECT_TRUE(dial_and_wait(loop, {"no-such-name.invalid", address.port}, options));
}

TEST(DialTest, AConnectionThatWasMadeWhileTheLoopWasHeldUpIsNotLate) {
  TestLoop loop;
  const auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {});
  ASSERT_TRUE(listener);
  std::optional<DialResult> result;
  DialOptions options;
  options.timeout = milliseconds(5);
  const Dial dial(*loop, (*listener)->address(), options, [&](DialResult r) {
    result = std::move(r);
    loop.poke();
  });
  std::this_thread::sleep_for(milliseconds(20));  // the loop is held up
  loop.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(*result) << result->error().summary();
}

TEST(DialTest, MayBeDestroyedAtAnyMoment) {
  TestLoop loop;
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {});
  ASSERT_TRUE(listener);
  const auto port = (*listener)->address().port;
  for (const char* host : {"127.0.0.1", "localhost", "no-such-name.invalid"}) {
    const auto never = [](auto) { FAIL() << "a cancelled dial called back"; };
    { const Dial dial(*loop, {host, port}, {}, never); }
    (*loop).delete_later(std::make_unique<Dial>(*loop, HostPort{host, port}, DialOptions{}, never));
    auto one = std::make_unique<Dial>(*loop, HostPort{host, port}, DialOptions{}, never);
    (*loop).post([&] { one.reset(); });
    loop.run_for(milliseconds(20));
  }
}

TEST(DialTest, MayBeDestroyedInItsCallback) {
  TestLoop loop;
  const HostPort target = free_port(loop);
  for (const HostPort& to : {target, HostPort{"localhost", target.port}}) {
    std::unique_ptr<Dial> dial;
    bool called = false;
    dial = std::make_unique<Dial>(*loop, to, DialOptions{}, [&](auto result) {
      EXPECT_FALSE(result);
      dial.reset();
      called = true;
      loop.poke();
    });
    loop.run_until([&] { return called; });
  }
}

TEST(ListenerTest, TellsWhyItCannotListen) {
  TestLoop loop;
  const auto ignore = [](auto, auto) {};
  auto first = Listener::create(*loop, {"127.0.0.1", 0}, ignore);
  ASSERT_TRUE(first);
  struct Case {
    HostPort address;
    ErrorCode code;
  };
  for (const auto& [address, code] : {Case{(*first)->address(), ErrorCode::kAlreadyExists},
                                      Case{{"203.0.113.7", 0}, ErrorCode::kInvalid},
                                      Case{{"localhost", 0}, ErrorCode::kInvalid}}) {
    const auto second = Listener::create(*loop, address, ignore);
    ASSERT_FALSE(second) << to_string(address);
    EXPECT_EQ(second.error().code, code) << second.error().summary();
    EXPECT_EQ(second.error().what, "listening on " + to_string(address));
    EXPECT_FALSE(second.error().fix.empty());
  }
}

TEST(ListenerTest, BothFamiliesMayHaveTheSamePort) {
  TestLoop loop;
  auto v6 = Listener::create(*loop, {"::", 0}, [](auto, auto) {});
  if (!v6) GTEST_SKIP() << "this machine has no IPv6: " << v6.error().summary();
  auto v4 = Listener::create(*loop, {"0.0.0.0", (*v6)->address().port}, [](auto, auto) {});
  EXPECT_TRUE(v4) << v4.error().summary();
}

TEST(ListenerTest, WhilePausedConnectionsWait) {
  TestLoop loop;
  int accepted = 0;
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [&](auto, auto) {
    ++accepted;
    loop.poke();
  });
  ASSERT_TRUE(listener);
  (*listener)->pause();
  std::vector<DialResult> dialled;
  for (int i = 0; i < 3; ++i) dialled.push_back(dial_and_wait(loop, (*listener)->address()));
  loop.run_for(milliseconds(5));
  EXPECT_EQ(accepted, 0);
  (*listener)->resume();
  EXPECT_EQ(accepted, 0);
  loop.run_until([&] { return accepted == 3; });
}

TEST(ListenerTest, MayBeLetGoFromItsCallback) {
  TestLoop loop;
  bool called = false;
  std::unique_ptr<Listener> listener;
  auto created = Listener::create(*loop, {"127.0.0.1", 0}, [&](auto, auto) {
    EXPECT_FALSE(called);
    called = true;
    (*loop).delete_later(std::move(listener));
    loop.poke();
  });
  ASSERT_TRUE(created);
  listener = std::move(*created);
  const HostPort address = listener->address();
  const auto a = dial_and_wait(loop, address);
  loop.run_until([&] { return called; });
}

TEST(ListenerTest, BearsAFloodOfConnections) {
  TestLoop loop;
  constexpr std::size_t kConnections = 400;
  std::vector<std::unique_ptr<ByteStream>> accepted;
  auto listener = Listener::create(*loop, {"127.0.0.1", 0}, [&](auto stream, auto) {
    accepted.push_back(std::move(stream));
    loop.poke();
  });
  ASSERT_TRUE(listener);
  std::vector<std::unique_ptr<Dial>> dials;
  std::vector<std::unique_ptr<ByteStream>> dialled;
  for (std::size_t i = 0; i < kConnections; ++i) {
    dials.push_back(
        std::make_unique<Dial>(*loop, (*listener)->address(), DialOptions{}, [&](auto result) {
          ASSERT_TRUE(result) << result.error().summary();
          dialled.push_back(std::move(*result));
          loop.poke();
        }));
  }
  loop.run_until([&] { return accepted.size() == kConnections && dialled.size() == kConnections; });
}

}  // namespace
}  // namespace ferry::net::testing
