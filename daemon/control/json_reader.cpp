#include "daemon/control/json_reader.h"

#include <ctime>

#include "daemon/control/json.h"
#include "daemon/control/problems.h"

namespace ferry::control {
namespace {

// "2026-11-21T08:05:00.123Z", exactly as time_to_json() writes it.
std::optional<UnixMillis> parse_time(const std::string& text) {
  std::tm tm{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (rest == nullptr) return std::nullopt;
  const std::string_view fraction(rest);
  if (fraction.size() != 5 || fraction.front() != '.' || fraction.back() != 'Z')
    return std::nullopt;
  UnixMillis millis = 0;
  for (const char digit : fraction.substr(1, 3)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    millis = millis * 10 + (digit - '0');
  }
  return UnixMillis{timegm(&tm)} * 1000 + millis;
}

}  // namespace

JsonReader::JsonReader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
  if (!json.is_object()) {
    refuse(Error{problem::kJsonInvalid, "reading " + (path_.empty() ? "the JSON" : path_),
                 std::string("it is not an object but ") + json.type_name(), ""});
  }
}

std::string JsonReader::path_of(const char* key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void JsonReader::refuse(Error failure) {
  if (!failure_) failure_ = std::move(failure);
}

void JsonReader::refuse(const char* key, std::string why) {
  refuse(Error{problem::kJsonInvalid, "reading " + path_of(key), std::move(why), ""});
}

const JsonReader::Json* JsonReader::member(const char* key) {
  asked_.emplace(key);
  if (failure_) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

const JsonReader::Json* JsonReader::array(const char* key, std::size_t max_items) {
  const Json* value = member(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    refuse(key, std::string("it is not a list but ") + value->type_name());
  } else if (value->size() > max_items) {
    refuse(key, "it has more than " + std::to_string(max_items) + " items");
  }
  return failure_ ? nullptr : value;
}

const JsonReader::Json* JsonReader::object(const char* key) {
  const Json* value = member(key);
  if (value != nullptr && !value->is_object()) {
    refuse(key, std::string("it is not an object but ") + value->type_name());
  }
  return failure_ ? nullptr : value;
}

void JsonReader::text(const char* key, std::string& out, std::size_t max) {
  const Json* value = member(key);
  if (value == nullptr) return;
  const auto* string = value->get_ptr<const std::string*>();
  if (string == nullptr) {
    refuse(key, std::string("it is not a string but ") + value->type_name());
  } else if (string->size() > max) {
    refuse(key, "it is longer than " + std::to_string(max) + " bytes");
  } else if (string->find('\0') != std::string::npos) {
    refuse(key, "it holds a zero byte");
  } else {
    out = *string;
  }
}

void JsonReader::flag(const char* key, bool& out) {
  const Json* value = member(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) {
    refuse(key, std::string("it is not true or false but ") + value->type_name());
    return;
  }
  out = value->get<bool>();
}

void JsonReader::unsigned_number(const char* key, std::uint64_t& out, std::uint64_t max) {
  const Json* value = member(key);
  if (value == nullptr) return;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > max) {
    refuse(key, "it is not a whole number from 0 to " + std::to_string(max));
    return;
  }
  out = value->get<std::uint64_t>();
}

void JsonReader::texts(const char* key, std::vector<std::string>& out, std::size_t max_items,
                       std::size_t max_size) {
  const Json* items = array(key, max_items);
  if (items == nullptr) return;
  out.clear();
  for (const auto& item : *items) {
    const auto* string = item.get_ptr<const std::string*>();
    if (string == nullptr || string->size() > max_size) {
      refuse(key, "its items have to be strings of at most " + std::to_string(max_size) + " bytes");
      return;
    }
    out.push_back(*string);
  }
}

void JsonReader::time(const char* key, UnixMillis& out) {
  std::string given;
  text(key, given);
  if (given.empty()) return;
  if (const auto parsed = parse_time(given)) {
    out = *parsed;
  } else {
    refuse(key, "'" + given + "' is not a time like 2026-11-21T08:05:00.123Z");
  }
}

void JsonReader::error(const char* key, std::optional<Error>& out) {
  const Json* value = object(key);
  if (value == nullptr) return;
  auto read = error_from_json(*value);
  if (read) {
    out = std::move(*read);
  } else {
    refuse(read.error());
  }
}

void JsonReader::refuse_unknown_members() {
  if (failure_) return;
  for (const auto& [key, value] : json_.items()) {
    if (asked_.contains(key)) continue;
    refuse(key.substr(0, kMaxText).c_str(), "there is no such member");
    return;
  }
}

}  // namespace ferry::control
