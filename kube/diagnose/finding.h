// What is wrong with something in the cluster, as people and (by its code) programs are told.
#pragma once

#include <string>
#include <vector>

#include "kube/diagnose/code.h"

namespace ferry::diagnose {

struct Finding {
  Code code;
  std::string object;  // what it was found at: "pod/web-1", "pod/web-1, container main"
  std::string cause;   // in a sentence
  std::vector<std::string> evidence;  // what the cluster says, a line each
  std::string fix;                    // the next step
};

// Pods of one workload mostly suffer from the same: findings of one code and cause become one,
// which counts the others.
std::vector<Finding> told_once(std::vector<Finding> findings);

}  // namespace ferry::diagnose
