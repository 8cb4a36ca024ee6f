#include "in-cluster-proxy/container_context.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "net/http_head.h"

namespace ferry::proxy {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 16;  // symbolic links may lead in circles

std::string mebibytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

class Listing {
 public:
  void add(const std::string& path, int depth = 0) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return leave_out(path, std::strerror(errno));
    if (S_ISDIR(found.st_mode)) return add_directory(path, depth);
    if (!S_ISREG(found.st_mode)) return leave_out(path, "not a regular file");
    const auto size = static_cast<std::size_t>(found.st_size);
    if (size > kMaxServedFile) return leave_out(path, "larger than " + mebibytes(kMaxServedFile));
    if (listed_.files.count(path) != 0) return;
    if (total_ + size > kMaxServedFiles || listed_.files.size() >= kMaxServedCount) {
      return leave_out(path, "more than " + mebibytes(kMaxServedFiles) + " or " +
                                 std::to_string(kMaxServedCount) + " files in all");
    }
    if (!is_utf8(path)) return leave_out(net::base64(as_bytes(path)), "a name that isn't UTF-8");
    total_ += size;
    listed_.files[path] = {found.st_mode & 07777U, size, identity_of(found)};
  }

  MountedFiles take() { return std::move(listed_); }

 private:
  void add_directory(const std::string& path, int depth) {
    if (depth >= kMaxDepth) return leave_out(path, "too deep");
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), closedir);
    if (!directory) return leave_out(path, std::strerror(errno));
    std::vector<std::string> names;
    while (const dirent* entry = readdir(directory.get())) {
      const std::string name = entry->d_name;
      // ".", "..", and what the kubelet swaps when it brings new contents ("..data").
      if (name != "." && name.substr(0, 2) != "..") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      add(path + (path.back() == '/' ? "" : "/") + name, depth + 1);
    }
  }

  void leave_out(const std::string& path, const std::string& why) {
    if (listed_.left_out.size() < kMaxServedCount) listed_.left_out.push_back(path + ": " + why);
  }

  static std::string identity_of(const struct stat& found) {
    return std::to_string(found.st_dev) + ' ' + std::to_string(found.st_ino) + ' ' +
           std::to_string(found.st_mtim.tv_sec) + '.' + std::to_string(found.st_mtim.tv_nsec) +
           ' ' + std::to_string(found.st_ctim.tv_sec) + '.' + std::to_string(found.st_ctim.tv_nsec);
  }

  MountedFiles listed_;
  std::size_t total_ = 0;
};

// No more than was listed, should it have grown meanwhile.
std::optional<std::string> read_mounted(const std::string& path, std::size_t size) {
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

void add_variable(Json& to, Json& left_out, const std::string& entry) {
  const auto equals = entry.find('=');
  const std::string name = entry.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : entry.substr(equals + 1);
  if (!is_utf8(name)) {
    left_out.push_back(net::base64(as_bytes(name)) + ": a variable whose name isn't UTF-8");
  } else if (is_utf8(value)) {
    to.push_back({{"name", name}, {"value", value}});
  } else {
    to.push_back({{"name", name}, {"base64", net::base64(as_bytes(value))}});
  }
}

}  // namespace

MountedFiles list_mounts(const std::vector<std::string>& mounts) {
  Listing listing;
  for (const std::string& mount : mounts) listing.add(mount);
  return listing.take();
}

std::string describe_container(const std::vector<std::string>& environment,
                               const MountedFiles& mounted) {
  Json files = Json::array();
  Json variables = Json::array();
  Json left_out = Json::array();
  for (const std::string& entry : environment) add_variable(variables, left_out, entry);
  for (const std::string& text : mounted.left_out) left_out.push_back(text);
  for (const auto& [path, file] : mounted.files) {
    if (const auto text = read_mounted(path, file.size)) {
      files.push_back(
          {{"path", path}, {"mode", file.mode}, {"base64", net::base64(as_bytes(*text))}});
    } else {
      left_out.push_back(path + ": " + std::strerror(errno));
    }
  }
  const Json all = {{"environment", variables}, {"files", files}, {"leftOut", left_out}};
  return all.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace ferry::proxy
