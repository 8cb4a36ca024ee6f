// The values of flags that are more than text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"

namespace ferry::proxy {

// "250ms", "90s", "15m", "4h", "0". Error: kInvalid, naming the flag.
Result<Duration> parse_duration(const std::string& flag, const std::string& text);

// "512KiB", "96MiB", "1GiB". Error: kInvalid, naming the flag.
Result<std::size_t> parse_size(const std::string& flag, const std::string& text);

// Runs a row of readings and keeps the first error.
class Readings {
 public:
  template <typename T>
  void take(T& place, Result<T> read) {
    if (read) {
      place = std::move(*read);
    } else if (!error_) {
      error_ = std::move(read.error());
    }
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace ferry::proxy
