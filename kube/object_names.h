// The names of the objects that there are: to complete what a user types, and to say what they may
// have meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/resource.h"

namespace ferry::kube {

constexpr std::size_t kMostNames = 500;

// At most kMostNames of them, by one request; `ns` is empty for kinds that are in no namespace.
// Errors: those of Api.
Result<std::vector<std::string>> object_names(Api& api, const Resource& resource,
                                              std::string_view ns, const CancelToken& cancel);

// Which objects a user may have meant: those that are swapped, or Services too.
enum class Meant : std::uint8_t { kWorkloads, kServicesToo };

// As Api::get(), of an object that a user has named. Where there is none (kNotFound), `fix` begins
// with the Service, Deployment or StatefulSet of that very name, by three requests more at most;
// without one, the names of those that there are are asked for, and it begins with the nearest of
// them, or with the nearest namespace where there is no such namespace. What the user may not read
// is left out.
Result<Json> get_named(Api& api, const Resource& resource, std::string_view ns,
                       std::string_view name, const CancelToken& cancel,
                       Meant meant = Meant::kServicesToo);

// "did you mean 'web'?", for an object that is not there; empty if nothing can be said.
std::string meant_instead(Api& api, const Resource& resource, std::string_view ns,
                          std::string_view name, const CancelToken& cancel);

}  // namespace ferry::kube
