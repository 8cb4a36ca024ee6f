#include "kube/swap/plan.h"

#include <algorithm>
#include <utility>

#include "kube/json_field.h"
#include "kube/object_names.h"
#include "kube/swap/expose.h"
#include "kube/swap/interference.h"
#include "kube/swap/mounts.h"
#include "kube/swap/objects.h"
#include "kube/swap/obstacles.h"
#include "kube/swap/plan_steps.h"
#include "kube/swap/problems.h"
#include "kube/swap/restore.h"
#include "kube/swap/rights.h"
#include "kube/swap/service_plan.h"
#include "kube/swap/services.h"
#include "kube/swap/update.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr std::uint16_t kTunnelPort = 7443;
constexpr std::uint16_t kHealthPort = 7480;
constexpr Duration kContenderReads = std::chrono::seconds(3);  // a daemon looks every 2 s

// One call of plan_swap().
class Planning {
 public:
  Planning(Run& run, const SwapRequest& request) : run_(run), original_(request.original) {
    plan_.request = request;
  }

  Result<SwapPlan> run() {
    using Step = Status (Planning::*)();
    for (const Step step : {&Planning::check_request, &Planning::read, &Planning::check_holder,
                            &Planning::check_obstacles, &Planning::choose,
                            &Planning::check_all_rights, &Planning::find_services,
                            &Planning::make_objects, &Planning::look_around, &Planning::try_out}) {
      if (Status status = (this->*step)(); !status) return fail(status.error());
    }
    plan_.steps = describe_steps(plan_);
    return std::move(plan_);
  }

 private:
  std::string what() const { return "swapping " + describe(original_); }

  const Json& pod_template() const { return kube::field(kube::field(object_, "spec"), "template"); }

  void warn(Error warning) { plan_.warnings.push_back(std::move(warning)); }

  Status check_request() {
    const std::string& id = plan_.request.id;
    const bool fits = id.size() >= 8 && id.size() <= 40 &&
                      id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == id.npos;
    if (!fits) return fail(problem::kIdInvalid, what(), "'" + id + "' can't be the id of a swap");
    if (!plan_.request.image.empty()) return {};
    return fail(problem::kNoImage, what(), "no image is known for the stand-in",
                "name one (--image)");
  }

  Status read() {
    auto object = kube::get_named(run_.api, resource_of(original_.kind), original_.ns,
                                  original_.name, run_.cancel, kube::Meant::kWorkloads);
    if (!object) return fail(object.error());
    object_ = std::move(*object);
    Record& record = plan_.record;
    record.id = plan_.request.id;
    record.owner = plan_.request.owner;
    record.holder = plan_.request.holder;
    record.since = to_rfc3339(run_.pace.date());
    record.workload = to_string(original_);
    record.replicas = replicas_of(object_);
    record.was_available = available_of(object_) >= record.replicas;
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
      return fail(problem::kNameTaken, what(),
                  "deployment/" + plan_.record.stand_in + " is there, and it is not Ferry's",
                  "rename it or remove it");
    }
    auto record = parse_record(record_text(*stand_in));
    if (!record) return spoilt(record.error().why);
    return held(std::move(*record));
  }

  Status spoilt(const std::string& why) {
    if (plan_.request.force) {
      if (replicas_of(object_) == 0 && !copy_is_readable()) {
        return fail(problem::kRecordUnreadable, what(),
                    "a record of a swap is on it that can't be read (" + why +
                        "), and at 0 replicas nothing else tells how many it had",
                    "kubectl scale it to what it shall be, then swap it again");
      }
      plan_.contender = Record{};
      return {};
    }
    return fail(problem::kRecordUnreadable, what(),
                "a record of a swap is on it that can't be read: " + why,
                "look at the annotation " + std::string(kSwapAnnotation) +
                    "; --force removes it and goes on");
  }

  bool copy_is_readable() {
    const auto stand_in =
        run_.api.get(kube::kDeployments, original_.ns, plan_.record.stand_in, run_.cancel);
    return stand_in && parse_record(record_text(*stand_in));
  }

  Status held(Record record) {
    if (record.id == plan_.request.id) {
      taken_up_ = true;
      plan_.record = std::move(record);
      plan_.request.keep_original = plan_.record.keep_original;
      return {};
    }
    if (!plan_.request.force) {
      return fail(problem::kHeldByAnother, what(), "it is swapped by " + held_by(record),
                  (is_held_by(record, plan_.request.owner, plan_.request.holder)
                       ? "put it back (ferry restore " + to_string(original_) + ")"
                       : "ask them to leave it") +
                      ", or take it over with --force");
    }
    plan_.contender = std::move(record);
    return {};
  }

  // A swap that is taken up again was found possible before.
  Status check_obstacles() {
    if (taken_up_) return {};
    auto warnings = check_swappable(original_, object_, plan_.request.force);
    if (!warnings) return fail(warnings.error());
    for (Error& warning : *warnings) warn(std::move(warning));
    if (plan_.request.keep_original) {
      warn({problem::kOriginalKept, describe(original_), "it goes on running beside the stand-in",
            "only a share of the traffic comes here"});
    }
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
    for (Error& warning : ports->warnings) warn(std::move(warning));
    plan_.tunnel_port = free_port(pod_template(), plan_.exposed, kTunnelPort, 0);
    plan_.health_port = free_port(pod_template(), plan_.exposed, kHealthPort, plan_.tunnel_port);
    mounts_ = plan_mounts(kube::field(pod_template(), "spec"), plan_.container_spec);
    plan_.mounts = mounts_.served;
    plan_.left_out = mounts_.left_out;
    tell_of_losses();
    return {};
  }

  void tell_of_losses() {
    const std::string what = "container " + plan_.container + " of " + describe(original_);
    if (!plan_.left_out.empty()) {
      warn({problem::kFilesLeftOut, what,
            "these files don't come here: " + kube::enumerate(plan_.left_out, ""),
            "the local process needs files of its own in their place"});
    }
    for (const Json& port : kube::array_field(plan_.container_spec, "ports")) {
      const std::uint16_t number = kube::port_field(port, "hostPort");
      if (number == 0) continue;
      warn({problem::kHostPort, what,
            "its port " + std::to_string(number) + " of the node (hostPort) stays the original's",
            "nothing answers there while it is swapped; go by a Service"});
    }
  }

  Status in_swap(Error error) const {
    error.what += " of " + describe(original_);
    return fail(std::move(error));
  }

  Status check_all_rights() {
    const auto rights = check_rights(run_, plan_);
    if (!rights) return fail(rights.error());
    plan_.orphan_restore = rights->orphan_restore;
    if (rights->orphan_restore) return {};
    warn({problem::kNoUnattendedRestore, "restoring without this machine", rights->why_no_restore,
          "if this machine is lost, the original stays swapped until somebody runs ferry restore " +
              to_string(original_)});
    return {};
  }

  Status find_services() {
    const auto pods = run_.api.list(kube::kPods, original_.ns, {}, run_.cancel);
    if (!pods) return fail(pods.error());
    pods_ = pods->items;
    const Json& labels = kube::field(kube::field(pod_template(), "metadata"), "labels");
    const auto services = services_for(run_, original_.ns, labels);
    if (!services) return fail(services.error());
    for (const Json& object : *services) {
      if (Status status = add_service(object); !status) return status;
    }
    return {};
  }

  Status add_service(const Json& object) {
    ServicePlan planned = plan_service(plan_, object, pod_template(), pods_);
    PlannedService& service = planned.service;
    if (service.steer) {
      const auto may = may_steer(run_, original_.ns, service.name);
      if (!may) return fail(may.error());
      if (!*may) {
        service.steer = false;
        service.why_not = "you may not patch services";
        warn({problem::kNotSteered, "service/" + service.name,
              "it is not steered: " + service.why_not, kLossText});
      }
    }
    for (Error& warning : planned.warnings) warn(std::move(warning));
    const bool recorded =
        std::count(plan_.record.services.begin(), plan_.record.services.end(), service.name) > 0;
    if (service.steer && !recorded) plan_.record.services.push_back(service.name);
    plan_.services.push_back(std::move(service));
    return {};
  }

  Status make_objects() {
    auto stand_in = make_stand_in(plan_, object_, mounts_);
    if (!stand_in) return fail(stand_in.error());
    plan_.stand_in = std::move(*stand_in);
    auto owned = make_owned(plan_);
    if (!owned) return fail(owned.error());
    plan_.owned = std::move(*owned);
    return {};
  }

  Status look_around() {
    auto warnings = find_interference(run_, plan_, object_, pods_);
    if (!warnings) return fail(warnings.error());
    for (Error& warning : *warnings) warn(std::move(warning));
    return {};
  }

  // The API server's own word on the stand-in: policies, quotas, a namespace that is being deleted.
  Status try_out() {
    if (taken_up_ || plan_.contender) return {};
    kube::Request request{.method = "POST",
                          .path = kube::path_of(kube::kDeployments, original_.ns),
                          .body = plan_.stand_in};
    request.query.emplace_back("dryRun", "All");
    const auto answer = run_.api.request(request, run_.cancel);
    if (answer) return {};
    Error error = answer.error();
    // A webhook with side effects: it can't be tried out, which says nothing against it.
    if (error.why.find("dry run") != std::string::npos) return {};
    error.what = "trying out the stand-in of " + describe(original_);
    return fail(std::move(error));
  }

  Run& run_;
  const WorkloadRef original_;
  Json object_;
  std::vector<Json> pods_;  // of the namespace
  bool taken_up_ = false;   // the request's own swap is there already
  MountPlan mounts_;
  SwapPlan plan_;
};

// Whoever holds the swap reads it there, and is given the time to. It is a courtesy: without it
// they see that it is gone.
void tell_contender(Run& run, const SwapPlan& plan) {
  const auto note = [&](const Json& stand_in) -> Result<Json> {
    if (stand_in_id(stand_in) != plan.contender->id) return Json();
    const Json taken = {{"owner", plan.request.owner}, {"at", to_rfc3339(run.pace.date())}};
    Json patch;
    patch["metadata"]["annotations"][kTakenOverAnnotation] = taken.dump();
    return patch;
  };
  const auto told =
      update(run, kube::kDeployments, plan.request.original.ns, plan.record.stand_in, note);
  if (told) static_cast<void>(run.pace.sleep_for(kContenderReads, run.cancel));
}

}  // namespace

Result<SwapPlan> plan_swap(Run& run, const SwapRequest& request) {
  return Planning(run, request).run();
}

Result<SwapPlan> clear_the_way(Run& run, const SwapPlan& plan) {
  if (!plan.contender) return plan;
  tell_contender(run, plan);
  RestoreRequest undo;
  undo.original = plan.request.original;
  undo.id = plan.contender->id;
  undo.force = true;
  const auto restored = restore(run, undo);
  if (!restored) return fail(restored.error());
  auto again = plan_swap(run, plan.request);
  if (!again) return again;
  for (const auto& note : restored->notes) {
    again->warnings.push_back({problem::kEndedBefore, "ending the swap before", note, {}});
  }
  return again;
}

}  // namespace ferry::swap
