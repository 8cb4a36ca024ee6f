#include "daemon/control/sse_parser.h"

#include <gtest/gtest.h>

#include <vector>

#include "daemon/control/limits.h"

namespace ferry::control {
namespace {

constexpr std::string_view kStream = ": hello\n\nevent: link\ndata: one\n\nid: 3\ndata: two\n\n";

TEST(SseParserTest, FindsTheSameEventsHoweverTheBytesAreCut) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    SseParser parser;
    std::vector<std::string> found;
    const auto take = [&](std::string_view data) {
      found.emplace_back(data);
      return true;
    };
    EXPECT_TRUE(parser.feed(kStream.substr(0, cut), take));
    EXPECT_TRUE(parser.feed(kStream.substr(cut), take));
    EXPECT_EQ(found, (std::vector<std::string>{"one", "two"})) << "cut at " << cut;
  }
}

TEST(SseParserTest, StopsWhenTheCallerHasEnough) {
  SseParser parser;
  int calls = 0;
  EXPECT_FALSE(parser.feed(kStream, [&](std::string_view) { return ++calls < 1; }));
  EXPECT_EQ(calls, 1);
}

TEST(SseParserTest, RefusesALineWithoutEnd) {
  SseParser parser;
  const std::string piece(kMaxBody, 'x');
  const auto never = [](std::string_view) { return true; };
  EXPECT_TRUE(parser.feed(piece, never));
  EXPECT_FALSE(parser.feed(piece, never));
}

}  // namespace
}  // namespace ferry::control
