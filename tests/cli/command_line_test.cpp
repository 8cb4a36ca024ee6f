#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/command_texts.h"

namespace ferry::cli {
namespace {

using testing::HasSubstr;

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

Invocation parsed(const std::string& line) {
  const auto outcome = parse_command_line("ferry", words(line));
  EXPECT_TRUE(outcome) << outcome.error().summary();
  EXPECT_TRUE(outcome && outcome->invocation) << line;
  return outcome && outcome->invocation ? *outcome->invocation : Invocation{};
}

std::string text_of(const std::string& line, const std::string& program = "ferry") {
  const auto outcome = parse_command_line(program, words(line));
  EXPECT_TRUE(outcome) << line;
  return outcome ? outcome->text : "";
}

TEST(CommandLineTest, ForwardTakesTargetPortsAndFlags) {
  const auto invocation = parsed(
      "forward svc/app 8080:80 :http -d -n shop --context c --kubeconfig k --address ::1 "
      "--address 127.0.0.1 --image i --pull-secret a --pull-secret b,c --route direct "
      "--idle-exit 5m --pull-policy Never -o json --log-level debug -v --no-color");
  EXPECT_EQ(invocation.command, Command::kForward);
  EXPECT_EQ(invocation.forward.target, "svc/app");
  EXPECT_EQ(invocation.forward.ports, (std::vector<std::string>{"8080:80", ":http"}));
  EXPECT_TRUE(invocation.forward.detach);
  EXPECT_EQ(invocation.forward.addresses, (std::vector<std::string>{"::1", "127.0.0.1"}));
  EXPECT_EQ(invocation.kube_namespace, "shop");
  EXPECT_EQ(invocation.context, "c");
  EXPECT_EQ(invocation.kubeconfig, "k");
  EXPECT_EQ(invocation.output, OutputFormat::kJson);
  EXPECT_EQ(invocation.log_level, "debug");
  EXPECT_TRUE(invocation.verbose);
  EXPECT_TRUE(invocation.no_color);
  EXPECT_EQ(invocation.settings, (std::map<std::string, std::string>{{"image", "i"},
                                                                     {"pullPolicy", "Never"},
                                                                     {"pullSecrets", "a,b,c"},
                                                                     {"route", "direct"},
                                                                     {"idleExit", "5m"}}));
}

TEST(CommandLineTest, SwapTakesWhatItNeeds) {
  const auto invocation = parsed(
      "swap-deployment web:main --expose 8081:80 --expose 9090 --env-file a --env-json b --env-sh "
      "c --mount d --run x --restart --probes hold --keep-original --proxy-protocol --force "
      "--dry-run --orphan-timeout 5m --timeout 90s -n shop --image i");
  EXPECT_EQ(invocation.command, Command::kSwap);
  const auto& swap = invocation.swap;
  EXPECT_EQ(swap.target, "web:main");
  EXPECT_EQ(swap.expose, (std::vector<std::string>{"8081:80", "9090"}));
  EXPECT_EQ(swap.env_file + swap.env_json + swap.env_sh + swap.mount + swap.run, "abcdx");
  EXPECT_TRUE(swap.restart && swap.keep_original && swap.proxy_protocol && swap.force);
  EXPECT_TRUE(swap.dry_run);
  EXPECT_EQ(swap.probes, "hold");
  EXPECT_EQ(swap.orphan_timeout, "5m");
  EXPECT_EQ(swap.step_timeout, "90s");
  EXPECT_EQ(invocation.settings.at("image"), "i");
}

TEST(CommandLineTest, WhatFollowsTheDashesIsTheCommandsOwn) {
  const auto invocation = parsed("swap web --expose 1:2 -- app --help -n 3 -- --detach");
  EXPECT_EQ(invocation.swap.command,
            (std::vector<std::string>{"app", "--help", "-n", "3", "--", "--detach"}));
  EXPECT_EQ(invocation.kube_namespace, "");
  EXPECT_FALSE(invocation.swap.detach);
  EXPECT_EQ(parsed("forward -- svc/app 80").forward.target, "svc/app");
}

TEST(CommandLineTest, ExecTakesItsFlagsTogetherAsKubectlHasThem) {
  const auto invocation = parsed("exec deploy/web -it -c app -n shop -- sh -c ls --help");
  EXPECT_EQ(invocation.command, Command::kExec);
  EXPECT_EQ(invocation.exec.target, "deploy/web");
  EXPECT_EQ(invocation.exec.container, "app");
  EXPECT_EQ(invocation.kube_namespace, "shop");
  EXPECT_TRUE(invocation.exec.input && invocation.exec.terminal);
  EXPECT_EQ(invocation.exec.command, (std::vector<std::string>{"sh", "-c", "ls", "--help"}));
  EXPECT_FALSE(parsed("exec web -- ls").exec.input);
}

TEST(CommandLineTest, DebugTakesWhatItNeeds) {
  const auto invocation = parsed("debug deploy/web --image i --target app -it --fork -- sh -i");
  EXPECT_EQ(invocation.command, Command::kDebug);
  EXPECT_EQ(invocation.debug.target, "deploy/web");
  EXPECT_EQ(invocation.debug.image, "i");
  EXPECT_EQ(invocation.debug.container, "app");
  EXPECT_TRUE(invocation.debug.input && invocation.debug.terminal && invocation.debug.fork);
  EXPECT_EQ(invocation.debug.command, (std::vector<std::string>{"sh", "-i"}));
  EXPECT_TRUE(parsed("debug web --image i").debug.command.empty());
}

TEST(CommandLineTest, CommonOptionsMayComeBeforeTheCommand) {
  const auto invocation = parsed("-n shop -o yaml list");
  EXPECT_EQ(invocation.command, Command::kList);
  EXPECT_EQ(invocation.kube_namespace, "shop");
  EXPECT_EQ(invocation.output, OutputFormat::kYaml);
}

TEST(CommandLineTest, OptionsMayStandBetweenOperands) {
  const auto invocation = parsed("forward -n shop svc/app --detach 8080:80");
  EXPECT_EQ(invocation.forward.target, "svc/app");
  EXPECT_EQ(invocation.forward.ports, std::vector<std::string>{"8080:80"});
}

TEST(CommandLineTest, KubectlsNameForForwardWorks) {
  EXPECT_EQ(parsed("port-forward svc/app 80").command, Command::kForward);
}

TEST(CommandLineTest, EveryCommandHasHelpWithUsage) {
  for (const auto& text : kCommandTexts) {
    const std::string name = text.name;
    const std::string help = text_of(name + " --help");
    EXPECT_THAT(help, HasSubstr("Usage: ferry " + name)) << name;
    EXPECT_THAT(help, HasSubstr("Examples:")) << name;
    EXPECT_EQ(help.find("-n, --namespace NAME") != std::string::npos,
              (text.common & kUsesNamespace) != 0)
        << name;
    EXPECT_EQ(help.find("--output FORMAT") != std::string::npos, *text.formats != '\0') << name;
    EXPECT_EQ(help, text_of("help " + name)) << name;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  }
}

TEST(CommandLineTest, TheExamplesOfTheHelpTextsParse) {
  for (const auto& text : kCommandTexts) {
    std::istringstream lines(text.examples);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("ferry ")) parsed(line.substr(6, line.find(" >") - 6));
    }
  }
}

TEST(CommandLineTest, NothingAtAllShowsTheHelp) {
  EXPECT_EQ(text_of(""), text_of("--help"));
  EXPECT_EQ(text_of(""), text_of("help"));
  EXPECT_THAT(text_of(""), HasSubstr("completion        Print a completion script"));
}

TEST(CommandLineTest, APluginCallsItselfAsItIsCalled) {
  EXPECT_EQ(program_name("/usr/bin/kubectl-ferry"), "kubectl ferry");
  EXPECT_EQ(program_name("./ferry"), "ferry");
  const std::string help = text_of("forward --help", "kubectl ferry");
  EXPECT_THAT(help, HasSubstr("Usage: kubectl ferry forward"));
  EXPECT_THAT(help, HasSubstr("  kubectl ferry forward -f links.yaml"));
  EXPECT_THAT(help, HasSubstr("until 'kubectl ferry leave'"));
}

struct Bad {
  const char* line;
  const char* why;
  const char* fix;
};

class BadLineTest : public testing::TestWithParam<Bad> {};

TEST_P(BadLineTest, SaysWhatIsOffAndWhatToDo) {
  const auto outcome = parse_command_line("ferry", words(GetParam().line));
  ASSERT_FALSE(outcome) << GetParam().line;
  EXPECT_EQ(outcome.error().code, ErrorCode::kUsage);
  EXPECT_THAT(outcome.error().why, HasSubstr(GetParam().why));
  EXPECT_THAT(outcome.error().fix, HasSubstr(GetParam().fix));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadLineTest,
    testing::Values(
        Bad{"stauts", "no command 'stauts'", "did you mean 'status'?"},
        Bad{"xyzzy", "no command 'xyzzy'", "status, list, leave"},
        Bad{"help frward", "no command 'frward'", "did you mean 'forward'?"},
        Bad{"forward", "what to forward is missing", "ferry forward svc/app 8080:80"},
        Bad{"forward svc/app", "the ports are missing", "8080:80"},
        Bad{"forward svc/app 80 --nmespace x", "no option '--nmespace'", "'--namespace'"},
        Bad{"forward svc/app 80 --detatch=yes", "no option '--detatch'", "'--detach'"},
        Bad{"forward svc/app 80 -f x", "both a target and a file", "leave one"},
        Bad{"forward svc/app 80 --proxy-credentials d", "--proxy-addr", "add --proxy-addr"},
        Bad{"forward svc/app 80 --address", "ADDRESS", "ferry forward --help"},
        Bad{"--wrong", "no option '--wrong'", "ferry --help"},
        Bad{"status extra", "'extra' is one word too many", "ferry status --help"},
        Bad{"status -o jsn", "no output format 'jsn'", "did you mean 'json'?"},
        Bad{"ide vscod app", "no IDE 'vscod'", "did you mean 'vscode'? else use vscode or"},
        Bad{"completion bahs", "no completion for 'bahs'", "did you mean 'bash'? else use bash,"},
        Bad{"status -o xml", "no output format 'xml'", "table, wide, json, yaml or name"},
        Bad{"logs -n 3", "--namespace has no meaning for the daemon's log", "logs deploy/app"},
        Bad{"-n 3 logs", "--namespace has no meaning for the daemon's log", "logs deploy/app"},
        Bad{"logs --tail 3", "--tail has no meaning for the daemon's log", "logs deploy/app"},
        Bad{"logs deploy/app --lines 3", "--lines is for the daemon's log", "use --tail"},
        Bad{"logs deploy/app -f -p", "a run that has ended can't be followed", "leave out"},
        Bad{"-n 3 quit", "'ferry quit' has no use for --namespace", "ferry quit --help"},
        Bad{"leave 3 -o json", "no option '-o' of 'ferry leave'", "ferry leave --help"},
        Bad{"-o json leave 3", "'ferry leave' has no use for --output", "ferry leave --help"},
        Bad{"--context c quit", "has no use for --context", "ferry quit --help"},
        Bad{"status --kubeconfig k", "no option '--kubeconfig'", "ferry status --help"},
        Bad{"status -w -o yaml", "--watch shows a table, or lines of JSON", "use -o json"},
        Bad{"status -o name", "'ferry status' has no output format 'name'", "table, wide, json or"},
        Bad{"version -o wide", "no output format 'wide'", "table, json or yaml"},
        Bad{"--version -n x", "has no use for --namespace", "ferry version --help"},
        Bad{"list --kubeconfig k", "--kubeconfig has no meaning", "--swaps"},
        Bad{"list --log-level debug", "--log-level has no meaning", "--swaps"},
        Bad{"forward svc/app 80 -o yaml", "printed once", "-o json for events"},
        Bad{"swap", "what to swap is missing", "ferry swap-deployment app --expose 8081:80"},
        Bad{"swap a b", "'b' is one word too many", "ferry swap-deployment --help"},
        Bad{"swap a --", "there is no command after --", "-- ./app"},
        Bad{"swap a --run x -- y", "both --run and a command", "leave one"},
        Bad{"swap a --restart", "no command to start anew", "--run"},
        Bad{"swap a --detach -- y", "nobody to look after the command", "leave --detach out"},
        Bad{"swap a -d --mount m", "nobody to look after the files", "leave --detach out"},
        Bad{"swap a -o json -- y", "standard output is wanted twice", "-o json"},
        Bad{"swap a --env-file - -- y", "standard output is wanted twice", "'-'"},
        Bad{"swap a --env-file - --env-sh -", "standard output is wanted twice", "'-'"},
        Bad{"swap a -o yaml", "printed once", "--detach"},
        Bad{"swap a --expose", "LOCAL", "ferry swap-deployment --help"},
        Bad{"swap a --route direct", "no option '--route'", "ferry swap-deployment --help"},
        Bad{"swap a --exposed 80", "no option '--exposed'", "'--expose'"},
        Bad{"restore", "what to restore is missing", "ferry restore deploy/app"},
        Bad{"restore a -o yaml", "no output format 'yaml'", "table or json"},
        Bad{"diagnose", "what to diagnose is missing", "ferry diagnose svc/app"},
        Bad{"diagnose svc/a -o name", "no output format 'name'", "table, json or yaml"},
        Bad{"leave", "which link to end is missing", "--all"},
        Bad{"leave 3 --all", "both links and --all", "ferry list"},
        Bad{"logs --lines many", "many", "ferry logs --help"},
        Bad{"logs --lines -5", "", "ferry logs --help"},
        Bad{"exec", "where to run the command is missing", "ferry exec deploy/app -it -- sh"},
        Bad{"exec -- ls", "where to run the command is missing", "ferry exec deploy/app"},
        Bad{"exec web", "the command is missing", "-- sh"},
        Bad{"exec web --", "the command is missing", "-- sh"},
        Bad{"exec web ls", "'ls' is one word too many", "ferry exec TARGET -- ls"},
        Bad{"exec web --sdtin -- ls", "no option '--sdtin'", "'--stdin'"},
        Bad{"debug", "what to look into is missing", "ferry debug deploy/app --image busybox"},
        Bad{"debug web", "--image is missing", "--image busybox"},
        Bad{"debug web -- sh", "--image is missing", "--image busybox"},
        Bad{"debug web --image i --", "there is no command after --", "-- sh"},
        Bad{"debug web --fork", "nothing to do in the copy", "-it"},
        Bad{"debug web --frok -it", "no option '--frok'", "'--fork'"},
        Bad{"completion", "shell's name is missing", "bash, zsh or fish"},
        Bad{"completion tcsh", "no completion for 'tcsh'", "bash, zsh or fish"}));

}  // namespace
}  // namespace ferry::cli
