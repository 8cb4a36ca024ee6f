#include "kube/swap/plan_steps.h"

#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

std::string steered(const SwapPlan& plan) {
  std::vector<std::string> names;
  for (const PlannedService& service : plan.services) {
    if (service.steer) names.push_back("service/" + service.name);
  }
  return kube::enumerate(names, "");
}

std::string ports(const SwapPlan& plan) {
  std::vector<std::string> all;
  for (const Exposed& port : plan.exposed) {
    all.push_back(std::to_string(port.remote) + " to " + std::to_string(port.local) + " here");
  }
  return kube::enumerate(all, "");
}

std::string owned(const SwapPlan& plan) {
  std::vector<std::string> all;
  for (const kube::Json& object : plan.owned) {
    all.push_back(kube::to_lower(kube::text_field(object, "kind")) + "/" +
                  kube::text_field(kube::field(object, "metadata"), "name"));
  }
  return kube::enumerate(all, "nothing");
}

}  // namespace

std::vector<std::string> describe_steps(const SwapPlan& plan) {
  const std::string original = to_string(plan.request.original);
  const std::string replicas = std::to_string(plan.record.replicas);
  const std::string services = steered(plan);
  std::vector<std::string> steps;
  if (plan.contender) steps.push_back("end the swap of " + held_by(*plan.contender));
  steps.push_back("create deployment/" + plan.record.stand_in + " in the likeness of " + original +
                  ", with the proxy in container " + plan.container +
                  ", and what it owns: " + owned(plan));
  steps.push_back("connect to it, bring port " + ports(plan) + ", and wait until it is ready");
  if (plan.request.keep_original) {
    steps.push_back("leave " + original + " running beside it");
    steps.push_back("on leaving: remove deployment/" + plan.record.stand_in + " and what it owns");
    return steps;
  }
  if (!services.empty()) steps.push_back("steer " + services + " to the stand-in");
  steps.push_back(
      "scale " + original + " from " + replicas +
      " to 0, with a record of it in its annotations, and wait until its pods are gone");
  if (!services.empty()) steps.push_back("give " + services + " the former selector back");
  steps.push_back("on leaving: scale " + original + " to " + replicas +
                  ", wait until it is available, and remove the record, deployment/" +
                  plan.record.stand_in + " and what it owns");
  return steps;
}

}  // namespace ferry::swap
