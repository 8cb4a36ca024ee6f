// Any bytes as the line in which a proxy tells a container's environment and files: what is
// accepted can be put into a process and below a directory without leading anywhere else, and an
// error quotes nothing of a value.
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "daemon/control/environment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ferry::control;
  const auto read = read_environment({reinterpret_cast<const char*>(data), size});
  if (!read) {
    if (read.error().why.empty()) std::abort();
    return 0;
  }
  for (const Variable& variable : read->variables) {
    if (variable.name.empty() || variable.name.find('=') != std::string::npos) std::abort();
    if ((variable.name + variable.value).find('\0') != std::string::npos) std::abort();
  }
  for (const MountedFile& file : read->files) {
    const std::filesystem::path below = "/mount" + file.path;
    if (below.lexically_normal() != below || file.path.find('\0') != std::string::npos)
      std::abort();
    if (below.string().rfind("/mount/", 0) != 0 || (file.mode & ~0777U) != 0) std::abort();
  }
  return 0;
}
