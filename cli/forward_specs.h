// From the words of `ferry forward` to the links that the daemon is asked for.
#pragma once

#include <vector>

#include "base/result.h"
#include "cli/invocation.h"
#include "daemon/control/api.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

// One spec for each link, every one of them valid. Reads the settings, and the file of links.
// environment: of this process, as name and value. Error: kUsage, kNotFound, kIo.
Result<std::vector<control::LinkSpec>> forward_specs(
    const Invocation& invocation, const control::GetEnv& get_env,
    const std::map<std::string, std::string>& environment, const std::string& working_directory);

// Variables ("NAME=VALUE", up to a null pointer) by name.
std::map<std::string, std::string> whole_environment(const char* const* variables);

// The variables that JSON can carry: those whose text is UTF-8.
std::map<std::string, std::string> utf8_environment(const char* const* variables);

}  // namespace ferry::cli
