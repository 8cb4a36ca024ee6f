#include "kube/swap/restore.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/suggest.h"
#include "kube/json_field.h"
#include "kube/object_names.h"
#include "kube/swap/problems.h"
#include "kube/swap/record.h"
#include "kube/swap/steering.h"
#include "kube/swap/update.h"
#include "kube/swap/waiting.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr Duration kLookAgain = std::chrono::seconds(1);

// Null when there is no such object.
Result<Json> find(Run& run, const kube::Resource& resource, const std::string& ns,
                  const std::string& name) {
  Result<Json> object = run.api.get(resource, ns, name, run.cancel);
  if (!object && object.error().code == ErrorCode::kNotFound) return Json();
  return object;
}

std::int64_t number_of(const Json& object, const char* key) {
  return kube::int_field(object, key, 0, 1'000'000'000, 0);
}

// One call of restore().
class Restore {
 public:
  Restore(Run& run, const RestoreRequest& request)
      : run_(run), request_(request), original_(request.original) {}

  Result<RestoreReport> run() {
    using Step = Status (Restore::*)();
    for (const Step step : {&Restore::read, &Restore::judge, &Restore::find_steered}) {
      if (Status status = (this->*step)(); !status) return fail(status.error());
    }
    if (!report_.found) return missing_or_nothing();
    for (const Step step : {&Restore::scale_back, &Restore::serve_again, &Restore::remove_record,
                            &Restore::remove_stand_in, &Restore::wait_for_pods}) {
      if (Status status = (this->*step)(); !status) return fail(status.error());
    }
    return std::move(report_);
  }

 private:
  std::string what() const { return "restoring " + describe(original_); }

  // Whether this id is the one that is meant.
  bool meant(const std::string& id) const { return request_.id.empty() || id == request_.id; }

  Status read() {
    auto object = find(run_, resource_of(original_.kind), original_.ns, original_.name);
    if (!object) return fail(object.error());
    object_ = std::move(*object);
    read_record();
    return read_stand_in();
  }

  void read_record() {
    const std::string text = record_text(object_);
    if (text.empty()) return;
    Result<Record> record = parse_record(text);
    if (!record) {
      spoilt_ = record.error().why;
      spoilt_text_ = text;
      report_.found = true;
    } else {
      on_original_ = std::move(*record);
      if (meant(on_original_->id)) report_.found = true;
    }
  }

  // By its own name: one original has one stand-in, whatever somebody wrote into the record.
  Status read_stand_in() {
    const std::string name = stand_in_name(original_);
    auto object = find(run_, kube::kDeployments, original_.ns, name);
    if (!object) return fail(object.error());
    const std::string id = stand_in_id(*object);
    if (!id.empty() && meant(id)) {
      stand_in_ = std::move(*object);
      stand_in_id_ = id;
      report_.found = true;
      if (on_original_ && (on_original_->id != id || on_original_->stand_in != name)) {
        spoilt_ = "it names another swap than its stand-in does";
        spoilt_text_ = record_text(object_);
        on_original_.reset();
      }
    }
    if (on_original_ && meant(on_original_->id)) {
      record_ = on_original_;
    } else if (auto copy = parse_record(record_text(stand_in_))) {
      // Made, but the original was never scaled; or its own record can't be read.
      record_ = std::move(*copy);
    }
    return {};
  }

  bool stand_in_ready() const {
    return number_of(kube::field(stand_in_, "status"), "readyReplicas") > 0;
  }

  Status judge() {
    if (spoilt_ && !record_ && !request_.force) {
      return fail(problem::kRecordUnreadable, what(), "its record can't be read: " + *spoilt_,
                  "scale it to what it shall be and remove the annotation " +
                      std::string(kSwapAnnotation) + ", or leave that to --force");
    }
    report_.id = !stand_in_id_.empty() ? stand_in_id_ : record_ ? record_->id : request_.id;
    report_.owner = record_ ? record_->owner : "";
    report_.replicas = object_.is_null() ? 0 : replicas_of(object_);
    const bool anybodys = !request_.id.empty() || request_.force || request_.owner.empty();
    if (anybodys || !record_ || !stand_in_ready()) return {};
    if (is_held_by(*record_, request_.owner, request_.holder)) return {};
    return fail(problem::kHeldByAnother, what(), "it is in use by " + held_by(*record_),
                "ask them to leave it, or go ahead with --force");
  }

  Status find_steered() {
    if (record_) {
      for (const std::string& name : record_->services) steered_.push_back({name, record_->id});
    }
    if (request_.inside) return {};
    const auto noted = steered_services(run_, original_, report_.id);
    // Then those of the record must do.
    if (!noted && noted.error().code == ErrorCode::kForbidden) return {};
    if (!noted) return fail(noted.error());
    for (const SteeredService& service : *noted) {
      report_.found = true;
      const bool known = std::any_of(steered_.begin(), steered_.end(), [&](const auto& one) {
        return one.name == service.name && one.id == service.id;
      });
      if (!known) steered_.push_back(service);
    }
    return {};
  }

  Result<RestoreReport> missing_or_nothing() {
    if (!object_.is_null()) return std::move(report_);
    // Who knows of a swap of it knows that it was there: it was deleted, with all that is ours.
    if (!request_.id.empty()) {
      report_.notes.push_back(to_string(original_) + " is gone: nothing is left to put back");
      return std::move(report_);
    }
    const std::string hint = kube::meant_instead(run_.api, resource_of(original_.kind),
                                                 original_.ns, original_.name, run_.cancel);
    return fail(problem::kNothingToRestore, what(), "there is no such workload, and no swap of it",
                with_hint(hint, "ferry list --swaps shows what is swapped"));
  }

  Status scale_back() {
    if (object_.is_null()) {
      report_.notes.push_back(to_string(original_) + " is gone: nothing is left to scale back");
      return {};
    }
    if (!record_ && spoilt_) {
      report_.notes.push_back("the record of " + to_string(original_) +
                              " can't be read: it stays at " + std::to_string(report_.replicas) +
                              " replicas");
    }
    // As planned, it was never scaled: what somebody has made of it since is theirs.
    if (!record_ || !record_->scaling) return {};
    const auto scaled = update(run_, resource_of(original_.kind), original_.ns, original_.name,
                               [this](const Json& object) { return scale_patch(object); });
    if (!scaled) return lost_original(scaled.error());
    object_ = *scaled;
    report_.replicas = replicas_of(object_);
    if (on_original_ && report_.replicas != record_->replicas) {
      report_.notes.push_back("somebody has scaled " + to_string(original_) + " to " +
                              std::to_string(report_.replicas) + " meanwhile: that stays");
    }
    return {};
  }

  // Also where only the stand-in's copy of the record is left: at 0 it may not stay.
  Result<Json> scale_patch(const Json& object) const {
    if (replicas_of(object) != 0 || record_->replicas == 0) return Json();
    tell(run_, to_string(original_) + ": scaling back to " + std::to_string(record_->replicas));
    Json patch;
    patch["spec"]["replicas"] = record_->replicas;
    return patch;
  }

  // Somebody has deleted it in the middle: go on with the rest.
  Status lost_original(const Error& error) {
    if (error.code != ErrorCode::kNotFound) return fail(error);
    object_ = Json();
    report_.notes.push_back(to_string(original_) + " was deleted meanwhile");
    return {};
  }

  // While the stand-in serves, its Services may wait for the original; while it doesn't, nothing is
  // better for them than whatever pod comes first.
  Status serve_again() {
    if (!stand_in_ready()) {
      if (Status status = unsteer_all(); !status) return status;
      return wait_available();
    }
    if (Status status = wait_available(); !status) return status;
    return unsteer_all();
  }

  Status wait_available() {
    if (object_.is_null() || (record_ && record_->keep_original)) return {};
    // What didn't run before may never come up: it was swapped to find out why, perhaps.
    const bool ran = !record_ || record_->was_available;
    const Duration limit = ran ? run_.limits.available : run_.limits.step;
    const Status waited = wait_until(run_, to_string(original_) + ": until it is available", limit,
                                     [this] { return pods_missing(); });
    if (waited) return {};
    if (waited.error().code == ErrorCode::kNotFound) return lost_original(waited.error());
    if (waited.error().code != ErrorCode::kTimedOut) return waited;
    report_.notes.push_back(waited.error().summary());
    return {};
  }

  Result<std::optional<std::string>> pods_missing() {
    const auto object =
        run_.api.get(resource_of(original_.kind), original_.ns, original_.name, run_.cancel);
    if (!object) return fail(object.error());
    const Json& status = kube::field(*object, "status");
    const auto wanted = static_cast<std::int64_t>(replicas_of(*object));
    const std::int64_t available = available_of(*object);
    const bool seen = number_of(status, "observedGeneration") >=
                      number_of(kube::field(*object, "metadata"), "generation");
    if (seen && available >= wanted) return std::optional<std::string>();
    return std::optional(std::to_string(available) + " of " + std::to_string(wanted) + " pods");
  }

  Status unsteer_all() {
    for (const SteeredService& service : steered_) {
      const Status done = unsteer(run_, original_.ns, service.name, service.id);
      if (!done) return done;
    }
    return {};
  }

  Status remove_record() {
    if (object_.is_null()) return {};
    const auto removed = update(run_, resource_of(original_.kind), original_.ns, original_.name,
                                [this](const Json& object) { return record_patch(object); });
    return removed ? Status{} : lost_original(removed.error());
  }

  Result<Json> record_patch(const Json& object) const {
    const std::string text = record_text(object);
    if (text.empty()) return Json();
    const Result<Record> record = parse_record(text);
    // Somebody else may have swapped it in this moment.
    const bool ours = spoilt_ ? text == spoilt_text_ : record && record->id == report_.id;
    if (!ours) return Json();
    Json patch;
    patch["metadata"]["annotations"][kSwapAnnotation] = nullptr;
    // It wasn't there a moment ago: the scaling came late.
    const bool late = !on_original_ && record && record->scaling;
    if (late && replicas_of(object) == 0) patch["spec"]["replicas"] = record->replicas;
    return patch;
  }

  Status remove_stand_in() {
    if (stand_in_.is_null()) return {};
    const Json& metadata = kube::field(stand_in_, "metadata");
    const std::string name = kube::text_field(metadata, "name");
    tell(run_, "deployment/" + name + ": removing the stand-in");
    const auto removed = run_.api.remove(kube::kDeployments, original_.ns, name,
                                         {.uid = kube::text_field(metadata, "uid")}, run_.cancel);
    // A conflict: another one of that name is there by now.
    const bool gone = !removed && (removed.error().code == ErrorCode::kNotFound ||
                                   removed.error().code == ErrorCode::kConflict);
    return removed || gone ? Status{} : Status(fail(removed.error()));
  }

  Status wait_for_pods() {
    if (request_.inside || report_.id.empty()) return {};
    const kube::Selectors ours{std::string(kStandInLabel) + "=" + report_.id, {}};
    const auto look = [&]() -> Result<std::optional<std::string>> {
      const auto list = run_.api.list(kube::kPods, original_.ns, ours, run_.cancel);
      if (!list) return fail(list.error());
      if (list->items.empty()) return std::optional<std::string>();
      return std::optional<std::string>("its pod finishes what is in flight");
    };
    const Status waited = wait_until(run_, "the stand-in", run_.limits.step, look);
    if (waited) return {};
    const ErrorCode code = waited.error().code;
    if (code != ErrorCode::kTimedOut && code != ErrorCode::kForbidden) return waited;
    report_.notes.push_back(waited.error().summary());
    return {};
  }

  Run& run_;
  const RestoreRequest& request_;
  const WorkloadRef& original_;
  Json object_;    // the original; null: gone
  Json stand_in_;  // null: none
  std::string stand_in_id_;
  std::optional<Record> record_;
  std::optional<Record> on_original_;  // readable, of whichever swap
  std::optional<std::string> spoilt_;  // what is wrong with the original's own
  std::string spoilt_text_;
  std::vector<SteeredService> steered_;
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> restore(Run& run, const RestoreRequest& request) {
  auto report = Restore(run, request).run();
  if (!report || !request.late_until || run.pace.now() >= *request.late_until) return report;
  tell(run, "looking again for a while: the API server left a call without an answer");
  while (run.pace.now() < *request.late_until) {
    if (!run.pace.sleep_for(kLookAgain, run.cancel)) {
      return fail(kube::cancelled_error("restoring " + describe(request.original)));
    }
    auto again = Restore(run, request).run();
    if (!again) return again;
    if (again->found) report = std::move(again);
  }
  return report;
}

}  // namespace ferry::swap
