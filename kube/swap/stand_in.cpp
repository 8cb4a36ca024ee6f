#include "kube/swap/stand_in.h"

#include <utility>

#include "kube/json_field.h"
#include "kube/swap/objects.h"
#include "kube/swap/problems.h"
#include "kube/swap/update.h"
#include "kube/swap/waiting.h"

namespace ferry::swap {
namespace {

using kube::Json;

// The Deployment, as the API server has it.
Result<Json> create_deployment(Run& run, const SwapPlan& plan) {
  const std::string& ns = plan.request.original.ns;
  tell(run, "deployment/" + plan.record.stand_in + ": creating the stand-in");
  const Result<Json> created = run.api.create(kube::kDeployments, ns, plan.stand_in, run.cancel);
  if (created || created.error().code != ErrorCode::kAlreadyExists) return created;
  Result<Json> there = run.api.get(kube::kDeployments, ns, plan.record.stand_in, run.cancel);
  if (!there || stand_in_id(*there) == plan.record.id) return there;
  const Result<Record> record = parse_record(record_text(*there));
  const std::string whose = record ? "it is the stand-in of " + held_by(*record)
                                   : "one of that name is there, and it is not Ferry's";
  return fail(problem::kNameTaken, "creating " + stand_in_called(plan), whose,
              record ? "ask them, or take it over with --force" : "rename it or remove it");
}

Status create_one(Run& run, const SwapPlan& plan, Json object, const Json& stand_in) {
  set_owner(object, stand_in);
  const auto created =
      run.api.create(resource_of_owned(object), plan.request.original.ns, object, run.cancel);
  if (created || created.error().code == ErrorCode::kAlreadyExists) return {};
  return fail(created.error());
}

// The Secret for TLS, which nothing works without.
Status create_tls(Run& run, const SwapPlan& plan, const TlsMaterial& tls, const Json& stand_in) {
  Json secret = plan.owned.front();
  secret["stringData"] = {
      {"ca.crt", tls.ca_pem}, {"tls.crt", tls.certificate_pem}, {"tls.key", tls.key_pem}};
  return create_one(run, plan, std::move(secret), stand_in);
}

// What the stand-in needs to restore by itself. A Role may be refused although it may be created:
// to who doesn't hold the rights in it, or by a policy.
Result<CreatedStandIn> create_rest(Run& run, const SwapPlan& plan, const Json& stand_in) {
  CreatedStandIn result{plan.orphan_restore, {}};
  for (std::size_t i = 1; i < plan.owned.size(); ++i) {
    const Status created = create_one(run, plan, plan.owned[i], stand_in);
    if (created) continue;
    const ErrorCode code = created.error().code;
    if (code != ErrorCode::kForbidden && code != ErrorCode::kInvalid) return fail(created.error());
    result.orphan_restore = false;
    result.warnings.push_back(Error{
        problem::kNoUnattendedRestore, "restoring without this machine", created.error().summary(),
        "if this machine is lost, the original stays swapped until somebody runs ferry "
        "restore " +
            to_string(plan.request.original)});
    break;
  }
  return result;
}

Status scale_up(Run& run, const SwapPlan& plan) {
  const auto make_patch = [](const Json& object) -> Result<Json> {
    if (replicas_of(object) == 1) return Json();
    Json patch;
    patch["spec"]["replicas"] = 1;
    return patch;
  };
  const auto scaled =
      update(run, kube::kDeployments, plan.request.original.ns, plan.record.stand_in, make_patch);
  return scaled ? Status{} : Status(fail(scaled.error()));
}

}  // namespace

std::string stand_in_called(const SwapPlan& plan) {
  return "deployment/" + plan.record.stand_in + " in namespace " + plan.request.original.ns;
}

Result<CreatedStandIn> create_stand_in(Run& run, const SwapPlan& plan, const TlsMaterial& tls) {
  const Result<Json> stand_in = create_deployment(run, plan);
  if (!stand_in) return fail(stand_in.error());
  if (Status made = create_tls(run, plan, tls, *stand_in); !made) return fail(made.error());
  auto result = create_rest(run, plan, *stand_in);
  if (!result) return result;
  if (Status scaled = scale_up(run, plan); !scaled) return fail(scaled.error());
  return result;
}

}  // namespace ferry::swap
