// YAML files that people write by hand: loading them, and naming what is off with file and line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::cli {

inline constexpr std::size_t kMaxYamlFile = std::size_t{1024} * 1024;

// The whole file ("-": standard input). Errors: kNotFound, kIo, kUsage when it is too large.
Result<std::string> read_file(const std::string& path);

// Parses; file names the text in errors. Error: kUsage with line and column.
Result<YAML::Node> parse_yaml(const std::string& text, const std::string& file);

// A kUsage error at a node: "reading links.yaml, line 3".
Error yaml_error(const std::string& file, const YAML::Node& node, std::string why,
                 std::string fix = {});

// Checks that node is a map with no other keys than these.
Status check_keys(const YAML::Node& node, const std::vector<std::string>& known,
                  const std::string& file);

// A single value as text. Error: kUsage when it is a list, a map or missing.
Result<std::string> scalar_of(const YAML::Node& node, const std::string& file);

// A list of single values; a single value is a list of one.
Result<std::vector<std::string>> scalars_of(const YAML::Node& node, const std::string& file);

}  // namespace ferry::cli
