// What the container would have had: its environment and its mounted files, as one line of JSON.
//
//   {"environment": [{"name": "A", "value": "text"}, {"name": "B", "base64": "/w=="}],
//    "files": [{"path": "/etc/app/x", "mode": 420, "base64": "..."}],
//    "leftOut": ["/etc/app/huge: larger than 1 MiB"]}
//
// A value that isn't UTF-8 comes as base64. `mode`: the permission bits. Of a mount made by the
// kubelet (secret, config map, projected, downward API) the names that its user sees are listed,
// not the directories behind them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ferry::proxy {

inline constexpr std::size_t kMaxServedFile = std::size_t{1024} * 1024;  // bytes; more is left out
inline constexpr std::size_t kMaxServedFiles = std::size_t{8} * 1024 * 1024;  // bytes, all together
inline constexpr std::size_t kMaxServedCount = 4096;                          // files

struct MountedFile {
  unsigned mode = 0;
  std::size_t size = 0;  // bytes
  std::string identity;  // changes whenever the contents may have
  bool operator==(const MountedFile&) const = default;
};

struct MountedFiles {
  std::map<std::string, MountedFile> files;  // by path
  std::vector<std::string> left_out;         // "PATH: why"
  bool operator==(const MountedFiles&) const = default;
};

// The files of all mounts, by their names, without reading them.
MountedFiles list_mounts(const std::vector<std::string>& mounts);

// The line, with its end. `environment`: "NAME=value". A file that can't be read (any more) is left
// out.
std::string describe_container(const std::vector<std::string>& environment,
                               const MountedFiles& mounted);

}  // namespace ferry::proxy
