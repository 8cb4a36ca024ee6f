// The objects of a stand-in, made from manifests/stand-in/ and the original's pod template.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/resource.h"
#include "kube/swap/mounts.h"
#include "kube/swap/plan.h"

namespace ferry::swap {

// The Deployment, with 0 replicas; everything else of the plan must be decided. Error: kInternal
// (the embedded manifest is broken).
Result<kube::Json> make_stand_in(const SwapPlan& plan, const kube::Json& original,
                                 const MountPlan& mounts);

// What it owns: the Secret for TLS (without keys), and where the plan has orphan_restore, the
// account, its Role, their binding and the Secret for its token, in the order to create them in.
Result<std::vector<kube::Json>> make_owned(const SwapPlan& plan);

// `stand_in` as the API server has it: the objects go when it goes.
void set_owner(kube::Json& object, const kube::Json& stand_in);

// Of an object that make_owned() made, by its kind.
const kube::Resource& resource_of_owned(const kube::Json& object);

}  // namespace ferry::swap
