#include "cli/quit.h"

#include <gmock/gmock.h>

#include <future>

#include "tests/cli/swap_fixture.h"

namespace ferry::cli {
namespace {

class QuitTest : public SwapFixture {};

TEST_F(QuitTest, TellsWhichSwapsAreStillBeingPutBack) {
  control::SwapSpec spec;
  spec.workload = {control::TargetKind::kDeployment, "web"};
  service_.add_swap(spec);
  auto waiting =
      std::async(std::launch::async, [this] { return wait_for_end(client(), terminal_, "ferry"); });
  ASSERT_TRUE(error_.wait_for("putting back what is swapped: deploy/web\n"));
  server_.reset();
  EXPECT_EQ(waiting.get(), "deploy/web");
}

TEST_F(QuitTest, WithoutADaemonThereIsNothingToWaitFor) {
  server_.reset();
  EXPECT_EQ(wait_for_end(client(), terminal_, "ferry"), "");
  EXPECT_EQ(error_.str(), "");
}

}  // namespace
}  // namespace ferry::cli
