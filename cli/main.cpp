#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/forward_specs.h"
#include "cli/terminal.h"

namespace {

int run(const std::string& program, const std::vector<std::string>& args) {
  using namespace ferry::cli;  // NOLINT: all of this file is about it
  const auto parsed = parse_command_line(program, args);
  const bool plain = !parsed || !parsed->invocation || parsed->invocation->no_color;
  Terminal terminal(std::cout, std::cerr, detect_terminal(plain && parsed.has_value()));
  if (!parsed) {
    terminal.error(parsed.error());
    return exit_code_of(parsed.error().code);
  }
  if (!parsed->invocation) {
    terminal.print(parsed->text);
    return kExitDone;
  }
  const auto& invocation = *parsed->invocation;
  const std::string level = invocation.verbose ? "debug" : "warning";
  if (const auto log = ferry::init_log({.level = level}); !log) {
    terminal.error(log.error());
    return kExitFailed;
  }
  std::error_code error;
  const Surroundings surroundings{
      .get_env = ferry::control::process_env,
      .environment = utf8_environment(environ),
      .whole_environment = whole_environment(environ),
      .working_directory = std::filesystem::current_path(error).string()};
  return run_command(invocation, terminal, surroundings);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone makes a write fail, that is enough
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  return run(ferry::cli::program_name(argc > 0 ? argv[0] : "ferry"), args);
}
