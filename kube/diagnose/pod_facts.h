// What is known of a pod: the object, its events, the last lines of its containers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kube/api.h"
#include "kube/diagnose/finding.h"

namespace ferry::diagnose {

struct PodFacts {
  kube::Json pod;
  std::vector<kube::Json> events;  // oldest first
  // By container. Of the run before, where the present one has not ended.
  std::map<std::string, std::vector<std::string>> last_lines;
};

// The message of the newest event with this reason about the container whose message begins with
// `beginning`; an empty container: about the pod as a whole or any container. Empty: there is none.
std::string last_message(const PodFacts& facts, std::string_view reason,
                         std::string_view container = {}, std::string_view beginning = {});

// "pod/web-1"; "pod/web-1, container main".
std::string name_of(const PodFacts& facts);
std::string name_of(const PodFacts& facts, std::string_view container);

// A finding at a container of the pod's spec, evidence and fix still empty.
Finding finding_at(const PodFacts& facts, const kube::Json& container, Code code,
                   std::string cause);

}  // namespace ferry::diagnose
