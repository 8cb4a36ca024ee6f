#include "cli/ide/ide.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <regex>

#include "cli/command_line.h"
#include "cli/ide/jetbrains.h"
#include "cli/ide/script.h"
#include "cli/ide/vscode.h"
#include "tests/cli/temp_dir.h"
#include "tests/cli/watched_text.h"

namespace ferry::cli::ide {
namespace {

class IdeTest : public testing::Test {
 protected:
  Result<Plan> plan_of(const std::vector<std::string>& words) const {
    auto parsed = parse_command_line("ferry", words);
    if (!parsed) return fail(parsed.error());
    return make_plan(*parsed->invocation, get_env_, dir_.path());
  }

  Plan plan(const std::vector<std::string>& words) const {
    auto made = plan_of(words);
    EXPECT_TRUE(made) << made.error().why;
    return made.value();
  }

  Status run(const std::vector<std::string>& words) {
    const auto parsed = parse_command_line("ferry", words);
    if (!parsed) return fail(parsed.error());
    return ide::run(*parsed->invocation, get_env_, dir_.path(), terminal_);
  }

  std::string content(const std::string& name) const {
    std::ifstream in(dir_.path() + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  jsonc::Json launch(const std::vector<std::string>& words) const {
    return vscode_entries(plan(words)).value().launches.front();
  }
  jsonc::Json task(const std::vector<std::string>& words, std::size_t index = 0) const {
    return vscode_entries(plan(words)).value().tasks.at(index);
  }
  std::string configuration(const std::vector<std::string>& words) const {
    return jetbrains_files(plan(words)).value().back().content;
  }

  TempDir dir_;
  WatchedText out_;
  WatchedText error_;
  Terminal terminal_{out_.stream(), error_.stream(), {}};
  control::GetEnv get_env_ = [this](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return dir_.path();
    return std::nullopt;
  };
};

using Words = std::vector<std::string>;

TEST_F(IdeTest, TheLanguageIsToldByTheFolder) {
  for (const auto& [file, language] :
       std::vector<std::pair<std::string, Language>>{{"CMakeLists.txt", Language::kCpp},
                                                     {"go.mod", Language::kGo},
                                                     {"requirements.txt", Language::kPython},
                                                     {"package.json", Language::kNode},
                                                     {"build.gradle.kts", Language::kJava}}) {
    const TempDir folder;
    folder.write(file, "{}");
    EXPECT_EQ(languages_in(folder.path()), std::vector{language}) << file;
  }
}

TEST_F(IdeTest, AnUnknownOrAmbiguousLanguageIsAnError) {
  const auto unknown = plan_of({"ide", "vscode", "app"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().fix, "say it with --lang cpp, go, python, node or java");
  dir_.write("go.mod", "");
  dir_.write("package.json", "{}");
  const auto misspelt = plan_of({"ide", "vscode", "app", "--lang", "pyhton"});
  EXPECT_EQ(misspelt.error().fix, "did you mean 'python'? else use cpp, go, python, node or java");
  const auto ambiguous = plan_of({"ide", "vscode", "app"});
  ASSERT_FALSE(ambiguous);
  EXPECT_NE(ambiguous.error().why.find("looks like go or node"), std::string::npos);
  EXPECT_EQ(plan({"ide", "vscode", "app", "--lang", "go"}).language, Language::kGo);
}

TEST_F(IdeTest, TheProgramIsToldByTheFolderWhereItCanBe) {
  EXPECT_FALSE(plan_of({"ide", "vscode", "app", "--lang", "python"}));
  dir_.write("app.py", "");
  EXPECT_EQ(plan({"ide", "vscode", "app", "--lang", "python"}).program, "app.py");
  dir_.write("package.json", R"({"main": "dist/x.js"})");
  EXPECT_EQ(plan({"ide", "vscode", "app", "--lang", "node"}).program, "dist/x.js");
  dir_.write("package.json", "no JSON");
  EXPECT_FALSE(plan_of({"ide", "vscode", "app", "--lang", "node"}));
}

TEST_F(IdeTest, ScopeGoesIntoEveryCommand) {
  const Words words = {"ide",  "vscode",    "sts/db:main", "--lang",       "go",  "-n",
                       "shop", "--context", "a 'b' \"c\"", "--kubeconfig", "my k"};
  const jsonc::Json swap = task(words)["args"];
  EXPECT_EQ(swap,
            jsonc::Json::array({"swap-deployment", "sts/db:main", "--env-file",
                                "${workspaceFolder}/.ferry/sts_db_main_in_shop_a_b_c_.env",
                                "--mount", "${workspaceFolder}/.ferry/sts_db_main_in_shop_a_b_c_",
                                "--probes", "hold", "-n", "shop", "--context", "a 'b' \"c\"",
                                "--kubeconfig", dir_.path() + "/my k", "--no-color"}));
  EXPECT_EQ(task(words, 1)["args"],
            jsonc::Json::array({"leave", "sts/db", "-n", "shop", "--context", "a 'b' \"c\""}));
}

TEST_F(IdeTest, TheLaunchHasEnvironmentFilesAndBothTasks) {
  for (const std::string language : {"cpp", "go", "python", "node", "java"}) {
    const auto got = launch(
        {"ide", "vscode", "app", "--lang", language, "--program", "x.py", "--", "--port", "80 81"});
    EXPECT_EQ(got["envFile"], "${workspaceFolder}/.ferry/app.env");
    EXPECT_NE(got.dump().find("\"FERRY_ROOT\""), std::string::npos) << language;
    EXPECT_EQ(got["args"], jsonc::Json::array({"--port", "80 81"}));
    EXPECT_EQ(got["preLaunchTask"], "ferry: swap app");
    EXPECT_EQ(got["postDebugTask"], "ferry: leave app");
    EXPECT_EQ(got["request"], "launch");
  }
}

// Without the last one, a swap that waited for the second of two ports would stay busy.
TEST_F(IdeTest, TheSwapsTaskIsReadyByEachLineThatSaysSo) {
  const auto matcher = task({"ide", "vscode", "app", "--lang", "cpp"})["problemMatcher"];
  const std::regex ends(matcher["background"]["endsPattern"].get<std::string>());
  for (const std::string line :
       {"deploy/app: the local process may start", "deploy/app: works again after 3s",
        "Swapped deploy/app: port 80 -> localhost:8081"}) {
    EXPECT_TRUE(std::regex_search(line, ends)) << line;
  }
  EXPECT_FALSE(std::regex_search("deploy/app: waiting: nothing listens on 8082", ends));
}

TEST_F(IdeTest, WithStayTheSwapOutlivesTheDebugger) {
  EXPECT_FALSE(
      launch({"ide", "vscode", "app", "--lang", "go", "--stay"}).contains("postDebugTask"));
}

TEST_F(IdeTest, ProbesAreAsTheDebuggerNeedsThem) {
  EXPECT_EQ(plan({"ide", "vscode", "app", "--lang", "cpp"}).probes, "hold");
  EXPECT_EQ(plan({"ide", "vscode", "app", "--lang", "java"}).probes, "none");
  EXPECT_EQ(plan({"ide", "vscode", "app", "--lang", "java", "--probes", "follow"}).probes,
            "follow");
}

TEST_F(IdeTest, APythonProgramIsAFileOrAModule) {
  EXPECT_EQ(launch({"ide", "vscode", "app", "--lang", "python", "--program", "a.py"})["program"],
            "${workspaceFolder}/a.py");
  EXPECT_EQ(launch({"ide", "vscode", "app", "--lang", "python", "--program", "uvicorn"})["module"],
            "uvicorn");
}

TEST_F(IdeTest, AttachingGoesOverAForwardLink) {
  const Words words = {"ide",         "vscode",       "deploy/app", "--lang", "python", "--attach",
                       "15678:debug", "--remote-dir", "/srv",       "-n",     "shop"};
  EXPECT_EQ(task(words)["args"],
            jsonc::Json::array({"forward", "deploy/app", "15678:debug", "--route", "direct", "-n",
                                "shop", "--no-color"}));
  const auto got = launch(words);
  EXPECT_EQ(got["request"], "attach");
  EXPECT_EQ(got["connect"]["port"], 15678);
  EXPECT_EQ(got["pathMappings"][0]["remoteRoot"], "/srv");
  EXPECT_FALSE(plan_of({"ide", "vscode", "app", "--lang", "go", "--attach", ":5678"}));
}

TEST_F(IdeTest, WhatVsCodeWouldTakeForAVariableIsRefused) {
  const auto made = plan({"ide", "vscode", "app", "--lang", "go", "--context", "${x}"});
  const auto entries = vscode_entries(made);
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, ErrorCode::kInvalid);
}

TEST_F(IdeTest, ControlCharactersAreRefused) {
  EXPECT_FALSE(plan_of({"ide", "jetbrains", "app", "--lang", "go", "--context", "a\nb"}));
}

TEST_F(IdeTest, TextIsEscapedInXml) {
  const auto text = configuration(
      {"ide", "jetbrains", "app", "--lang", "python", "--program", "a.py", "--", "<\"&"});
  EXPECT_NE(text.find(R"(value="&quot;&lt;\&quot;&amp;&quot;")"), std::string::npos) << text;
}

TEST_F(IdeTest, ConfigurationsRunTheSwapFirst) {
  for (const std::string language : {"cpp", "go", "python", "node", "java"}) {
    const auto text =
        configuration({"ide", "jetbrains", "app", "--lang", language, "--program", "x.py"});
    EXPECT_NE(text.find("run_configuration_name=\"ferry: swap app\""), std::string::npos) << text;
  }
}

TEST_F(IdeTest, WordsAreQuotedForTheShell) {
  EXPECT_EQ(quoted("a-b/c:80"), "a-b/c:80");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted("it's $HOME"), "'it'\\''s $HOME'");
}

TEST_F(IdeTest, FilesAreMergedAndMergingTwiceIsMergingOnce) {
  dir_.write(".vscode/tasks.json", "{ \"version\": \"2.0.0\", \"tasks\": [] /* mine */ }\n");
  const std::string path = dir_.path() + "/.vscode/tasks.json";
  chmod(path.c_str(), 0640);
  ASSERT_TRUE(run({"ide", "vscode", "app", "--lang", "go"}));
  const auto tasks = content(".vscode/tasks.json");
  EXPECT_NE(tasks.find("/* mine */"), std::string::npos);
  EXPECT_NE(content(".vscode/launch.json"), "");
  EXPECT_EQ(content(".ferry/.gitignore"), "*\n!.gitignore\n!*.sh\n");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
  ASSERT_TRUE(run({"ide", "vscode", "app", "--lang", "go"}));
  EXPECT_EQ(content(".vscode/tasks.json"), tasks);
}

TEST_F(IdeTest, AFileThatCannotBeReadLeavesAllOfThemUntouched) {
  dir_.write(".vscode/launch.json", "{\n  nonsense\n}");
  const auto done = run({"ide", "vscode", "app", "--lang", "go"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().why, "line 2, column 3: a name in quotes is missing");
  EXPECT_EQ(content(".vscode/launch.json"), "{\n  nonsense\n}");
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.vscode/tasks.json"));
}

TEST_F(IdeTest, AProgramThatIsMissingIsAWarningAndAModuleIsNone) {
  const auto warned = [&](const std::string& language, const std::string& program) {
    EXPECT_TRUE(run({"ide", "vscode", "app", "--lang", language, "--program", program}));
    return error_.str().find("there is no " + dir_.path() + "/" + program) != std::string::npos;
  };
  dir_.write("there.py", "");
  EXPECT_FALSE(warned("python", "there.py"));
  EXPECT_FALSE(warned("python", "uvicorn"));
  EXPECT_FALSE(warned("java", "shop.Main"));
  EXPECT_TRUE(warned("python", "nosuch.py"));
  EXPECT_TRUE(warned("cpp", "build/nosuch"));
}

TEST_F(IdeTest, ADryRunWritesNothing) {
  ASSERT_TRUE(run({"ide", "vscode", "app", "--lang", "go", "--dry-run"}));
  EXPECT_NE(out_.str().find("--- .vscode/tasks.json\n{"), std::string::npos) << out_.str();
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.vscode"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.ferry"));
}

TEST_F(IdeTest, ASymbolicLinkStaysOne) {
  dir_.write("shared.json", "{}");
  std::filesystem::create_directory(dir_.path() + "/.vscode");
  std::filesystem::create_symlink("../shared.json", dir_.path() + "/.vscode/tasks.json");
  ASSERT_TRUE(run({"ide", "vscode", "app", "--lang", "go"}));
  EXPECT_TRUE(std::filesystem::is_symlink(dir_.path() + "/.vscode/tasks.json"));
  EXPECT_NE(content("shared.json").find("ferry: swap app"), std::string::npos);
}

TEST_F(IdeTest, SomebodyElsesConfigurationIsNotOverwritten) {
  const Words words = {"ide", "jetbrains", "app", "--lang", "go"};
  ASSERT_TRUE(run(words));
  ASSERT_TRUE(run(words));
  dir_.write(".run/ferry-debug-app.run.xml", "<component name=\"mine\"/>");
  std::filesystem::remove(dir_.path() + "/.run/ferry-swap-app.run.xml");
  const auto done = run(words);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(content(".run/ferry-debug-app.run.xml"), "<component name=\"mine\"/>");
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.run/ferry-swap-app.run.xml"));
}

TEST_F(IdeTest, OptionsThatDontGoTogetherAreRefused) {
  for (const Words& words :
       std::vector<Words>{{"ide"},
                          {"ide", "emacs", "app"},
                          {"ide", "vscode"},
                          {"ide", "vscode", "app", "--"},
                          {"ide", "vscode", "app", "--attach", "1", "--expose", "2"},
                          {"ide", "jetbrains", "app", "--stay"},
                          {"ide", "vscode", "app", "--remote-dir", "/x"}}) {
    EXPECT_FALSE(parse_command_line("ferry", words)) << words.size();
  }
  EXPECT_FALSE(plan_of({"ide", "vscode", "svc/app", "--lang", "go"}));
  EXPECT_FALSE(plan_of({"ide", "vscode", "app", "--lang", "go", "--expose", "x:y:z"}));
  EXPECT_FALSE(jetbrains_files(plan({"ide", "jetbrains", "app", "--lang", "cpp"})));
}

}  // namespace
}  // namespace ferry::cli::ide
