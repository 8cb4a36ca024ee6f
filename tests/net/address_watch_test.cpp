#include "net/address_watch.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "net/timer.h"

namespace ferry::net {
namespace {

constexpr int kNotAllowed = 77;

// Runs in a process of its own, alone in a network whose only interface is a loopback that is down.
// What `scene` returns is the exit code.
int in_a_network_of_its_own(const std::function<int()>& scene) {
  const pid_t child = fork();
  if (child == 0) {
    const bool alone = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    _exit(alone ? scene() : kNotAllowed);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// Gives the loopback its address, or takes it away.
bool set_loopback(bool up) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = up ? IFF_UP : 0;
  const bool done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  return done;
}

TEST(AddressWatchTest, ReportsWhatChangesTogetherOnce) {
  const int outcome = in_a_network_of_its_own([] {
    Loop loop;
    int changes = 0;
    Timer patience(loop, [&] { loop.stop(); });
    AddressWatch watch(
        loop,
        [&] {
          // Once more, and then a while in which nothing is reported again.
          patience.start(std::chrono::milliseconds(++changes == 1 ? 20'000 : 100));
          if (changes == 1) set_loopback(false);
        },
        std::chrono::milliseconds(20));
    patience.start(std::chrono::seconds(20));
    if (!set_loopback(true)) return kNotAllowed;
    loop.run();
    return changes;
  });
  if (outcome == kNotAllowed) GTEST_SKIP() << "no network of its own is allowed here";
  EXPECT_EQ(outcome, 2);
}

TEST(AddressWatchTest, DoesNotKeepTheLoopGoing) {
  Loop loop;
  AddressWatch watch(loop, [] {});
  loop.run();
}

}  // namespace
}  // namespace ferry::net
