#include "daemon/probe/listener_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "tests/daemon/listening_process.h"

namespace ferry::daemon {
namespace {

using ::testing::HasSubstr;
using testing::ListeningProcess;

TEST(ListenerProcessTest, AProcessThatRunsFreelyIsNotHeld) {
  const ListeningProcess process;
  EXPECT_EQ(inspect_listener(process.port()).held, "");
}

TEST(ListenerProcessTest, AStoppedProcessIsHeld) {
  const ListeningProcess process;
  kill(process.pid(), SIGSTOP);
  int status = 0;
  ASSERT_EQ(waitpid(process.pid(), &status, WUNTRACED), process.pid());
  EXPECT_THAT(inspect_listener(process.port()).held,
              HasSubstr("(pid " + std::to_string(process.pid()) + ")"));
  kill(process.pid(), SIGCONT);
  ASSERT_EQ(waitpid(process.pid(), &status, WCONTINUED), process.pid());
  EXPECT_EQ(inspect_listener(process.port()).held, "");
}

TEST(ListenerProcessTest, ATracedProcessIsHeldAlsoWhileItRuns) {
  const ListeningProcess process;
  if (ptrace(PTRACE_SEIZE, process.pid(), nullptr, nullptr) != 0) {
    GTEST_SKIP() << "tracing is not allowed here: " << std::strerror(errno);
  }
  EXPECT_THAT(inspect_listener(process.port()).held,
              HasSubstr("(pid " + std::to_string(process.pid()) + ")"));
}

TEST(ListenerProcessTest, TheAgeIsThatOfTheProcess) {
  const auto before = std::chrono::steady_clock::now();
  const ListeningProcess process;
  const auto age = inspect_listener(process.port()).age;
  const auto after = std::chrono::steady_clock::now();
  ASSERT_TRUE(age);
  EXPECT_LE(*age, after - before + std::chrono::milliseconds(20))
      << "a clock tick and its rounding";
}

TEST(ListenerProcessTest, OfNobodyNothingIsKnown) {
  std::uint16_t port = 0;
  { port = ListeningProcess().port(); }
  const auto found = inspect_listener(port);
  EXPECT_FALSE(found.age);
  EXPECT_EQ(found.held, "");
}

}  // namespace
}  // namespace ferry::daemon
