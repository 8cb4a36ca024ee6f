// Reads the members of one JSON object with types, ranges and lengths checked. The first thing that
// is off is kept as an error; what follows is skipped, so that a list of reads stays a list.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"
#include "daemon/control/limits.h"

namespace ferry::control {

class JsonReader {
 public:
  using Json = nlohmann::json;

  // path names the object in errors ("ports[1]", empty for the outermost); json outlives the
  // reader.
  JsonReader(const Json& json, std::string path);

  // Absent and null members leave `out` as it is.
  void text(const char* key, std::string& out, std::size_t max = kMaxText);
  void flag(const char* key, bool& out);
  void texts(const char* key, std::vector<std::string>& out, std::size_t max_items,
             std::size_t max_size = kMaxText);
  void time(const char* key, UnixMillis& out);
  void error(const char* key, std::optional<Error>& out);

  template <typename Integer>
  void number(const char* key, Integer& out) {
    std::uint64_t value = out;
    unsigned_number(key, value, std::numeric_limits<Integer>::max());
    out = static_cast<Integer>(value);
  }

  // A name out of a closed list: `names` is what name_of() says of 0, 1, 2 ... `last`.
  template <typename Enum>
  void name(const char* key, Enum& out, Enum last) {
    std::string given;
    text(key, given);
    if (given.empty() || failure_) return;
    std::string known;
    for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
      const auto candidate = static_cast<Enum>(i);
      if (name_of(candidate) == given) {
        out = candidate;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(name_of(candidate));
    }
    refuse(key, "'" + given + "' is none of " + known);
  }

  // The member, or nullptr when absent or null.
  const Json* member(const char* key);
  // The member if it is an array of at most max_items; nullptr when absent or refused.
  const Json* array(const char* key, std::size_t max_items);
  const Json* object(const char* key);

  // Reads array members with read(element, path) -> Result<T>.
  template <typename T, typename Read>
  void list(const char* key, std::vector<T>& out, std::size_t max_items, Read read) {
    const Json* items = array(key, max_items);
    if (items == nullptr) return;
    out.clear();
    for (std::size_t i = 0; i < items->size() && !failure_; ++i) {
      keep((*items)[i], path_of(key) + "[" + std::to_string(i) + "]", read, out);
    }
  }

  // Reads an object member with read(object, path) -> Result of what `out` can be assigned.
  template <typename Out, typename Read>
  void nested(const char* key, Out& out, Read read) {
    const Json* value = object(key);
    if (value == nullptr) return;
    auto result = read(*value, path_of(key));
    if (result) {
      out = std::move(*result);
    } else {
      refuse(result.error());
    }
  }

  // Refuses members that none of the calls above asked for.
  void refuse_unknown_members();

  void refuse(const char* key, std::string why);
  void refuse(Error failure);
  std::string path_of(const char* key) const;
  const std::optional<Error>& failure() const { return failure_; }

  // `value`, or the failure.
  template <typename T>
  Result<T> finish(T value) const {
    if (failure_) return fail(*failure_);
    return value;
  }

 private:
  void unsigned_number(const char* key, std::uint64_t& out, std::uint64_t max);

  template <typename T, typename Read>
  void keep(const Json& json, const std::string& path, Read read, std::vector<T>& out) {
    Result<T> item = read(json, path);
    if (item) {
      out.push_back(std::move(*item));
    } else {
      refuse(item.error());
    }
  }

  const Json& json_;
  std::string path_;
  std::set<std::string, std::less<>> asked_;
  std::optional<Error> failure_;
};

}  // namespace ferry::control
