#include "cli/link_talk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/cli/sample_status.h"
#include "tests/cli/schema_check.h"

namespace ferry::cli {
namespace {

using control::EventKind;
using control::LinkState;
using testing::HasSubstr;

class LinkTalkTest : public testing::Test {
 protected:
  void state(LinkState state, const std::string& reason = {}, control::UnixMillis time = 1000) {
    control::Event event{.kind = EventKind::kLink, .time = time, .link_id = "3"};
    event.link = sample_link();
    event.link->state = state;
    event.link->reason = reason;
    talk_.on_event(event);
  }
  void say(EventKind kind, const std::string& message) {
    talk_.on_event({.kind = kind, .time = 1000, .link_id = "3", .message = message});
  }

  std::ostringstream out_;
  std::ostringstream error_;
  Terminal terminal_{out_, error_, {}};
  LinkTalk talk_{terminal_, "svc/app", LinkTalk::Words::kKubectls};
};

TEST_F(LinkTalkTest, SaysKubectlsWordsOnceItListens) {
  state(LinkState::kStarting);
  EXPECT_EQ(out_.str(), "");
  state(LinkState::kActive);
  state(LinkState::kActive);
  EXPECT_EQ(out_.str(),
            "Forwarding from 127.0.0.1:8080 -> 80\n"
            "Forwarding from [::1]:8080 -> 80\n"
            "Forwarding from 127.0.0.1:40001 -> 9090\n");
  EXPECT_EQ(error_.str(), "");
  EXPECT_TRUE(talk_.announced());
}

TEST_F(LinkTalkTest, TellsWhenItStopsWorkingAndWorksAgain) {
  state(LinkState::kActive, "", 1000);
  state(LinkState::kWaiting, "no endpoints", 2000);
  state(LinkState::kWaiting, "no endpoints", 2500);
  state(LinkState::kActive, "", 5200);
  EXPECT_EQ(error_.str(), "svc/app: waiting: no endpoints\nsvc/app: works again after 3.2 s\n");
}

TEST_F(LinkTalkTest, AListeningLinkThatWaitsIsAnnouncedWithItsReason) {
  state(LinkState::kWaiting, "no endpoints");
  EXPECT_THAT(out_.str(), HasSubstr("Forwarding from 127.0.0.1:8080"));
  EXPECT_EQ(error_.str(), "svc/app: waiting: no endpoints\n");
}

TEST_F(LinkTalkTest, StepsAreToldUntilItListens) {
  say(EventKind::kProgress, "pulling the image");
  say(EventKind::kProgress, "pulling the image");
  say(EventKind::kProgress, "starting");
  state(LinkState::kActive);
  say(EventKind::kProgress, "something else");
  EXPECT_EQ(error_.str(), "svc/app: pulling the image\nsvc/app: starting\n");
}

TEST_F(LinkTalkTest, NoticesAreAlwaysTold) {
  state(LinkState::kActive);
  say(EventKind::kNotice, "on the direct route");
  EXPECT_EQ(error_.str(), "svc/app: on the direct route\n");
}

TEST_F(LinkTalkTest, AnEndWithAnErrorIsAFailureInThreeParts) {
  control::Event event{.kind = EventKind::kEnded, .link_id = "3"};
  event.error = Error{ErrorCode::kNotFound, "looking up svc/app", "services \"app\" not found",
                      "kubectl get services"};
  talk_.on_event(event);
  EXPECT_EQ(error_.str(),
            "error: looking up svc/app\n"
            "  why: services \"app\" not found\n"
            "  try: kubectl get services\n"
            "  id:  other.not-found\n");
  ASSERT_TRUE(talk_.failure());
  EXPECT_EQ(talk_.failure()->code, ErrorCode::kNotFound);
}

TEST_F(LinkTalkTest, AnEndIsNewsOnlyWhereNobodyHereAskedForIt) {
  say(EventKind::kEnded, "");
  EXPECT_EQ(error_.str(), "svc/app: ended\n");
  talk_.expect_end();
  say(EventKind::kEnded, "");
  EXPECT_EQ(error_.str(), "svc/app: ended\n");
}

TEST_F(LinkTalkTest, JsonModePrintsEachEventAsALine) {
  LinkTalk talk(terminal_, "svc/app", LinkTalk::Words::kJsonEvents);
  control::Event event{.kind = EventKind::kLink, .time = 1000, .link_id = "3"};
  event.link = sample_link();
  talk.on_event(event);
  talk.on_event({.kind = EventKind::kNotice, .time = 1000, .link_id = "3", .message = "a\nb"});
  std::istringstream lines(out_.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(
        schema_complaint("docs/schema/output.schema.json", "event", nlohmann::json::parse(line)),
        "");
  }
  EXPECT_EQ(count, 2);
}

TEST(TerminalTest, OverwritesProgressWhereSomebodyLooksOn) {
  std::ostringstream out;
  std::ostringstream error;
  Terminal terminal(out, error, {.error_is_terminal = true});
  terminal.progress("one");
  terminal.progress("two");
  terminal.note("done");
  EXPECT_EQ(error.str(), "\r\033[Kone\r\033[Ktwo\r\033[Kdone\n");
}

TEST(TerminalTest, AStepTellsHowLongItTakesWhereThatCanBeWrittenOver) {
  std::ostringstream out;
  std::ostringstream error;
  Terminal terminal(out, error, {.error_is_terminal = true});
  terminal.progress("waiting", 400);
  terminal.progress("waiting", 12'000);
  EXPECT_EQ(error.str(), "\r\033[Kwaiting\r\033[Kwaiting (12s)");
  std::ostringstream lines;
  Terminal plain(out, lines, {});
  plain.progress("waiting", 400);
  plain.progress("waiting", 12'000);
  EXPECT_EQ(lines.str(), "waiting\n") << "time alone is no change";
}

TEST(TerminalTest, PaintsOnlyWhereColoursAreWanted) {
  std::ostringstream out;
  std::ostringstream error;
  Terminal(out, error, {.error_is_terminal = true, .color = true}).warn_of_link("careful");
  EXPECT_EQ(error.str(), "\033[33mcareful\033[0m\n");
  error.str("");
  Terminal(out, error, {.error_is_terminal = true}).warn_of_link("careful");
  EXPECT_EQ(error.str(), "careful\n");
}

}  // namespace
}  // namespace ferry::cli
