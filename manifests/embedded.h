// The texts of this folder's files, as of the build.
#pragma once

#include <string_view>

namespace ferry::manifests {

std::string_view proxy_job();     // proxy/job.yaml
std::string_view proxy_secret();  // proxy/secret.yaml

}  // namespace ferry::manifests
