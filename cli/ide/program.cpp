#include "cli/ide/program.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command_checks.h"
#include "cli/utf8.h"

namespace ferry::cli::ide {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_of(const std::string& folder,
                                    std::initializer_list<const char*> names) {
  std::error_code ignored;
  for (const auto* name : names) {
    if (fs::is_regular_file(fs::path(folder) / name, ignored)) return name;
  }
  return std::nullopt;
}

// "main" of package.json: https://docs.npmjs.com/cli/configuring-npm/package-json#main
std::optional<std::string> main_of_package(const std::string& folder) {
  std::ifstream in(fs::path(folder) / "package.json", std::ios::binary);
  std::string text(std::size_t{1} << 20, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("main") || !json["main"].is_string()) return std::nullopt;
  return json["main"].get<std::string>();
}

}  // namespace

Result<std::string> program_of(Language language, const std::string& given,
                               const std::string& folder) {
  if (!given.empty()) return given;
  std::optional<std::string> found;
  const char* example = "";
  switch (language) {
    case Language::kGo: return std::string(".");
    case Language::kCpp:
    case Language::kJava: return std::string();
    case Language::kPython:
      found = first_of(folder, {"main.py", "app.py", "manage.py", "src/main.py"});
      example = "--program FILE.py, or --program MODULE";
      break;
    case Language::kNode:
      found = main_of_package(folder);
      if (!found) found = first_of(folder, {"server.js", "index.js", "app.js", "main.js"});
      example = "--program FILE.js";
      break;
  }
  if (found) return *found;
  return fail(usage_error("which program to debug can't be told from " + folder,
                          std::string("say it: ") + example));
}

}  // namespace ferry::cli::ide
