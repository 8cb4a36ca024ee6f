// `ferry forward` over a real control socket, with a fake daemon behind it.
#include "cli/forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <thread>

#include "cli/exit_code.h"
#include "daemon/control/server.h"
#include "tests/cli/temp_dir.h"
#include "tests/cli/watched_text.h"
#include "tests/fakes/fake_service.h"

namespace ferry::cli {
namespace {

using control::EventKind;
using control::LinkState;
using testing::HasSubstr;

control::LinkSpec spec_of(const std::string& name, std::uint16_t port, bool detach) {
  control::LinkSpec spec;
  spec.target = {control::TargetKind::kService, name};
  spec.ports = {{.local = port, .remote = {.number = 80}}};
  spec.detach = detach;
  return spec;
}

class ForwardTest : public testing::Test {
 protected:
  ForwardTest() {
    // Before any thread is there, as in the real command: else one of the server's takes the
    // signal.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    serve();
  }

  void serve() {
    server_.emplace(service_, control::ServerOptions{.socket_path = dir_.path() + "/s"});
    ASSERT_TRUE(server_->start());
  }

  ForwardOptions options(bool detach) {
    return {.detach = detach,
            .daemon = [this]() -> Result<control::Client> {
              if (lost_.exchange(false)) {
                stopped_.get_future().wait();
                serve();
              }
              return control::Client(dir_.path() + (dying_-- > 0 ? "/nobody" : "/s"));
            },
            .program = "ferry"};
  }

  // Runs the command; what the daemon does meanwhile is the test's.
  std::future<ForwardResult> start(std::vector<control::LinkSpec> specs, bool detach = false) {
    return std::async(std::launch::async, [this, specs = std::move(specs), detach] {
      return forward(specs, terminal_, options(detach));
    });
  }

  bool wait_for_links(std::size_t count) {
    return service_.wait_for_links([=](const auto& links) { return links.size() == count; });
  }

  void activate(const std::string& id) {
    control::Event event{.kind = EventKind::kLink, .time = 1000, .link_id = id};
    event.link = service_.link(id).value();
    event.link->state = LinkState::kActive;
    for (auto& port : event.link->ports) {
      if (port.local == 0) port.local = 40001;
      port.addresses = {"127.0.0.1"};
    }
    service_.emit(event);
  }

  void end(const std::string& id, std::optional<Error> error) {
    control::Event event{.kind = EventKind::kEnded, .link_id = id};
    event.error = std::move(error);
    service_.emit(event);
  }

  TempDir dir_;
  control::FakeService service_;
  std::optional<control::Server> server_;
  std::atomic<bool> lost_ = false;
  std::promise<void> stopped_;
  std::atomic<int> dying_ = 0;  // how often the daemon that is found is no more when it is asked
  WatchedText out_;
  WatchedText error_;
  Terminal terminal_{out_.stream(), error_.stream(), {}};
};

TEST_F(ForwardTest, EndsWithTheLinksErrorAndItsExitCode) {
  auto running = start({spec_of("app", 8080, false)});
  ASSERT_TRUE(wait_for_links(1));
  end("1", Error{ErrorCode::kNotFound, "looking up svc/app", "not found", "look"});
  EXPECT_EQ(running.get().exit_code, kExitNotFound);
  EXPECT_EQ(error_.str(),
            "error: looking up svc/app\n  why: not found\n  try: look\n  id:  other.not-found\n");
}

TEST_F(ForwardTest, ALinkThatSomebodyEndsIsNoFailure) {
  auto running = start({spec_of("app", 8080, false)});
  ASSERT_TRUE(wait_for_links(1));
  activate("1");
  end("1", std::nullopt);
  EXPECT_EQ(running.get().exit_code, kExitDone);
  EXPECT_EQ(out_.str(), "Forwarding from 127.0.0.1:8080 -> 80\n");
  EXPECT_EQ(error_.str(), "svc/app: ended\n");
}

TEST_F(ForwardTest, OneLinksFailureLeavesTheOthers) {
  auto running = start({spec_of("a", 8080, false), spec_of("b", 8081, false)});
  ASSERT_TRUE(wait_for_links(2));
  const bool first_is_a = service_.link("1").value().target.name == "a";
  end(first_is_a ? "1" : "2", Error{ErrorCode::kForbidden, "looking up svc/a", "no", ""});
  activate(first_is_a ? "2" : "1");
  end(first_is_a ? "2" : "1", std::nullopt);
  EXPECT_EQ(running.get().exit_code, kExitNotAllowed);
  EXPECT_EQ(out_.str(), "Forwarding from 127.0.0.1:8081 -> 80\n");
}

TEST_F(ForwardTest, DetachedLinksStay) {
  auto running = start({spec_of("app", 8080, true)}, true);
  ASSERT_TRUE(wait_for_links(1));
  activate("1");
  const auto result = running.get();
  EXPECT_EQ(result.exit_code, kExitDone);
  ASSERT_EQ(result.links.size(), 1U);
  EXPECT_EQ(result.links.front().id, "1");
  EXPECT_EQ(service_.links().size(), 1U);
}

TEST_F(ForwardTest, ASignalEndsTheLinks) {
  auto running = start({spec_of("a", 8080, false), spec_of("b", 8081, false)});
  ASSERT_TRUE(wait_for_links(2));
  activate("1");
  activate("2");
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_links(0));
  end("1", std::nullopt);
  end("2", std::nullopt);
  EXPECT_EQ(running.get().exit_code, kExitInterrupted);
  EXPECT_EQ(error_.str(), "");
}

TEST_F(ForwardTest, ALostDaemonIsStartedAgainAndTheLinksTakenUpOnTheirPorts) {
  auto running = start({spec_of("app", 0, false)});
  ASSERT_TRUE(wait_for_links(1));
  activate("1");
  ASSERT_TRUE(out_.wait_for("Forwarding from"));
  lost_ = true;
  server_->stop();  // as a crash would: no word of the link's end
  stopped_.set_value();
  ASSERT_TRUE(wait_for_links(2));
  EXPECT_EQ(service_.specs().at(1).ports.at(0).local, 40001);
  activate("2");
  end("2", std::nullopt);
  EXPECT_EQ(running.get().exit_code, kExitDone);
  EXPECT_THAT(error_.str(), HasSubstr("svc/app: waiting: ferryd went away; starting it again\n"));
  EXPECT_THAT(error_.str(), HasSubstr("svc/app: works again after"));
  EXPECT_EQ(out_.str(), "Forwarding from 127.0.0.1:40001 -> 80\n");
}

TEST_F(ForwardTest, ADaemonThatIsAboutToEndWhenItIsFoundIsReplaced) {
  dying_ = 2;
  auto running = start({spec_of("app", 8080, false)});
  ASSERT_TRUE(wait_for_links(1));
  activate("1");
  ASSERT_TRUE(out_.wait_for("Forwarding from"));
  dying_ = 1;
  lost_ = true;
  server_->stop();
  stopped_.set_value();
  ASSERT_TRUE(wait_for_links(2));
  end("2", std::nullopt);
  EXPECT_EQ(running.get().exit_code, kExitDone);
}

TEST_F(ForwardTest, WithoutADaemonItSaysWhy) {
  const auto result =
      forward({spec_of("app", 8080, false)}, terminal_, {.daemon = []() -> Result<control::Client> {
                return fail(ErrorCode::kNotFound, "looking for ferryd", "none", "");
              }});
  EXPECT_EQ(result.exit_code, kExitNotFound);
  EXPECT_EQ(error_.str(), "error: looking for ferryd\n  why: none\n  id:  other.not-found\n");
}

}  // namespace
}  // namespace ferry::cli
