// The texts of this folder's files, as of the build.
#pragma once

#include <string_view>

namespace ferry::manifests {

std::string_view proxy_job();     // proxy/job.yaml
std::string_view proxy_secret();  // proxy/secret.yaml

std::string_view stand_in_deployment();       // stand-in/deployment.yaml
std::string_view stand_in_secret();           // stand-in/secret.yaml
std::string_view stand_in_service_account();  // stand-in/service-account.yaml
std::string_view stand_in_role();             // stand-in/role.yaml
std::string_view stand_in_role_binding();     // stand-in/role-binding.yaml
std::string_view stand_in_token();            // stand-in/token.yaml

}  // namespace ferry::manifests
