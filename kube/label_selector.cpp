#include "kube/label_selector.h"

#include <algorithm>
#include <string>

#include "kube/json_field.h"

namespace ferry::kube {
namespace {

bool fits(const Json& rule, const Json& labels) {
  const std::string key = text_field(rule, "key");
  const std::string how = text_field(rule, "operator");
  const bool there = labels.is_object() && labels.contains(key);
  if (how == "Exists") return there;
  if (how == "DoesNotExist") return !there;
  const auto& values = array_field(rule, "values");
  const bool listed =
      there && std::find(values.begin(), values.end(), labels.at(key)) != values.end();
  return how == "In" ? listed : !listed;
}

}  // namespace

bool selects(const Json& selector, const Json& labels) {
  if (!selector.is_object()) return false;
  const auto wanted = text_map_field(selector, "matchLabels");
  const auto& rules = array_field(selector, "matchExpressions");
  return std::all_of(
             wanted.begin(), wanted.end(),
             [&](const auto& one) { return text_field(labels, one.first) == one.second; }) &&
         std::all_of(rules.begin(), rules.end(),
                     [&](const Json& rule) { return fits(rule, labels); });
}

}  // namespace ferry::kube
