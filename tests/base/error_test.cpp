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

constexpr Problem kMissing{"base.missing", ErrorCode::kNotFound, "it is missing", "make it"};

TEST(ErrorTest, OfAProblemHasItsIdItsKindAndItsFix) {
  const Error error{kMissing, "reading a", "no such file"};
  EXPECT_EQ(error.id, "base.missing");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.fix, "make it");
  EXPECT_EQ((Error{kMissing, "reading a", "no such file", "check the path"}).fix, "check the path");
}

TEST(ErrorTest, ToldInOtherWordsKeepsItsId) {
  const Error error{Error{kMissing, "reading a", "no such file"}, "starting", "a is not there"};
  EXPECT_EQ(error.id, "base.missing");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.summary(), "starting: a is not there");
}

TEST(ErrorTest, WithoutAProblemTheIdIsItsKinds) {
  EXPECT_EQ((Error{ErrorCode::kNotFound, "reading a", "no such file"}).id, "other.not-found");
}

TEST(ResultTest, CarriesTheErrorAsAValue) {
  const Result<int> result = fail(ErrorCode::kNotFound, "looking up x", "not there", "create it");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(result.error().fix, "create it");
}

}  // namespace
}  // namespace ferry
