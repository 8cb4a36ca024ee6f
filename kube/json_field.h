// Reading fields of JSON that others wrote: absent, null and of another type all read as empty.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ferry::kube {

// The value of a key, or a null that lives for ever.
const nlohmann::json& field(const nlohmann::json& object, std::string_view key);

std::string text_field(const nlohmann::json& object, std::string_view key);
bool bool_field(const nlohmann::json& object, std::string_view key, bool otherwise);
// `otherwise` also for what is outside of [lowest, highest].
std::int64_t int_field(const nlohmann::json& object, std::string_view key, std::int64_t lowest,
                       std::int64_t highest, std::int64_t otherwise);
std::uint16_t port_field(const nlohmann::json& object, std::string_view key);
// The items of an array; empty for anything else.
const nlohmann::json::array_t& array_field(const nlohmann::json& object, std::string_view key);
// An object whose values are texts; others are left out.
std::map<std::string, std::string> text_map_field(const nlohmann::json& object,
                                                  std::string_view key);

// Of `status.conditions`, the one of this type; a null when there is none.
const nlohmann::json& condition(const nlohmann::json& object, std::string_view type);

}  // namespace ferry::kube
