// Objects from the YAML texts that the binaries carry (manifests/).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/api.h"

namespace ferry::kube {

// `name` is for the error: kInternal, since a manifest that doesn't parse is a fault of the build.
Result<Json> parse_manifest(std::string_view text, const std::string& name);

}  // namespace ferry::kube
