// The file of `ferry forward -f`: several links at once. docs/cli.md describes it,
// docs/schema/links.schema.json is its schema.
//
//   links:
//     - target: svc/app
//       ports: ["8080:80", http]
//       namespace: shop
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::cli {

// What the file says of one link; what it leaves out comes from flags and settings.
struct LinkEntry {
  control::Target target;
  std::vector<control::PortSpec> ports;
  std::string kube_namespace;
  std::string context;
  std::vector<std::string> addresses;
  std::string route;  // empty: not said
};

// At least one link, at most 64. Error: kUsage with file and line.
Result<std::vector<LinkEntry>> parse_links(const std::string& text, const std::string& file);

}  // namespace ferry::cli
