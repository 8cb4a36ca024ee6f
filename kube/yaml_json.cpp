#include "kube/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "kube/problems.h"

namespace ferry::kube {
namespace {

using Json = nlohmann::json;

struct Budget {
  int nodes = 10'000;
};

Json scalar_to_json(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true") return true;
  if (text == "false") return false;
  // Numbers look the same in both; texts that JSON can't parse stay texts.
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_number() ? parsed : Json(text);
}

// False when the budget is used up.
bool convert(const YAML::Node& node, int levels, Budget& budget, Json& out) {
  if (levels == 0 || --budget.nodes < 0) return false;
  if (node.IsScalar()) out = scalar_to_json(node);
  if (node.IsSequence()) {
    out = Json::array();
    for (const auto& item : node) {
      Json& place = out.emplace_back();
      if (!convert(item, levels - 1, budget, place)) return false;
    }
  }
  if (node.IsMap()) {
    out = Json::object();
    for (const auto& item : node) {
      if (!item.first.IsScalar()) return false;
      if (!convert(item.second, levels - 1, budget, out[item.first.Scalar()])) return false;
    }
  }
  return true;
}

}  // namespace

Result<std::string> yaml_to_json(const YAML::Node& node) {
  Budget budget;
  Json out;
  if (node.IsDefined() && !convert(node, 64, budget, out)) {
    return fail(problem::kValueMalformed, "",
                "is too large or too deep, or has keys that aren't texts");
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ferry::kube
