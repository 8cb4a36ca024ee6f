#include "kube/swap/update.h"

#include "kube/json_field.h"

namespace ferry::swap {
namespace {

// Status changes count as changes too, and a Deployment that rolls out has many.
constexpr int kAttempts = 20;

}  // namespace

Result<kube::Json> update(Run& run, const kube::Resource& resource, const std::string& ns,
                          const std::string& name, const MakePatch& make_patch) {
  for (int attempt = 1;; ++attempt) {
    const Result<kube::Json> object = run.api.get(resource, ns, name, run.cancel);
    if (!object) return object;
    Result<kube::Json> patch = make_patch(*object);
    if (!patch) return patch;
    if (patch->is_null()) return object;
    (*patch)["metadata"]["resourceVersion"] =
        kube::text_field(kube::field(*object, "metadata"), "resourceVersion");
    Result<kube::Json> patched =
        run.api.patch(resource, ns, name, {}, kube::PatchType::kMerge, *patch, run.cancel);
    const bool beaten = !patched && patched.error().code == ErrorCode::kConflict;
    if (!beaten || attempt == kAttempts) return patched;
  }
}

}  // namespace ferry::swap
