// The formats read back by those they are for: a real shell, a JSON parser, docker's rules.
#include "cli/environment_formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "base/base64.h"
#include "cli/utf8.h"
#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

// Values that break naive quoting, and random bytes.
Variables awkward() {
  std::vector<std::string> values = {
      "",         " ",        "'",   "\"",    "\\",      "\\'",      "$HOME",
      "`id`",     "$(id)",    "a b", "a\nb",  "\n",      "a\n",      "\r\n",
      "!x",       "~",        "*",   "#x",    "=",       "a=b",      "\t",
      "\xC3\xA9", "\xFF\xFE", "-n",  "a\\nb", "';exit'", "\x01\x7F", std::string(200'000, 'x')};
  std::mt19937 random(11);
  for (int i = 0; i < 200; ++i) {
    std::string value(random() % 40, '\0');
    for (char& c : value) c = static_cast<char>(1 + random() % 255);
    values.push_back(std::move(value));
  }
  Variables variables;
  for (std::size_t i = 0; i < values.size(); ++i) {
    variables.push_back({"V" + std::to_string(i), values[i]});
  }
  return variables;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 65536> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    out.append(buffer.data(), n);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

class ShellTest : public testing::TestWithParam<const char*> {};

TEST_P(ShellTest, EveryValueComesBackFromASourcedFile) {
  const TempDir dir;
  const auto variables = awkward();
  const auto formatted = as_shell(variables);
  EXPECT_TRUE(formatted.left_out.empty());
  const std::string path = dir.write("env.sh", formatted.text);
  // One at a time: all of them together are more than a process may be given.
  std::string script = ". " + path + "; ";
  for (const auto& variable : variables) script += "printf '%s\\000' \"$" + variable.name + "\"; ";
  const std::string out =
      output_of(std::string(GetParam()) + " " + dir.write("read.sh", script) + " 2>&1");
  std::string expected;
  for (const auto& variable : variables) expected += variable.value + '\0';
  EXPECT_TRUE(out == expected) << "of " << expected.size() << " bytes came " << out.size();
}

INSTANTIATE_TEST_SUITE_P(Shells, ShellTest, testing::Values("/bin/sh", "/bin/bash"));

TEST(EnvironmentFormatsTest, AShellsVariablesHaveAShellsNames) {
  const auto formatted = as_shell({{"a.b", "1"}, {"9x", "2"}, {"x-y", "3"}, {"_ok9", "4"}});
  EXPECT_EQ(formatted.text, "export _ok9='4'\n");
  EXPECT_THAT(formatted.left_out,
              ElementsAre(StartsWith("a.b: "), StartsWith("9x: "), StartsWith("x-y: ")));
}

TEST(EnvironmentFormatsTest, JsonHoldsEverything) {
  const auto variables = awkward();
  const auto formatted = as_json(variables);
  EXPECT_TRUE(formatted.left_out.empty());
  const auto json = nlohmann::json::parse(formatted.text);
  ASSERT_EQ(json.size(), variables.size());
  for (const auto& [name, value] : variables) {
    const auto& found = json.at(name);
    EXPECT_EQ(found.is_string(), is_utf8(value));
    EXPECT_EQ(found.is_string() ? found.get<std::string>()
                                : base64_decoded(found.at("base64").get<std::string>()).value(),
              value);
  }
}

// As the Docker CLI reads a line: opts/file.go.
std::map<std::string, std::string> read_by_docker(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    EXPECT_LT(line.size(), 65536U) << "bufio.Scanner: token too long";
    EXPECT_TRUE(is_utf8(line));
    if (line.ends_with('\r')) line.pop_back();
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    EXPECT_NE(equals, std::string::npos) << "the local value would be taken";
    EXPECT_EQ(line.substr(0, equals).find(' '), std::string::npos);
    out[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return out;
}

TEST(EnvironmentFormatsTest, DockerReadsWhatIsThereAndTheRestIsNamed) {
  const auto variables = awkward();
  const auto formatted = as_env_file(variables);
  const auto read = read_by_docker(formatted.text);
  EXPECT_EQ(read.size() + formatted.left_out.size(), variables.size());
  std::string named;
  for (const auto& line : formatted.left_out) named += "\n" + line;
  for (const auto& [name, value] : variables) {
    const auto found = read.find(name);
    if (found != read.end()) {
      EXPECT_EQ(found->second, value);
    } else {
      EXPECT_NE(named.find("\n" + name + ": "), std::string::npos) << name;
    }
  }
  EXPECT_EQ(read.at("V0"), "") << "an empty value is one";
}

TEST(EnvironmentFormatsTest, EachReasonIsNamed) {
  const auto formatted = as_env_file(
      {{"A", "1\n2"}, {"B", "\xFF"}, {"C", std::string(70'000, 'x')}, {"D E", "1"}, {"#F", "1"}});
  EXPECT_EQ(formatted.text, "");
  EXPECT_THAT(
      formatted.left_out,
      ElementsAre("A: its value has more than one line, which a docker env file can't hold",
                  "B: its value is not UTF-8, which docker refuses",
                  StartsWith("C: its value is too long"), StartsWith("D E: "), StartsWith("#F: ")));
}

TEST(EnvironmentFormatsTest, WhatBelongsToTheMachineStaysLocal) {
  const Variables variables = {
      {"PATH", "/app"}, {"HOME", "/root"}, {"LD_PRELOAD", "/m/x.so"}, {"MODE", "fast"}};
  EXPECT_THAT(portable(variables), ElementsAre(control::Variable{"MODE", "fast"}));
  EXPECT_THAT(process_environment({{"PATH", "/bin"}, {"MODE", "slow"}, {"X", "y"}}, variables),
              ElementsAre("MODE=fast", "PATH=/bin", "X=y"));
}

}  // namespace
}  // namespace ferry::cli
