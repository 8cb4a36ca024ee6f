#include "kube/swap/take_over.h"

#include <algorithm>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/swap/problems.h"
#include "kube/swap/service_plan.h"
#include "kube/swap/services.h"
#include "kube/swap/steering.h"
#include "kube/swap/update.h"
#include "kube/swap/waiting.h"

namespace ferry::swap {
namespace {

using kube::Json;

// One call of take_over().
class TakeOver {
 public:
  TakeOver(Run& run, const SwapPlan& plan)
      : run_(run), plan_(plan), original_(plan.request.original) {}

  Result<TakenOver> run() {
    const Result<bool> done = swapped_already();
    if (!done) return fail(done.error());
    if (!plan_.request.keep_original && !*done) {
      if (Status status = steer_all(); !status) return fail(status.error());
    }
    if (Status status = scale(); !status) return fail(status.error());
    if (!plan_.request.keep_original) {
      if (Status status = wait_until_gone(); !status) return fail(status.error());
      if (Status status = unsteer_all(); !status) return fail(status.error());
    }
    return std::move(result_);
  }

 private:
  // Broken off after the scaling, say: what is steered still is given back in any case.
  Result<bool> swapped_already() {
    const auto object =
        run_.api.get(resource_of(original_.kind), original_.ns, original_.name, run_.cancel);
    if (!object) return fail(object.error());
    selector_ = kube::parse_workload(*object).selector;
    const Result<Record> record = parse_record(record_text(*object));
    return record && record->id == plan_.record.id;
  }

  // Only errors that no warning can stand for.
  Status steer_all() {
    for (const PlannedService& service : plan_.services) {
      if (!service.steer) continue;
      tell(run_, "service/" + service.name + ": steering new connections to the stand-in");
      const Status steered = steer(run_, original_.ns, service.name, plan_.record);
      if (steered) {
        steered_.push_back(service.name);
        continue;
      }
      const ErrorCode code = steered.error().code;
      if (code != ErrorCode::kForbidden && code != ErrorCode::kInvalid &&
          code != ErrorCode::kNotFound) {
        return steered;
      }
      result_.warnings.push_back(Error{problem::kNotSteered, "steering service/" + service.name,
                                       steered.error().why, kLossText});
    }
    return steered_.empty() ? Status{} : settle();
  }

  // The EndpointSlices say when the control plane has followed; nobody says when the nodes have.
  Status settle() {
    for (const std::string& name : steered_) {
      const std::string what = "service/" + name + ": until only the stand-in is behind it";
      const Status alone =
          wait_until(run_, what, run_.limits.step, [&] { return others_behind(name); });
      if (!alone && alone.error().code != ErrorCode::kTimedOut) return alone;
      if (!alone) result_.warnings.push_back(with_loss(alone.error()));
    }
    tell(run_, "waiting until the nodes follow");
    if (run_.pace.sleep_for(run_.limits.settle, run_.cancel)) return {};
    return fail(kube::cancelled_error("waiting until the nodes follow"));
  }

  static Error with_loss(Error error) {
    error.fix = kLossText;
    return error;
  }

  Result<std::optional<std::string>> others_behind(const std::string& service) {
    const auto endpoints = endpoints_of(run_, original_.ns, service);
    if (!endpoints) return fail(endpoints.error());
    const auto others = std::count_if(
        endpoints->members.begin(), endpoints->members.end(), [&](const auto& member) {
          return !member.endpoint.pod.starts_with(plan_.record.stand_in + "-");
        });
    if (others == 0) return std::optional<std::string>();
    return std::optional(std::to_string(others) + " other endpoints");
  }

  Status scale() {
    const auto scaled = update(run_, resource_of(original_.kind), original_.ns, original_.name,
                               [&](const Json& object) { return make_patch(object); });
    if (!scaled) return fail(scaled.error());
    return {};
  }

  Result<Json> make_patch(const Json& object) {
    const std::string what = "swapping " + describe(original_);
    const std::string text = record_text(object);
    if (!text.empty()) {
      const Result<Record> there = parse_record(text);
      if (!there) {
        return fail(problem::kRecordUnreadable, what,
                    "its record can't be read: " + there.error().why,
                    "ferry restore --force " + to_string(original_));
      }
      if (there->id != plan_.record.id) {
        return fail(problem::kHeldByAnother, what, "it was swapped meanwhile by " + held_by(*there),
                    "ask them, or take it over with --force");
      }
      result_.replicas = there->replicas;
      return Json();
    }
    Record record = plan_.record;
    record.replicas = replicas_of(object);
    record.was_available = available_of(object) >= record.replicas;
    record.scaling = !record.keep_original;
    result_.replicas = record.replicas;
    // Before the original's: should that get lost, this is what restoring goes by.
    if (Status noted = note_on_stand_in(record); !noted) return fail(noted.error());
    Json patch;
    patch["metadata"]["annotations"][kSwapAnnotation] = to_text(record);
    if (!record.keep_original) patch["spec"]["replicas"] = 0;
    tell(run_, record.keep_original ? to_string(original_) + ": noting the swap"
                                    : to_string(original_) + ": scaling from " +
                                          std::to_string(record.replicas) + " to 0");
    return patch;
  }

  Status note_on_stand_in(const Record& record) {
    const auto noted = update(run_, kube::kDeployments, original_.ns, record.stand_in,
                              [&](const Json& stand_in) -> Result<Json> {
                                if (record_text(stand_in) == to_text(record)) return Json();
                                Json patch;
                                patch["metadata"]["annotations"][kSwapAnnotation] = to_text(record);
                                return patch;
                              });
    return noted ? Status{} : Status(fail(noted.error()));
  }

  Status wait_until_gone() {
    const Status gone = wait_until(run_, to_string(original_) + ": until its pods have ended",
                                   run_.limits.step, [this] { return pods_left(); });
    if (gone || gone.error().code != ErrorCode::kTimedOut) return gone;
    Error slow = gone.error();
    slow.fix = "they are out of the Services and end by themselves";
    result_.warnings.push_back(std::move(slow));
    return {};
  }

  Result<std::optional<std::string>> pods_left() {
    const auto list = run_.api.list(kube::kPods, original_.ns, {selector_, {}}, run_.cancel);
    if (!list) return fail(list.error());
    const auto left = std::count_if(list->items.begin(), list->items.end(),
                                    [&](const Json& pod) { return owns(original_, pod); });
    if (left == 0) return std::optional<std::string>();
    return std::optional(std::to_string(left) + (left == 1 ? " pod" : " pods"));
  }

  Status unsteer_all() {
    for (const PlannedService& service : plan_.services) {
      if (!service.steer) continue;
      const Status done = unsteer(run_, original_.ns, service.name, plan_.record.id);
      if (!done && done.error().code != ErrorCode::kForbidden) return done;
    }
    return {};
  }

  Run& run_;
  const SwapPlan& plan_;
  const WorkloadRef& original_;
  std::string selector_;              // of the original's pods
  std::vector<std::string> steered_;  // in this call
  TakenOver result_;
};

}  // namespace

Result<TakenOver> take_over(Run& run, const SwapPlan& plan) { return TakeOver(run, plan).run(); }

}  // namespace ferry::swap
