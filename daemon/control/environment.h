// Environment and files of a swapped container, as the stand-in serves them: one line of JSON,
//   {"environment":[{"name":"A","value":"text"}, {"name":"B","base64":"/w=="}],
//    "files":[{"path":"/etc/app/x","mode":420,"base64":"..."}], "leftOut":["/path: why"]}
// where base64 carries what is not UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::control {

struct Variable {
  std::string name;   // not empty, without '='
  std::string value;  // any bytes but zero

  bool operator==(const Variable&) const = default;
};

struct MountedFile {
  std::string path;        // in the container; absolute, no "." or ".." in it
  std::uint32_t mode = 0;  // permission bits
  std::string content;

  bool operator==(const MountedFile&) const = default;
};

struct PodEnvironment {
  std::vector<Variable> variables;
  std::vector<MountedFile> files;
  std::vector<std::string> left_out;  // what could not be served, and why; for people
};

inline constexpr std::size_t kMaxPodEnvironment = std::size_t{12} * 1024 * 1024;

// Error: kInvalid; it never quotes what it read, which may be secret.
Result<PodEnvironment> read_environment(std::string_view json);

}  // namespace ferry::control
