#include "cli/leave.h"

#include <algorithm>
#include <set>

#include "base/suggest.h"
#include "cli/problems.h"
#include "cli/target_args.h"

namespace ferry::cli {
namespace {

using control::LinkStatus;

Error no_such_link(const Invocation& invocation, const std::string& word,
                   const std::vector<LinkStatus>& links) {
  std::vector<std::string> names;
  std::vector<std::string> words;
  for (const auto& link : links) {
    const std::string target = to_string(link.target);
    words.insert(words.end(), {link.id, target});
    if (names.size() < 10) names.push_back(link.id + " (" + target + ")");
  }
  const std::string hint = did_you_mean(word, words);
  return {problem::kNoSuchLink, "ending link " + word, "there is no such link",
          names.empty() ? "there are no links at all"
                        : hint + (hint.empty() ? "" : " ") + "there are " + one_of(names) +
                              "; see '" + invocation.program + " list'"};
}

bool is_meant(const Invocation& invocation, const LinkStatus& link) {
  return (invocation.kube_namespace.empty() || link.kube_namespace == invocation.kube_namespace) &&
         (invocation.context.empty() || link.context == invocation.context);
}

}  // namespace

Result<std::vector<LinkStatus>> choose_links(const Invocation& invocation,
                                             const std::vector<LinkStatus>& links) {
  std::vector<LinkStatus> meant;
  std::copy_if(links.begin(), links.end(), std::back_inserter(meant),
               [&](const LinkStatus& link) { return is_meant(invocation, link); });
  if (invocation.all) return meant;
  std::vector<LinkStatus> chosen;
  std::set<std::string> seen;
  for (const auto& word : invocation.links) {
    // Other spellings of a type ("service/app") are fine, too.
    const auto target = word.find('/') == std::string::npos ? fail(Error{}) : parse_target(word);
    bool found = false;
    for (const auto& link : meant) {
      if (link.id != word && !(target && link.target == *target)) continue;
      found = true;
      if (seen.insert(link.id).second) chosen.push_back(link);
    }
    if (!found) return fail(no_such_link(invocation, word, links));
  }
  return chosen;
}

}  // namespace ferry::cli
