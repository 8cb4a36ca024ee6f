// An archive for a bug report: logs and state, with secrets removed.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "daemon/control/paths.h"
#include "kube/cluster_config.h"

namespace ferry::cli {

// What a bundle holds, by file name: the daemon's log (the last MiB), its state, Ferry's settings
// file, and the variables that matter to it; each redacted. What isn't there is left out.
std::map<std::string, std::string> bundle_contents(const control::Paths& paths,
                                                   const control::GetEnv& get_env,
                                                   const kube::Environment& environment);

// Writes FILE, a tar.gz that only its user may read, by calling tar: it is where a shell is, and
// compresses as well. Errors: kNotFound (no tar), kIo.
Status write_bundle(const std::string& file, const std::map<std::string, std::string>& contents,
                    const kube::Environment& environment);

}  // namespace ferry::cli
