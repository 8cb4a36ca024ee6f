#include "daemon/control/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::control {
namespace {

using testing::ElementsAre;

TEST(EnvironmentTest, ReadsTextsAndBytes) {
  const auto read = read_environment(
      R"({"environment":[{"name":"A","value":"text\n\u00e9"},{"name":"B","base64":"/w=="},)"
      R"({"name":"C","value":""}],)"
      R"("files":[{"path":"/etc/app/x","mode":420,"base64":"AGFi"},{"path":"/y","base64":""}],)"
      R"("leftOut":["/big: too large"],"new":1})");
  ASSERT_TRUE(read) << read.error().summary();
  EXPECT_THAT(read->variables, ElementsAre(Variable{"A", "text\n\xC3\xA9"}, Variable{"B", "\xFF"},
                                           Variable{"C", ""}));
  EXPECT_THAT(read->files, ElementsAre(MountedFile{"/etc/app/x", 0644, std::string("\0ab", 3)},
                                       MountedFile{"/y", 0, ""}));
  EXPECT_THAT(read->left_out, ElementsAre("/big: too large"));
}

TEST(EnvironmentTest, RefusesWhatLeadsAstrayAndNeverQuotesAValue) {
  for (const char* text : {"",
                           "[]",
                           "s3cret",
                           R"({"environment":[7]})",
                           R"({"environment":[{"value":"s3cret"}]})",
                           R"({"environment":[{"name":"","value":"s3cret"}]})",
                           R"({"environment":[{"name":"A=B","value":"s3cret"}]})",
                           R"({"environment":[{"name":"A"}]})",
                           R"({"environment":[{"name":"A","value":"s3cret\u0000"}]})",
                           R"({"environment":[{"name":"A","base64":"s3cret"}]})",
                           R"({"environment":[{"name":"A","base64":"s3cr*t=="}]})",
                           R"({"environment":[{"name":"A","base64":"AA=="}]})",
                           R"({"files":[{"base64":""}]})",
                           R"({"files":[{"path":"etc/x","base64":""}]})",
                           R"({"files":[{"path":"/","base64":""}]})",
                           R"({"files":[{"path":"/a/../../x","base64":""}]})",
                           R"({"files":[{"path":"/a/./x","base64":""}]})",
                           R"({"files":[{"path":"/a//x","base64":""}]})",
                           R"({"files":[{"path":"/a/","base64":""}]})",
                           R"({"files":[{"path":"/a"}]})"}) {
    const auto read = read_environment(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(read.error().summary().find("s3cret"), std::string::npos);
  }
  EXPECT_FALSE(read_environment(std::string(kMaxPodEnvironment + 1, ' ')));
}

}  // namespace
}  // namespace ferry::control
