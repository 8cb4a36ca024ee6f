// How lines of logs are shown: which of them, and what stands before them.
#pragma once

#include <regex.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/logs/read_log.h"

namespace ferry::cli {

// A POSIX extended regular expression, as grep -E takes it. Unlike std::regex, it needs no stack
// that grows with the line.
class LineFilter {
 public:
  // Empty: every line passes. Error: kUsage.
  static Result<LineFilter> make(const std::string& expression);

  bool passes(std::string_view text) const;

 private:
  struct Free {
    void operator()(regex_t* compiled) const {
      regfree(compiled);
      delete compiled;
    }
  };
  std::unique_ptr<regex_t, Free> compiled_;  // null: every line passes
};

// Where a line comes from, as short as is unambiguous: "x2x8d/app".
class LogPrefixes {
 public:
  enum class Pods { kLeaveOut, kShort, kWhole };

  // `containers`: name them, where a pod has several.
  LogPrefixes(Pods pods, bool containers) : pods_(pods), containers_(containers) {}

  // Empty when nothing is to be told apart. The same for the same container, always.
  const std::string& of(const logs::LoggedContainer& container);

 private:
  std::string pod_name(const logs::LoggedContainer& container);

  const Pods pods_;
  const bool containers_;
  std::map<std::string, std::string> taken_;                         // short name -> pod
  std::map<std::pair<std::string, std::string>, std::string> made_;  // (pod, container) -> prefix
};

// Lines as they are printed; each prefix has a colour of its own, for as many as there are.
class LogFormat {
 public:
  LogFormat(LogPrefixes prefixes, bool timestamps, bool color)
      : prefixes_(std::move(prefixes)), timestamps_(timestamps), color_(color) {}

  // With its line feed.
  std::string line(const logs::LogLine& line);

 private:
  const char* color_of(const std::string& prefix);

  LogPrefixes prefixes_;
  const bool timestamps_;
  const bool color_;
  std::map<std::string, const char*> colors_;
};

}  // namespace ferry::cli
