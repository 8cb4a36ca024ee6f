#include "daemon/link_store.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "daemon/control/json.h"
#include "daemon/private_file.h"
#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} * 1024 * 1024;

Result<control::LinkSpec> read_spec(const control::Json& json, const control::LinkSpec*) {
  return control::link_spec_from_json(json);
}

Result<control::SwapSpec> read_spec(const control::Json& json, const control::SwapSpec*) {
  return control::swap_spec_from_json(json);
}

template <typename Spec>
std::optional<Stored<Spec>> read_entry(const control::Json& entry) {
  if (!entry.is_object() || !entry.contains("id") || !entry["id"].is_string() ||
      !entry.contains("spec")) {
    return {};
  }
  auto spec = read_spec(entry["spec"], static_cast<const Spec*>(nullptr));
  if (!spec) {
    spdlog::warn("a stored link is left out: {}", spec.error().summary());
    return {};
  }
  return Stored<Spec>{entry["id"].get<std::string>(), std::move(*spec)};
}

}  // namespace

template <typename Spec>
Error SpecStore<Spec>::set_aside(const std::string& why) const {
  const std::string aside = path_ + ".bad";
  Error error{problem::kLinksMalformed, "reading " + path_, why, {}};
  if (std::rename(path_.c_str(), aside.c_str()) == 0) {
    error.fix = "it was moved to " + aside + ": mend it there, or make the links anew";
  }
  return error;
}

template <typename Spec>
Result<std::vector<Stored<Spec>>> SpecStore<Spec>::load() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::vector<Stored<Spec>>{};
  std::ifstream file(path_);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return fail(problem::kStateUnreadable, "reading " + path_, std::strerror(errno));
  auto json = control::parse_json(text, kMaxFile);
  if (json && !json->is_array()) json = fail(problem::kLinksMalformed, {}, "not an array of links");
  if (!json) return fail(set_aside(json.error().why));
  std::vector<Stored<Spec>> entries;
  for (const auto& entry : *json) {
    if (auto read = read_entry<Spec>(entry)) entries.push_back(std::move(*read));
  }
  return entries;
}

template <typename Spec>
Status SpecStore<Spec>::save(const std::vector<Stored<Spec>>& entries) const {
  auto json = control::Json::array();
  for (const auto& [id, spec] : entries) {
    json.push_back({{"id", id}, {"spec", to_json(spec, control::Include::kNoEnvironment)}});
  }
  return write_private_file(path_, json.dump(2) + "\n");
}

template class SpecStore<control::LinkSpec>;
template class SpecStore<control::SwapSpec>;

}  // namespace ferry::daemon
