#include "cli/ide/jsonc_edit.h"

#include <gtest/gtest.h>

namespace ferry::cli::jsonc {
namespace {

Json task(const std::string& label, const std::string& command = "ferry") {
  return {{"label", label}, {"command", command}};
}

std::string merged(const std::string& text, const std::vector<Json>& entries) {
  const auto out = merge(text, {"tasks", "label", entries, "2.0.0"});
  EXPECT_TRUE(out) << out.error().why;
  // Whatever comes out can be read, and merging again changes nothing.
  EXPECT_EQ(merge(out.value(), {"tasks", "label", entries, "2.0.0"}).value(), out.value());
  return out.value();
}

std::string why(const std::string& text) {
  const auto out = merge(text, {"tasks", "label", {task("a")}, "2.0.0"});
  return out ? "merged: " + *out : out.error().why;
}

constexpr const char* kWholeFile = R"({
    "version": "2.0.0",
    "tasks": [
        {
            "label": "a",
            "command": "ferry"
        }
    ]
})";

TEST(JsoncEditTest, AnEmptyTextBecomesAFile) {
  EXPECT_EQ(merged("", {task("a")}), kWholeFile + std::string("\n"));
  EXPECT_EQ(merged(" \t\n", {task("a")}), std::string(" \t\n") + kWholeFile + "\n");
}

TEST(JsoncEditTest, CommentsOfATextWithoutAValueStay) {
  const auto out = merged("// mine", {task("a")});
  EXPECT_TRUE(out.starts_with("// mine\n{\n")) << out;
}

TEST(JsoncEditTest, AnEntryGoesToTheEndAndNothingElseChanges) {
  EXPECT_EQ(merged(R"(// tasks of ours
{
  "version": "2.0.0", // as VS Code wants it
  "tasks": [
    { "label": "build", /* quick */ "command": "make" } // the usual
    // more to come
  ],
  "inputs": [ ]
}
)",
                   {task("a")}),
            R"(// tasks of ours
{
  "version": "2.0.0", // as VS Code wants it
  "tasks": [
    { "label": "build", /* quick */ "command": "make" }, // the usual
    // more to come
    {
      "label": "a",
      "command": "ferry"
    }
  ],
  "inputs": [ ]
}
)");
}

TEST(JsoncEditTest, ATrailingCommaIsNotDoubled) {
  EXPECT_EQ(
      merged("{\n\t\"version\": \"1\",\n\t\"tasks\": [\n\t\t{\"label\": \"x\"}, // note\n\t],\n}",
             {task("a")}),
      "{\n\t\"version\": \"1\",\n\t\"tasks\": [\n\t\t{\"label\": \"x\"}, // note\n"
      "\t\t{\n\t\t\t\"label\": \"a\",\n\t\t\t\"command\": \"ferry\"\n\t\t}\n\t],\n}");
}

TEST(JsoncEditTest, AnEntryOfThatNameIsReplacedWhereItStands) {
  EXPECT_EQ(merged(R"({
  "version": "2.0.0",
  "tasks": [
    {"label": "a", "command": "old", "x": [1, 2,]}, // ours
    {"label": "b"}
  ]
}
)",
                   {task("a", "new")}),
            R"({
  "version": "2.0.0",
  "tasks": [
    {
      "label": "a",
      "command": "new"
    }, // ours
    {"label": "b"}
  ]
}
)");
}

TEST(JsoncEditTest, AnEntryThatSaysTheSameStaysAsItIsWritten) {
  const std::string text =
      R"({"version": "2.0.0", "tasks": [{ /* ! */ "command": "ferry", "label": "a", }]})";
  EXPECT_EQ(merged(text, {task("a")}), text);
}

TEST(JsoncEditTest, NamesAreComparedAsTextNotAsWritten) {
  const std::string text =
      R"({"version": "2.0.0", "tasks": [{"command": "ferry", "label": "\u0061"}]})";
  EXPECT_EQ(merged(text, {task("a")}), text);
}

TEST(JsoncEditTest, AFileOnOneLineIsBrokenOnlyWhereItGrows) {
  EXPECT_EQ(merged(R"({"version": "2.0.0", "tasks": [{"label": "x"}]})", {task("a")}),
            R"({"version": "2.0.0", "tasks": [{"label": "x"},
    {
        "label": "a",
        "command": "ferry"
    }
]})");
}

TEST(JsoncEditTest, WhatIsMissingIsAdded) {
  EXPECT_EQ(merged("{}", {task("a")}), kWholeFile);
  EXPECT_EQ(merged("{\n  \"inputs\": [] // none\n}\n", {task("a")}),
            "{\n  \"inputs\": [], // none\n  \"version\": \"2.0.0\",\n  \"tasks\": [\n    {\n"
            "      \"label\": \"a\",\n      \"command\": \"ferry\"\n    }\n  ]\n}\n");
}

TEST(JsoncEditTest, AnEmptyArrayMayHoldAComment) {
  EXPECT_EQ(merged("{\n  \"version\": \"2.0.0\",\n  \"tasks\": [ // none yet\n  ]\n}", {task("a")}),
            "{\n  \"version\": \"2.0.0\",\n  \"tasks\": [ // none yet\n    {\n"
            "      \"label\": \"a\",\n      \"command\": \"ferry\"\n    }\n  ]\n}");
}

TEST(JsoncEditTest, LineEndsAndAByteOrderMarkStay) {
  const auto out =
      merged("\xEF\xBB\xBF{\r\n  \"version\": \"2.0.0\",\r\n  \"tasks\": []\r\n}\r\n", {task("a")});
  EXPECT_TRUE(out.starts_with("\xEF\xBB\xBF{\r\n")) << out;
  for (std::size_t at = out.find('\n'); at != std::string::npos; at = out.find('\n', at + 1)) {
    EXPECT_EQ(out.at(at - 1), '\r');
  }
}

TEST(JsoncEditTest, SeveralEntriesKeepTheirOrder) {
  const auto out = merged("{\"tasks\": [{\"label\": \"b\"}]}", {task("a"), task("b"), task("c")});
  const auto document = parse(out);
  const auto tasks = value_of(*document->root)["tasks"];
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_EQ(tasks[0]["label"], "b");
  EXPECT_EQ(tasks[0]["command"], "ferry");
  EXPECT_EQ(tasks[1]["label"], "a");
  EXPECT_EQ(tasks[2]["label"], "c");
}

TEST(JsoncEditTest, ElementsThatAreNoObjectsAreLeftAlone) {
  const auto out =
      merged("{\"tasks\": [1, \"a\", null, [\"label\"], {\"label\": 5}]}", {task("a")});
  EXPECT_NE(out.find("[1, \"a\", null, [\"label\"], {\"label\": 5},"), std::string::npos) << out;
}

TEST(JsoncEditTest, TextsThatLookLikeCommentsAreTexts) {
  const std::string text =
      R"({"version": "2.0.0", "tasks": [{"label": "a", "command": "http://x /* \" */ ]}"}]})";
  EXPECT_EQ(merged(text, {task("a", "http://x /* \" */ ]}")}), text);
}

TEST(JsoncEditTest, WhatCannotBeReadIsRefusedWithItsPlace) {
  EXPECT_EQ(why("{\n  \"tasks\": [}\n]"), "line 2, column 13: a value is missing");
  EXPECT_EQ(why("{\"tasks\": [1 2]}"), "line 1, column 14: ',' or ']' is missing");
  EXPECT_EQ(why("{\"tasks\": ["), "line 1, column 11: '[' has no end");
  EXPECT_EQ(why("{\n /* \xC3\xA4 x"), "line 2, column 2: this comment has no end");
  EXPECT_EQ(why("{\"\xC3\xA4\xC3\xB6\": tru}"), "line 1, column 8: a value is missing");
  EXPECT_EQ(why("{\"a"), "line 1, column 2: this text has no end on its line");
  EXPECT_EQ(why("{\"a\n\": 1}"), "line 1, column 2: this text has no end on its line");
  EXPECT_EQ(why("{\"a\\x\": 1}"), "line 1, column 2: this text has a wrong escape");
  EXPECT_EQ(why("{\"a\" 1}"), "line 1, column 6: ':' is missing");
  EXPECT_EQ(why("{a: 1}"), "line 1, column 2: a name in quotes is missing");
  EXPECT_EQ(why("{,}"), "line 1, column 2: a name in quotes is missing");
  EXPECT_EQ(why("{} x"), "line 1, column 4: something follows where the file should end");
  EXPECT_EQ(why("[1]"), "line 1, column 1: an object, { ... }, is expected");
  EXPECT_EQ(why("{\"tasks\": {}}"),
            "line 1, column 11: 'tasks' is expected to be an array, [ ... ]");
  EXPECT_EQ(why("{\"tasks\": [], \"tasks\": []}"),
            "line 1, column 24: 'tasks' is there for the second time");
  EXPECT_EQ(why("{\"a\": \"\xFF\"}"), "it is not UTF-8");
}

TEST(JsoncEditTest, DepthAndSizeAreBounded) {
  const std::string deep = "{\"x\": " + std::string(100, '[') + std::string(100, ']') + "}";
  EXPECT_NE(why(deep).find("more than 64 objects or arrays"), std::string::npos) << why(deep);
  EXPECT_EQ(why(std::string(kMaxText + 1, ' ')), "it is larger than 1 MiB");
}

TEST(JsoncEditTest, NoTruncatedTextCrashesIt) {
  const std::string text =
      "{ // c\n \"a\\u0041\": [1.5e3, {\"b\": null,}, /* x */ \"\\\"\"], \"tasks\": [{\"label\": "
      "\"a\"},]}";
  for (std::size_t length = 1; length < text.size(); ++length) {
    EXPECT_FALSE(why(text.substr(0, length)).starts_with("merged")) << text.substr(0, length);
  }
  EXPECT_TRUE(why(text).starts_with("merged"));
}

}  // namespace
}  // namespace ferry::cli::jsonc
