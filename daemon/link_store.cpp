#include "daemon/link_store.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/control/json.h"
#include "daemon/private_file.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} * 1024 * 1024;

std::optional<StoredLink> read_entry(const control::Json& entry) {
  if (!entry.is_object() || !entry.contains("id") || !entry["id"].is_string() ||
      !entry.contains("spec")) {
    return {};
  }
  auto spec = control::link_spec_from_json(entry["spec"]);
  if (!spec) {
    spdlog::warn("a stored link is left out: {}", spec.error().summary());
    return {};
  }
  return StoredLink{entry["id"].get<std::string>(), std::move(*spec)};
}

}  // namespace

Error LinkStore::set_aside(const std::string& why) const {
  const std::string aside = path_ + ".bad";
  Error error{ErrorCode::kInvalid, "reading " + path_, why, {}};
  if (std::rename(path_.c_str(), aside.c_str()) == 0) {
    error.fix = "it was moved to " + aside + ": mend it there, or make the links anew";
  }
  return error;
}

Result<std::vector<StoredLink>> LinkStore::load() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::vector<StoredLink>{};
  std::ifstream file(path_);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return fail(ErrorCode::kIo, "reading " + path_, std::strerror(errno));
  auto json = control::parse_json(text, kMaxFile);
  if (json && !json->is_array()) json = fail(ErrorCode::kInvalid, {}, "not an array of links");
  if (!json) return fail(set_aside(json.error().why));
  std::vector<StoredLink> links;
  for (const auto& entry : *json) {
    if (auto link = read_entry(entry)) links.push_back(std::move(*link));
  }
  return links;
}

Status LinkStore::save(const std::vector<StoredLink>& links) const {
  auto json = control::Json::array();
  for (const StoredLink& link : links) {
    json.push_back(
        {{"id", link.id}, {"spec", to_json(link.spec, control::Include::kNoEnvironment)}});
  }
  return write_private_file(path_, json.dump(2) + "\n");
}

}  // namespace ferry::daemon
