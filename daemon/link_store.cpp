#include "daemon/link_store.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/control/json.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} * 1024 * 1024;

Status write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::kIo, {}, std::strerror(errno));
    done += static_cast<std::size_t>(n);
  }
  return {};
}

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

Result<std::vector<StoredLink>> LinkStore::load() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::vector<StoredLink>{};
  std::ifstream file(path_);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return fail(ErrorCode::kIo, "reading " + path_, std::strerror(errno));
  auto json = control::parse_json(text, kMaxFile);
  if (json && !json->is_array()) json = fail(ErrorCode::kInvalid, {}, "not an array of links");
  if (!json) return fail(ErrorCode::kInvalid, "reading " + path_, json.error().why);
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
  const std::string part = path_ + ".part";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(ErrorCode::kIo, "writing " + part, std::strerror(errno));
  auto written = write_all(fd, json.dump(2) + "\n");
  close(fd);
  if (!written) return fail(ErrorCode::kIo, "writing " + part, written.error().why);
  if (rename(part.c_str(), path_.c_str()) != 0) {
    return fail(ErrorCode::kIo, "replacing " + path_, std::strerror(errno));
  }
  return {};
}

}  // namespace ferry::daemon
