#include "cli/kube_context.h"

#include <sstream>
#include <vector>

#include "cli/yaml_file.h"

namespace ferry::cli {
namespace {

std::string context_in(const std::string& path) {
  const auto text = read_file(path);
  const auto root = text ? parse_yaml(*text, path) : fail(text.error());
  if (!root || !root->IsMap()) return {};
  const auto node = (*root)["current-context"];
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

std::vector<std::string> files(const std::string& flag, const control::GetEnv& get_env) {
  if (!flag.empty()) return {flag};
  const auto list = get_env("KUBECONFIG");
  if (!list || list->empty()) return {get_env("HOME").value_or("") + "/.kube/config"};
  std::vector<std::string> paths;
  std::istringstream in(*list);
  for (std::string path; std::getline(in, path, ':');) {
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

}  // namespace

std::string current_context(const std::string& kubeconfig_flag, const control::GetEnv& get_env) {
  for (const auto& path : files(kubeconfig_flag, get_env)) {
    auto context = context_in(path);
    if (!context.empty()) return context;
  }
  return {};
}

}  // namespace ferry::cli
