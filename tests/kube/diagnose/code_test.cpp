#include "kube/diagnose/code.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace ferry::diagnose {
namespace {

TEST(CodeTest, TheManualExplainsEveryCodeAndNoOther) {
  std::set<std::string> known;
  for (int code = 0; code <= static_cast<int>(kLastCode); ++code) {
    EXPECT_TRUE(known.emplace(name_of(static_cast<Code>(code))).second) << code;
  }
  std::ifstream manual("docs/diagnose.md");
  ASSERT_TRUE(manual) << "run me in the repository's root";
  std::set<std::string> explained;
  const std::regex row("^\\| `([a-z-]+)` \\| [^|]+ \\|$");
  for (std::string line; std::getline(manual, line);) {
    std::smatch found;
    if (std::regex_match(line, found, row)) explained.insert(found[1]);
  }
  EXPECT_EQ(known, explained);
}

}  // namespace
}  // namespace ferry::diagnose
