// Changing objects that others change too.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "kube/api.h"
#include "kube/swap/run.h"

namespace ferry::swap {

// The merge patch (RFC 7396) that an object needs; null if it is as it shall be. An error ends it.
using MakePatch = std::function<Result<kube::Json>(const kube::Json& object)>;

// Reads an object and patches it under its resourceVersion; reads it again when somebody was
// faster. Returns the object as it is then. What has taken effect already, its answer lost, is not
// done twice: the next reading shows it. Errors: kConflict when others are always faster, those of
// `make_patch`, those of the API.
Result<kube::Json> update(Run& run, const kube::Resource& resource, const std::string& ns,
                          const std::string& name, const MakePatch& make_patch);

}  // namespace ferry::swap
