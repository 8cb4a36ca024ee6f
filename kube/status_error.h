// From an answer that isn't the wished one to an Error that keeps the server's words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/cluster_config.h"

namespace ferry::kube {

// What was asked for: enough to say it in a person's words.
struct Asked {
  std::string method;
  std::string path;  // without the server's path prefix
  bool watch = false;
};

// "reading pods/web in namespace demo", "listing ...", "port-forwarding to pods/web in ...".
std::string describe(const Asked& asked);

// For an HTTP status that isn't a success. `body` is what came with it: a Status object, or
// whatever a gateway on the way said.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
Error error_of_answer(const ClusterConfig& config, const Asked& asked, int http_status,
                      std::string_view body);

// For the Status object in an ERROR event of a watch.
Error error_of_status(const ClusterConfig& config, const Asked& asked,
                      const nlohmann::json& status);

}  // namespace ferry::kube
