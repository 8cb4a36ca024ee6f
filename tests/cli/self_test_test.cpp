// `ferry status --test` over a real control socket, with a fake daemon behind it.
#include "cli/self_test.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "daemon/control/server.h"
#include "tests/cli/temp_dir.h"
#include "tests/fakes/fake_service.h"

namespace ferry::cli {
namespace {

class TestLinksTest : public testing::Test {
 protected:
  TestLinksTest() {
    server_.emplace(service_, control::ServerOptions{.socket_path = dir_.path() + "/s"});
    EXPECT_TRUE(server_->start());
    for (const char* name : {"a", "b"}) {
      control::LinkSpec spec;
      spec.target = {control::TargetKind::kService, name};
      spec.detach = true;
      EXPECT_TRUE(service_.add_link(spec));
    }
    service_.make_active();
  }

  TestedLinks test_for(std::chrono::milliseconds patience) {
    const auto tested = test_links(control::Client(dir_.path() + "/s"), terminal_, patience);
    EXPECT_TRUE(tested);
    return tested.value_or(TestedLinks{});
  }

  TempDir dir_;
  control::FakeService service_;
  std::optional<control::Server> server_;
  std::ostringstream out_, error_;
  Terminal terminal_{out_, error_, {}};
};

TEST_F(TestLinksTest, LinksWhoseTestPassesAreFine) {
  const auto tested = test_for(std::chrono::minutes(1));
  EXPECT_TRUE(tested.fine);
  EXPECT_EQ(tested.late, "");
}

TEST_F(TestLinksTest, ThoseThatDontAnswerInTimeAreNamed) {
  service_.let_tests_go_on();
  const auto tested = test_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(tested.fine);
  EXPECT_EQ(tested.late, "svc/a, svc/b");
  EXPECT_EQ(late_tests(tested).summary(), "testing svc/a, svc/b: no answer came in time");
  EXPECT_EQ(late_tests(tested).id, "cli.test-late");
}

}  // namespace
}  // namespace ferry::cli
