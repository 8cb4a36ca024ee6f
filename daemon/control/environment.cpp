#include "daemon/control/environment.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64.h"
#include "daemon/control/problems.h"

namespace ferry::control {
namespace {

using Json = nlohmann::json;

constexpr const char* kWhat = "reading the container's environment";

tl::unexpected<Error> refused(std::string why) {
  return fail(problem::kEnvironmentInvalid, kWhat, std::move(why), "is the proxy of this version?");
}

const std::string* text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

const Json* list_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

std::optional<std::string> bytes_of(const Json& object, const char* text_key) {
  if (const auto* text = text_member(object, text_key)) return *text;
  const auto* encoded = text_member(object, "base64");
  return encoded == nullptr ? std::nullopt : base64_decoded(*encoded);
}

bool is_absolute(const std::string& path) {
  if (path.size() < 2 || path.front() != '/' || path.find('\0') != std::string::npos) return false;
  for (std::size_t start = 1; start <= path.size();) {
    const auto slash = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, slash - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = slash + 1;
  }
  return true;
}

Result<Variable> variable_of(const Json& json) {
  const auto* name = json.is_object() ? text_member(json, "name") : nullptr;
  if (name == nullptr || name->empty() || name->find('=') != std::string::npos ||
      name->find('\0') != std::string::npos) {
    return refused("a variable has no proper name");
  }
  auto value = bytes_of(json, "value");
  if (!value || value->find('\0') != std::string::npos) {
    return refused("the variable '" + *name + "' has no proper value");
  }
  return Variable{*name, std::move(*value)};
}

Result<MountedFile> file_of(const Json& json) {
  const auto* path = json.is_object() ? text_member(json, "path") : nullptr;
  if (path == nullptr || !is_absolute(*path)) {
    return refused("a file has no path, or one that leads astray");
  }
  auto content = bytes_of(json, "text");
  if (!content) return refused("the file '" + *path + "' has no proper content");
  MountedFile file{.path = *path, .content = std::move(*content)};
  const auto mode = json.find("mode");
  if (mode != json.end() && mode->is_number_unsigned()) {
    file.mode = static_cast<std::uint32_t>(mode->get<std::uint64_t>() & 0777U);
  }
  return file;
}

template <typename T, typename Read>
Status read_list(const Json& json, const char* key, std::vector<T>& out, Read read) {
  const Json* items = list_member(json, key);
  if (items == nullptr) return {};
  for (const auto& item : *items) {
    Result<T> value = read(item);
    if (!value) return fail(value.error());
    out.push_back(std::move(*value));
  }
  return {};
}

}  // namespace

Result<PodEnvironment> read_environment(std::string_view json) {
  if (json.size() > kMaxPodEnvironment) return refused("it is too large");
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return refused("it is no JSON object");
  PodEnvironment environment;
  if (auto read = read_list(parsed, "environment", environment.variables, variable_of); !read) {
    return fail(read.error());
  }
  if (auto read = read_list(parsed, "files", environment.files, file_of); !read) {
    return fail(read.error());
  }
  if (const Json* left_out = list_member(parsed, "leftOut")) {
    for (const auto& line : *left_out) {
      if (const auto* text = line.get_ptr<const std::string*>()) {
        environment.left_out.push_back(*text);
      }
    }
  }
  return environment;
}

}  // namespace ferry::control
