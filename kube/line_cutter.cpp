#include "kube/line_cutter.h"

#include <utility>

namespace ferry::kube {

bool LineCutter::append(std::string_view data) {
  const std::size_t room = longest_ - pending_.size();
  if (data.size() > room && excess_ == Excess::kRefuse) {
    too_long_ = true;
    return false;
  }
  pending_.append(data.substr(0, room));
  return true;
}

bool LineCutter::take(std::string_view data) {
  while (!data.empty()) {
    const auto end = data.find('\n');
    if (!append(data.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    data.remove_prefix(end + 1);
    if (!flush()) return false;
  }
  return true;
}

void LineCutter::finish() {
  if (!pending_.empty()) flush();
}

bool LineCutter::flush() {
  const std::string line = std::exchange(pending_, {});
  return on_line_(line);
}

}  // namespace ferry::kube
