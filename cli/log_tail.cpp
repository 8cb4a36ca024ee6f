#include "cli/log_tail.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "cli/problems.h"

namespace ferry::cli {
namespace {

// Logs rotate at 10 MiB; a line is rarely longer than this.
constexpr std::streamoff kBytesPerLine = 512;

ino_t inode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

std::string rest_of(std::ifstream& file) {
  std::string out;
  std::array<char, 8192> buffer{};
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  file.clear();  // the end may move
  return out;
}

}  // namespace

Result<std::string> last_lines(const std::string& path, unsigned lines) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    return fail(error == ENOENT ? problem::kLogMissing : problem::kLogUnreadable,
                "reading the daemon's log " + path, std::strerror(error),
                "it is written once ferryd has run in the background");
  }
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kBytesPerLine * (std::streamoff{lines} + 1)));
  const bool cut = file.tellg() > 0;
  std::string text = rest_of(file);
  if (cut) text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
  auto wanted = static_cast<std::size_t>(lines);
  auto start = text.size();
  while (start > 0) {
    if (text[start - 1] == '\n' && start != text.size() && --wanted == 0) break;
    --start;
  }
  return lines == 0 ? std::string() : text.substr(start);
}

void follow_file(const std::string& path, const std::function<bool(const std::string&)>& print) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  ino_t inode = inode_of(path);
  for (;;) {
    const std::string news = file ? rest_of(file) : std::string();
    if (!print(news)) return;
    const ino_t now = inode_of(path);
    if (now != 0 && (now != inode || !file)) {
      file = std::ifstream(path, std::ios::binary);
      inode = now;
      continue;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace ferry::cli
