#include "kube/diagnose/finding.h"

#include <algorithm>
#include <utility>

namespace ferry::diagnose {

std::vector<Finding> told_once(std::vector<Finding> findings) {
  std::vector<Finding> all;
  std::vector<int> more;
  for (Finding& finding : findings) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const Finding& known) {
      return known.code == finding.code && known.cause == finding.cause;
    });
    if (same != all.end()) {
      ++more[static_cast<std::size_t>(same - all.begin())];
      continue;
    }
    all.push_back(std::move(finding));
    more.push_back(0);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (more[i] == 0) continue;
    all[i].evidence.push_back("the same at " + std::to_string(more[i]) + " more pod" +
                              (more[i] == 1 ? "" : "s"));
  }
  return all;
}

}  // namespace ferry::diagnose
