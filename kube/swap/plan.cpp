#include "kube/swap/plan.h"

#include <utility>

#include "kube/json_field.h"
#include "kube/swap/expose.h"
#include "kube/swap/mounts.h"
#include "kube/swap/objects.h"
#include "kube/swap/restore.h"
#include "kube/swap/services.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr std::uint16_t kTunnelPort = 7443;
constexpr std::uint16_t kHealthPort = 7480;

// One call of plan_swap().
class Planning {
 public:
  Planning(Run& run, const SwapRequest& request) : run_(run), original_(request.original) {
    plan_.request = request;
  }

  Result<SwapPlan> run() {
    using Step = Status (Planning::*)();
    for (const Step step : {&Planning::read, &Planning::check_holder, &Planning::choose,
                            &Planning::find_services, &Planning::make_objects}) {
      if (Status status = (this->*step)(); !status) return fail(status.error());
    }
    return std::move(plan_);
  }

 private:
  std::string what() const { return "swapping " + describe(original_); }

  const Json& pod_template() const { return kube::field(kube::field(object_, "spec"), "template"); }

  Status read() {
    auto object =
        run_.api.get(resource_of(original_.kind), original_.ns, original_.name, run_.cancel);
    if (!object) return fail(object.error());
    object_ = std::move(*object);
    Record& record = plan_.record;
    record.id = plan_.request.id;
    record.owner = plan_.request.owner;
    record.since = to_rfc3339(run_.pace.date());
    record.workload = to_string(original_);
    record.replicas = replicas_of(object_);
    record.stand_in = stand_in_name(original_);
    record.keep_original = plan_.request.keep_original;
    return {};
  }

  // By its own record, or by a stand-in that is there already.
  Status check_holder() {
    const std::string text = record_text(object_);
    if (!text.empty()) {
      auto record = parse_record(text);
      if (!record) return spoilt(record.error().why);
      return held(std::move(*record));
    }
    const auto stand_in =
        run_.api.get(kube::kDeployments, original_.ns, plan_.record.stand_in, run_.cancel);
    if (!stand_in) {
      return stand_in.error().code == ErrorCode::kNotFound ? Status{} : fail(stand_in.error());
    }
    if (stand_in_id(*stand_in).empty()) {
      return fail(ErrorCode::kAlreadyExists, what(),
                  "deployment/" + plan_.record.stand_in + " is there, and it is not Ferry's",
                  "rename it or remove it");
    }
    auto record = parse_record(record_text(*stand_in));
    if (!record) return spoilt(record.error().why);
    return held(std::move(*record));
  }

  Status spoilt(const std::string& why) {
    if (plan_.request.force) {
      plan_.contender = Record{};
      return {};
    }
    return fail(ErrorCode::kInvalid, what(),
                "a record of a swap is on it that can't be read: " + why,
                "look at the annotation " + std::string(kSwapAnnotation) +
                    "; --force removes it and goes on");
  }

  Status held(Record record) {
    if (record.id == plan_.request.id) {
      plan_.record.replicas = record.replicas;
      plan_.record.since = record.since;
      return {};
    }
    if (!plan_.request.force) {
      return fail(ErrorCode::kConflict, what(), "it is swapped by " + held_by(record),
                  "ask them to leave it, or take it over with --force");
    }
    plan_.contender = std::move(record);
    return {};
  }

  Status choose() {
    auto container = choose_container(pod_template(), plan_.request.container);
    if (!container) return in_swap(container.error());
    plan_.container_spec = std::move(*container);
    plan_.container = kube::text_field(plan_.container_spec, "name");
    plan_.record.container = plan_.container;
    auto ports = choose_ports(pod_template(), plan_.container_spec, plan_.request);
    if (!ports) return in_swap(ports.error());
    plan_.exposed = std::move(ports->ports);
    for (Error& warning : ports->warnings) plan_.warnings.push_back(std::move(warning));
    plan_.tunnel_port = free_port(pod_template(), plan_.exposed, kTunnelPort, 0);
    plan_.health_port = free_port(pod_template(), plan_.exposed, kHealthPort, plan_.tunnel_port);
    mounts_ = plan_mounts(kube::field(pod_template(), "spec"), plan_.container_spec);
    plan_.mounts = mounts_.served;
    plan_.left_out = mounts_.left_out;
    return {};
  }

  Status in_swap(Error error) const {
    error.what += " of " + describe(original_);
    return fail(std::move(error));
  }

  Status find_services() {
    const Json& labels = kube::field(kube::field(pod_template(), "metadata"), "labels");
    const auto services = services_for(run_, original_.ns, labels);
    if (!services) return fail(services.error());
    for (const Json& object : *services) {
      PlannedService service;
      service.name = kube::text_field(kube::field(object, "metadata"), "name");
      service.steer = !plan_.request.keep_original && plan_.record.replicas > 0;
      plan_.record.services.push_back(service.name);
      plan_.services.push_back(std::move(service));
    }
    return {};
  }

  Status make_objects() {
    plan_.orphan_restore = true;
    auto stand_in = make_stand_in(plan_, object_, mounts_);
    if (!stand_in) return fail(stand_in.error());
    plan_.stand_in = std::move(*stand_in);
    auto owned = make_owned(plan_);
    if (!owned) return fail(owned.error());
    plan_.owned = std::move(*owned);
    return {};
  }

  Run& run_;
  const WorkloadRef original_;
  Json object_;
  MountPlan mounts_;
  SwapPlan plan_;
};

}  // namespace

Result<SwapPlan> plan_swap(Run& run, const SwapRequest& request) {
  return Planning(run, request).run();
}

Result<SwapPlan> clear_the_way(Run& run, const SwapPlan& plan) {
  if (!plan.contender) return plan;
  RestoreRequest undo;
  undo.original = plan.request.original;
  undo.id = plan.contender->id;
  undo.force = true;
  const auto restored = restore(run, undo);
  if (!restored) return fail(restored.error());
  return plan_swap(run, plan.request);
}

}  // namespace ferry::swap
