#include "cli/log_format.h"

#include <array>
#include <utility>

#include "cli/problems.h"
#include "cli/terminal.h"

namespace ferry::cli {
namespace {

// Readable on dark and light ground; the first ones differ most.
constexpr std::array<const char*, 10> kColors = {"\033[36m", "\033[33m", "\033[35m", "\033[32m",
                                                 "\033[34m", "\033[96m", "\033[93m", "\033[95m",
                                                 "\033[92m", "\033[94m"};

std::string words_of(int error, const regex_t& compiled) {
  std::array<char, 200> text{};
  regerror(error, &compiled, text.data(), text.size());
  return text.data();
}

}  // namespace

Result<LineFilter> LineFilter::make(const std::string& expression) {
  LineFilter filter;
  if (expression.empty()) return filter;
  auto compiled = std::make_unique<regex_t>();
  const int error = regcomp(compiled.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error != 0) {
    return fail(problem::kValueInvalid, "reading the expression '" + expression + "'",
                words_of(error, *compiled), "write it as for grep -E, as in --grep 'error|warn'");
  }
  filter.compiled_.reset(compiled.release());
  return filter;
}

bool LineFilter::passes(std::string_view text) const {
  if (!compiled_) return true;
  // With REG_STARTEND the text needs no zero byte at its end, and may hold some.
  regmatch_t whole{};
  whole.rm_so = 0;
  whole.rm_eo = static_cast<regoff_t>(text.size());
  return regexec(compiled_.get(), text.data(), 0, &whole, REG_STARTEND) == 0;
}

std::string LogPrefixes::pod_name(const logs::LoggedContainer& container) {
  const std::string& base = container.generate_name;
  const bool made = !base.empty() && container.pod.size() > base.size();
  if (pods_ != Pods::kShort || !made || !container.pod.starts_with(base)) return container.pod;
  std::string name = container.pod.substr(base.size());
  const auto [taken, free] = taken_.try_emplace(name, container.pod);
  return taken->second == container.pod ? name : container.pod;
}

const std::string& LogPrefixes::of(const logs::LoggedContainer& container) {
  const auto [made, fresh] = made_.try_emplace({container.pod, container.name});
  if (!fresh) return made->second;
  const bool named = containers_ && !container.alone;
  std::string& prefix = made->second;
  if (pods_ != Pods::kLeaveOut) prefix = pod_name(container);
  if (named) prefix += (prefix.empty() ? "" : "/") + container.name;
  return prefix;
}

const char* LogFormat::color_of(const std::string& prefix) {
  const auto [found, fresh] = colors_.try_emplace(prefix, kColors[colors_.size() % kColors.size()]);
  return found->second;
}

std::string LogFormat::line(const logs::LogLine& line) {
  std::string out;
  const std::string& prefix = prefixes_.of(line.from);
  if (!prefix.empty()) {
    out += color_ ? color_of(prefix) + prefix + kPlain : prefix;
    out += " | ";
  }
  if (timestamps_ && !line.time.empty()) out.append(line.time).append(" ");
  out.append(line.text);
  if (line.cut) out += " [cut: longer than " + std::to_string(logs::kLongestLine / 1024) + " KiB]";
  return out + "\n";
}

}  // namespace ferry::cli
