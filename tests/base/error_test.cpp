#include "base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "base/result.h"

namespace ferry {
namespace {

TEST(ErrorTest, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kUnsupported); ++code) {
    names.insert(name_of(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::kUnsupported) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(ErrorTest, SummaryLeavesOutWhatIsEmpty) {
  EXPECT_EQ((Error{ErrorCode::kIo, "reading a", "no such file", "check the path"}).summary(),
            "reading a: no such file");
  EXPECT_EQ((Error{ErrorCode::kIo, "reading a", "", ""}).summary(), "reading a");
  EXPECT_EQ((Error{ErrorCode::kIo, "", "no such file", ""}).summary(), "no such file");
}

TEST(ResultTest, CarriesTheErrorAsAValue) {
  const Result<int> result = fail(ErrorCode::kNotFound, "looking up x", "not there", "create it");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(result.error().fix, "create it");
}

}  // namespace
}  // namespace ferry
