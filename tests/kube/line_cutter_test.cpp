#include "kube/line_cutter.h"

#include <gmock/gmock.h>

#include <vector>

namespace ferry::kube {
namespace {

using testing::ElementsAre;

class LineCutterTest : public testing::Test {
 protected:
  std::vector<std::string> lines_;
  LineCutter::OnLine on_line_ = [this](std::string_view line) {
    lines_.emplace_back(line);
    return line != "stop";
  };
};

TEST_F(LineCutterTest, LinesComeTogetherFromPieces) {
  LineCutter cutter(on_line_, 100, LineCutter::Excess::kRefuse);
  for (const char* piece : {"on", "e\n", "\ntwo\nthr", "ee"}) EXPECT_TRUE(cutter.take(piece));
  EXPECT_THAT(lines_, ElementsAre("one", "", "two"));
  cutter.finish();
  EXPECT_THAT(lines_, ElementsAre("one", "", "two", "three"));
}

TEST_F(LineCutterTest, TheReaderMayStop) {
  LineCutter cutter(on_line_, 100, LineCutter::Excess::kRefuse);
  EXPECT_FALSE(cutter.take("one\nstop\ntwo\n"));
  EXPECT_THAT(lines_, ElementsAre("one", "stop"));
  EXPECT_FALSE(cutter.too_long());
}

TEST_F(LineCutterTest, ALineThatIsTooLongIsRefused) {
  LineCutter cutter(on_line_, 4, LineCutter::Excess::kRefuse);
  EXPECT_TRUE(cutter.take("four\n"));
  EXPECT_FALSE(cutter.take("fiver\n"));
  EXPECT_TRUE(cutter.too_long());
}

TEST_F(LineCutterTest, OrItsEndIsLeftOut) {
  LineCutter cutter(on_line_, 4, LineCutter::Excess::kLeaveOut);
  for (const char* piece : {"123", "45", "67", "8\nnext\n", "long one"}) {
    EXPECT_TRUE(cutter.take(piece));
  }
  cutter.finish();
  EXPECT_THAT(lines_, ElementsAre("1234", "next", "long"));
  EXPECT_FALSE(cutter.too_long());
}

}  // namespace
}  // namespace ferry::kube
