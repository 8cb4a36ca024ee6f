#include "kube/json_field.h"

namespace ferry::kube {

using Json = nlohmann::json;

const Json& field(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string text_field(const Json& object, std::string_view key) {
  const Json& value = field(object, key);
  return value.is_string() ? value.get_ref<const std::string&>() : std::string();
}

bool bool_field(const Json& object, std::string_view key, bool otherwise) {
  const Json& value = field(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

std::int64_t int_field(const Json& object, std::string_view key, std::int64_t lowest,
                       std::int64_t highest, std::int64_t otherwise) {
  const Json& value = field(object, key);
  if (!value.is_number_integer()) return otherwise;
  const auto number = value.get<std::int64_t>();
  return number < lowest || number > highest ? otherwise : number;
}

std::uint16_t port_field(const Json& object, std::string_view key) {
  return static_cast<std::uint16_t>(int_field(object, key, 1, 65535, 0));
}

const Json::array_t& array_field(const Json& object, std::string_view key) {
  static const Json::array_t kEmpty;
  const Json& value = field(object, key);
  return value.is_array() ? value.get_ref<const Json::array_t&>() : kEmpty;
}

std::map<std::string, std::string> text_map_field(const Json& object, std::string_view key) {
  std::map<std::string, std::string> out;
  const Json& value = field(object, key);
  if (!value.is_object()) return out;
  for (const auto& [name, text] : value.items()) {
    if (text.is_string()) out.emplace(name, text.get<std::string>());
  }
  return out;
}

const Json& condition(const Json& object, std::string_view type) {
  for (const Json& item : array_field(field(object, "status"), "conditions")) {
    if (text_field(item, "type") == type) return item;
  }
  return field(object, "");
}

}  // namespace ferry::kube
