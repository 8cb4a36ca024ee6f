#include "kube/swap/service_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/swap/obstacles.h"
#include "kube/swap/problems.h"
#include "kube/target.h"

namespace ferry::swap {
namespace {

using kube::Json;

class Planner {
 public:
  Planner(const SwapPlan& plan, const Json& object, const Json& pod_template,
          const std::vector<Json>& pods)
      : plan_(plan),
        object_(object),
        template_(pod_template),
        pods_(pods),
        service_(kube::parse_service(object)) {}

  ServicePlan run() {
    result_.service.name = service_.name;
    if (!service_.headless()) result_.service.address = service_.cluster_ip;
    decide_steering();
    ports();
    locality();
    return std::move(result_);
  }

 private:
  void warn(std::string why, std::string fix, const Problem& problem = problem::kPeculiarity) {
    result_.warnings.push_back(
        Error{problem, "service/" + service_.name, std::move(why), std::move(fix)});
  }

  void decide_steering() {
    // There are no pods of the original that anything would have to be steered away from.
    if (plan_.request.keep_original || plan_.record.replicas == 0) return;
    result_.service.why_not = why_not();
    result_.service.steer = result_.service.why_not.empty();
    if (!result_.service.steer)
      warn("it is not steered: " + result_.service.why_not, kLossText, problem::kNotSteered);
    if (result_.service.steer && service_.headless()) {
      warn("it is headless: its clients look its pods up by name, and may remember them",
           "who does so for longer than a few seconds may try a pod that is gone");
    }
  }

  std::string why_not() const {
    const std::string manager = manager_of(object_);
    if (!manager.empty()) return manager + " manages it and would undo that";
    if (const auto pod = foreign_pod()) {
      return "pod/" + *pod + " is behind it too, and would be cut off";
    }
    return {};
  }

  // One that is neither the original's nor a stand-in's.
  std::optional<std::string> foreign_pod() const {
    for (const Json& pod : pods_) {
      const Json& labels = kube::field(kube::field(pod, "metadata"), "labels");
      const bool fits = std::all_of(
          service_.selector.begin(), service_.selector.end(),
          [&](const auto& one) { return kube::text_field(labels, one.first) == one.second; });
      if (!fits || owns(plan_.request.original, pod) || !stand_in_id(pod).empty()) continue;
      const kube::Pod parsed = kube::parse_pod(pod);
      if (parsed.ready && !parsed.terminating) return parsed.name;
    }
    return std::nullopt;
  }

  void ports() {
    for (const kube::ServicePort& port : service_.ports) {
      if (port.protocol != "TCP") {
        warn("its port " + std::to_string(port.port) + " is a " + port.protocol + " port",
             "only TCP reaches this machine: nothing answers there while it is swapped");
        continue;
      }
      const auto number = number_of(port.target_port);
      if (number && is_exposed(*number)) result_.service.ports.push_back({port.port, *number});
      if (!number || is_exposed(*number) || answered_by_other(*number)) continue;
      warn("its port " + std::to_string(port.port) + " leads to port " + std::to_string(*number) +
               " of the container, which is not exposed",
           "connections there are refused while it is swapped; --expose LOCAL:" +
               std::to_string(*number) + " brings them here");
    }
  }

  bool is_exposed(std::uint16_t number) const {
    return std::any_of(plan_.exposed.begin(), plan_.exposed.end(),
                       [&](const Exposed& port) { return port.remote == number; });
  }

  std::optional<std::uint16_t> number_of(const kube::PortRef& target) const {
    if (const auto* number = std::get_if<std::uint16_t>(&target)) return *number;
    kube::Pod pod = kube::parse_pod(template_);
    const auto number = kube::resolve_container_port(pod, target);
    return number ? std::optional(*number) : std::nullopt;
  }

  bool answered_by_other(std::uint16_t number) const {
    const kube::Pod pod = kube::parse_pod(template_);
    return std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
      return container.name != plan_.container &&
             std::any_of(container.ports.begin(), container.ports.end(),
                         [&](const auto& port) { return port.port == number; });
    });
  }

  void locality() {
    const Json& spec = kube::field(object_, "spec");
    if (kube::text_field(spec, "internalTrafficPolicy") == "Local") {
      warn("it serves each node from pods of the same node (internalTrafficPolicy: Local)",
           "clients on other nodes than the stand-in's get no answer while it is swapped");
    }
    if (kube::text_field(spec, "externalTrafficPolicy") == "Local") {
      warn("load balancers must find the node of the stand-in's pod (externalTrafficPolicy: Local)",
           "connections from outside may fail until they have");
    }
  }

  const SwapPlan& plan_;
  const Json& object_;
  const Json& template_;
  const std::vector<Json>& pods_;
  const kube::Service service_;
  ServicePlan result_;
};

}  // namespace

ServicePlan plan_service(const SwapPlan& plan, const Json& service, const Json& pod_template,
                         const std::vector<Json>& pods) {
  return Planner(plan, service, pod_template, pods).run();
}

}  // namespace ferry::swap
