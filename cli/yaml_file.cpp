#include "cli/yaml_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/suggest.h"
#include "cli/problems.h"

namespace ferry::cli {
namespace {

Result<std::string> read_stream(std::istream& in, const std::string& path) {
  std::string text(kMaxYamlFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return fail(problem::kFileUnreadable, "reading " + path, std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxYamlFile) {
    return fail(problem::kFileInvalid, "reading " + path, "it is larger than 1 MiB");
  }
  return text;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    return fail(error == ENOENT ? problem::kFileMissing : problem::kFileUnreadable,
                "reading " + path, std::strerror(error), "check the path");
  }
  return read_stream(file, path);
}

Result<YAML::Node> parse_yaml(const std::string& text, const std::string& file) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& e) {
    const auto line = std::to_string(e.mark.line + 1);
    return fail(problem::kFileInvalid, "reading " + file + ", line " + line, e.msg,
                "it has to be YAML or JSON");
  }
}

Error yaml_error(const std::string& file, const YAML::Node& node, std::string why,
                 std::string fix) {
  std::string what = "reading " + file;
  if (!node.Mark().is_null()) what += ", line " + std::to_string(node.Mark().line + 1);
  return {problem::kFileInvalid, std::move(what), std::move(why), std::move(fix)};
}

Status check_keys(const YAML::Node& node, const std::vector<std::string>& known,
                  const std::string& file) {
  if (!node.IsMap()) {
    return fail(yaml_error(file, node, "here a map is expected", "its keys: " + one_of(known)));
  }
  for (const auto& entry : node) {
    auto key = scalar_of(entry.first, file);
    if (!key) return fail(key.error());
    if (std::find(known.begin(), known.end(), *key) != known.end()) continue;
    const std::string hint = did_you_mean(*key, known);
    return fail(yaml_error(file, entry.first, "there is no key '" + *key + "' here",
                           hint.empty() ? "the keys are " + one_of(known) : hint));
  }
  return {};
}

Result<std::string> scalar_of(const YAML::Node& node, const std::string& file) {
  if (!node.IsScalar()) return fail(yaml_error(file, node, "here a single value is expected"));
  return node.Scalar();
}

Result<std::vector<std::string>> scalars_of(const YAML::Node& node, const std::string& file) {
  std::vector<std::string> values;
  if (node.IsScalar()) return std::vector{node.Scalar()};
  if (!node.IsSequence()) return fail(yaml_error(file, node, "here a list is expected"));
  for (const auto& item : node) {
    auto value = scalar_of(item, file);
    if (!value) return fail(value.error());
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace ferry::cli
