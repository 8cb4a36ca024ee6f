#include "tests/cli/schema_check.h"

#include <regex.h>

#include <algorithm>
#include <fstream>

namespace ferry::cli {
namespace {

using nlohmann::json;

class Checker {
 public:
  explicit Checker(const json& root) : root_(root) {}

  std::string check(const json& schema, const json& value, const std::string& at) const {
    for (const auto& [keyword, rule] : schema.items()) {
      if (auto complaint = apply(keyword, rule, schema, value, at); !complaint.empty()) {
        return complaint;
      }
    }
    return {};
  }

 private:
  static bool is_type(const json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return value.type_name() == type;
  }

  std::string apply(const std::string& keyword, const json& rule, const json& schema,
                    const json& value, const std::string& at) const {
    if (keyword == "$ref") return check(resolve(rule), value, at);
    if (keyword == "type") return check_type(rule, value, at);
    if (keyword == "enum") {
      return std::find(rule.begin(), rule.end(), value) == rule.end() ? at + ": not in enum" : "";
    }
    if (keyword == "anyOf") return check_any(rule, value, at);
    if (keyword == "required") return check_required(rule, value, at);
    if (keyword == "properties") return check_properties(rule, value, at);
    if (keyword == "additionalProperties") return check_additional(rule, schema, value, at);
    if (keyword == "items") return check_items(rule, value, at);
    if (keyword == "pattern") return check_pattern(rule, value, at);
    if (keyword == "minimum") return value.is_number() && value < rule ? at + ": too small" : "";
    if (keyword == "maximum") return value.is_number() && value > rule ? at + ": too large" : "";
    if (keyword == "minItems") return value.size() < rule ? at + ": too short" : "";
    if (keyword == "maxItems") return value.size() > rule ? at + ": too long" : "";
    const bool words = keyword == "description" || keyword == "title" || keyword == "$schema" ||
                       keyword == "$defs";
    return words ? "" : "the schema has an unknown keyword " + keyword;
  }

  // POSIX's extended expressions, as far as the schemas use any. (std::regex does not compile under
  // GCC 12's sanitizers with warnings as errors.)
  static std::string check_pattern(const json& rule, const json& value, const std::string& at) {
    if (!value.is_string()) return {};
    regex_t pattern;
    if (regcomp(&pattern, rule.get<std::string>().c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
      return "the schema has a bad pattern " + rule.dump();
    }
    const bool fits = regexec(&pattern, value.get<std::string>().c_str(), 0, nullptr, 0) == 0;
    regfree(&pattern);
    return fits ? "" : at + ": does not match";
  }

  const json& resolve(const json& rule) const {
    return root_.at(json::json_pointer(rule.get<std::string>().substr(1)));
  }

  std::string check_type(const json& rule, const json& value, const std::string& at) const {
    const json types = rule.is_array() ? rule : json::array({rule});
    const bool fine = std::any_of(types.begin(), types.end(),
                                  [&](const json& type) { return is_type(value, type); });
    return fine ? "" : at + ": has the type " + value.type_name();
  }

  std::string check_any(const json& rule, const json& value, const std::string& at) const {
    std::string last;
    for (const auto& option : rule) {
      last = check(option, value, at);
      if (last.empty()) return {};
    }
    return last;
  }

  std::string check_required(const json& rule, const json& value, const std::string& at) const {
    if (!value.is_object()) return {};
    for (const auto& name : rule) {
      if (!value.contains(name.get<std::string>())) return at + ": misses " + name.dump();
    }
    return {};
  }

  std::string check_properties(const json& rule, const json& value, const std::string& at) const {
    if (!value.is_object()) return {};
    for (const auto& [name, schema] : rule.items()) {
      if (!value.contains(name)) continue;
      if (auto complaint = check(schema, value[name], at + "." + name); !complaint.empty()) {
        return complaint;
      }
    }
    return {};
  }

  std::string check_additional(const json& rule, const json& schema, const json& value,
                               const std::string& at) const {
    if (!value.is_object()) return {};
    const json known = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items()) {
      if (known.contains(name)) continue;
      if (rule.is_boolean() && !rule.get<bool>()) return at + ": has an unknown member " + name;
      if (rule.is_boolean()) continue;
      if (auto complaint = check(rule, member, at + "." + name); !complaint.empty()) {
        return complaint;
      }
    }
    return {};
  }

  std::string check_items(const json& rule, const json& value, const std::string& at) const {
    if (!value.is_array()) return {};
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto complaint = check(rule, value[i], at + "[" + std::to_string(i) + "]");
      if (!complaint.empty()) return complaint;
    }
    return {};
  }

  const json& root_;
};

}  // namespace

std::string schema_complaint(const std::string& schema_file, const std::string& definition,
                             const nlohmann::json& value) {
  std::ifstream file(schema_file);
  if (!file) return "no schema " + schema_file;
  const json root = json::parse(file);
  const json& schema = definition.empty() ? root : root.at("$defs").at(definition);
  return Checker(root).check(schema, value, "$");
}

}  // namespace ferry::cli
