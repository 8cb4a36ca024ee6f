#include "cli/bundle.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "cli/private_file.h"
#include "cli/problems.h"
#include "cli/redact.h"
#include "cli/settings.h"
#include "kube/process.h"

namespace ferry::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "ferry-bundle";
constexpr std::streamoff kMostOfAFile = std::streamoff{1} << 20;

constexpr std::array<std::string_view, 8> kVariables = {
    "KUBECONFIG", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PATH", "LANG", "TERM", "SHELL"};

// The end of it; from the beginning of a line. A key that is cut in two would not be known as one.
std::string end_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kMostOfAFile));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (size > kMostOfAFile) text.erase(0, text.find('\n') + 1);
  return text;
}

bool matters(const std::string& name) {
  std::string capital = name;
  std::transform(capital.begin(), capital.end(), capital.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return capital.starts_with("FERRY_") || capital.starts_with("XDG_") ||
         std::find(kVariables.begin(), kVariables.end(), capital) != kVariables.end();
}

// A directory of our own, gone with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::error_code ignored;
    path_ = (fs::temp_directory_path(ignored) / "ferry-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) error_ = errno;  // mode 0700
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (error_ == 0) fs::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  int error() const { return error_; }

 private:
  std::string path_;
  int error_ = 0;
};

}  // namespace

std::map<std::string, std::string> bundle_contents(const control::Paths& paths,
                                                   const control::GetEnv& get_env,
                                                   const kube::Environment& environment) {
  std::map<std::string, std::string> contents;
  const auto add = [&](const std::string& name, const std::string& text) {
    if (!text.empty()) contents[name] = redacted(text);
  };
  add("ferryd.log", end_of(paths.log_file));
  add("links.json", end_of(paths.links_file));
  add("swaps.json", end_of(paths.swaps_file));
  add("config.yaml", end_of(settings_path(get_env)));
  std::string variables;
  for (const auto& [name, value] : environment) {
    if (matters(name)) variables += name + "=" + value + "\n";
  }
  add("environment.txt", variables);
  return contents;
}

Status write_bundle(const std::string& file, const std::map<std::string, std::string>& contents,
                    const kube::Environment& environment) {
  const std::string what = "writing " + file;
  const TemporaryDirectory temporary;
  if (temporary.error() != 0) {
    return fail(problem::kFileUnwritable, what,
                temporary.path() + ": " + std::strerror(temporary.error()));
  }
  const fs::path folder = fs::path(temporary.path()) / kFolder;
  std::error_code ignored;
  fs::create_directory(folder, ignored);
  for (const auto& [name, text] : contents) {
    if (const auto written = write_private_file((folder / name).string(), text); !written) {
      return written;
    }
  }
  // tar keeps the mode of a file that is there.
  if (const auto made = write_private_file(file, ""); !made) return made;
  std::string complaint;
  const kube::ProcessSpec tar{
      .command = "tar",
      // A name with a colon is another machine's to tar, unless a slash comes before it.
      .args = {"-czf", fs::absolute(file, ignored).string(), "-C", temporary.path(), "--owner=0",
               "--group=0", kFolder},
      .environment = environment,
      .on_error_output = [&](std::string_view words) { complaint += words; }};
  const kube::CancelToken never;
  const auto packed = kube::run_process(tar, never);
  if (!packed) return fail(packed.error());
  if (packed->exit_code == 0) return {};
  return fail(problem::kFileUnwritable, what, "tar: " + complaint, "");
}

}  // namespace ferry::cli
