// Log set-up, shared by the executables. Libraries log through spdlog's default logger.
#pragma once

#include <string>

#include "base/result.h"

namespace ferry {

enum class LogFormat : std::uint8_t { kText, kJson };

struct LogOptions {
  std::string level = "info";           // trace, debug, info, warning, error, critical, off
  LogFormat format = LogFormat::kText;  // kJson: one object a line: time, level, message
  std::string file;                     // empty: stderr
  std::size_t rotate_bytes = std::size_t{10} * 1024 * 1024;
  std::size_t rotate_files = 3;
};

// Installs the process's default logger. Errors: kInvalid (no such level), kIo (file can't be
// opened).
Status init_log(const LogOptions& options);

}  // namespace ferry
