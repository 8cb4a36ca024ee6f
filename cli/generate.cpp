#include "cli/generate.h"

#include <filesystem>
#include <fstream>
#include <map>

#include "base/version.h"
#include "cli/command_line.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "cli/problems.h"

namespace ferry::cli {

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  return {};
}

Status write_generated_files(const std::string& directory) {
  const auto doc = describe_command_line("ferry");
  std::map<std::string, std::string> files = {{"ferry.bash", bash_completion()},
                                              {"_ferry", zsh_completion()},
                                              {"ferry.fish", fish_completion()}};
  const std::string release(version());
  files["ferry.1"] = man_page(doc, doc.main, release);
  for (const auto& command : doc.commands) {
    files["ferry-" + command.name + ".1"] = man_page(doc, command, release);
  }
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  for (const auto& [name, text] : files) {
    const std::string path = directory + "/" + name;
    std::ofstream file(path, std::ios::binary);
    file << text << std::flush;
    if (!file) return fail(problem::kFileUnwritable, "writing " + path, "it can't be written");
  }
  return {};
}

}  // namespace ferry::cli
