#include "kube/swap/watch.h"

#include <array>
#include <ctime>

#include "kube/json_field.h"

namespace ferry::swap {
namespace {

using kube::Json;

std::string template_of(const Json& object) {
  return kube::field(kube::field(object, "spec"), "template").dump();
}

// As a clock on this machine's wall shows it.
std::string local_time(const std::string& rfc3339) {
  std::tm parts{};
  if (strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) return {};
  const std::time_t seconds = timegm(&parts);
  localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), " at %H:%M on %F", &parts)};
}

std::string took_over(const WorkloadRef& what, const std::string& owner, const std::string& when) {
  return (owner.empty() ? "somebody" : owner) + " took over " + to_string(what) + local_time(when) +
         "; nothing of this swap is left";
}

}  // namespace

SwapObserver::SwapObserver(const SwapPlan& plan)
    : original_(plan.request.original),
      record_(plan.record),
      keep_original_(plan.request.keep_original) {
  if (!keep_original_) replicas_ = 0;
}

std::vector<Change> SwapObserver::look_at_original(const Json& object) {
  if (!taker_.empty()) return {};  // what happens to it now is the taker's doing
  const std::string name = to_string(original_);
  if (object.is_null()) {
    if (!original_there_) return {};
    original_there_ = false;
    return {
        {ChangeKind::kOriginalDeleted,
         name + " was deleted: there is nothing to restore; the stand-in goes on until you leave"}};
  }
  std::vector<Change> changes;
  original_there_ = true;
  const auto replicas = static_cast<std::int64_t>(replicas_of(object));
  if (replicas_ && *replicas_ != replicas && !keep_original_) {
    changes.push_back(
        replicas > 0
            ? Change{ChangeKind::kOriginalScaledUp,
                     "somebody has scaled " + name + " to " + std::to_string(replicas) +
                         ": its pods take a share of the traffic, and restoring leaves it so"}
            : Change{ChangeKind::kOriginalScaledDown,
                     name + " is at 0 again: all traffic comes here"});
  }
  replicas_ = replicas;
  const std::string now = template_of(object);
  if (template_ && *template_ != now) {
    changes.push_back({ChangeKind::kOriginalChanged,
                       "the pod template of " + name +
                           " was changed: the stand-in still has the former environment and "
                           "files; leave and swap again to get the new ones"});
  }
  template_ = now;
  const Result<Record> record = parse_record(record_text(object));
  const bool there = record && record->id == record_.id;
  if (!there && record_there_) {
    changes.push_back({ChangeKind::kRecordLost,
                       record ? name + " was swapped by " + held_by(*record) + " meanwhile"
                              : "the record on " + name + " was " +
                                    (record_text(object).empty() ? "taken off" : "edited") +
                                    ": restoring goes by the stand-in's copy of it"});
  }
  record_there_ = there;
  return changes;
}

void SwapObserver::look_for_taker(const Json& stand_in) {
  const std::string id = stand_in_id(stand_in);
  if (id == record_.id) {
    const Json& annotations = kube::field(kube::field(stand_in, "metadata"), "annotations");
    const std::string text = kube::text_field(annotations, kTakenOverAnnotation);
    const Json note = Json::parse(text, nullptr, false);
    if (note.is_object()) {
      taker_ = took_over(original_, kube::text_field(note, "owner"), kube::text_field(note, "at"));
    }
  } else if (const auto record = parse_record(record_text(stand_in)); record && !id.empty()) {
    taker_ = took_over(original_, record->owner, record->since);
  }
}

std::vector<Change> SwapObserver::look_at_stand_in(const Json& object) {
  const bool there = !object.is_null() && stand_in_id(object) == record_.id;
  const bool lost = stand_in_there_ && !there;
  stand_in_there_ = there;
  if (!lost) return {};
  if (!taker_.empty()) return {{ChangeKind::kTakenOver, taker_}};
  // The order in which restoring takes them away.
  const std::string why = record_there_ ? "deployment/" + record_.stand_in + " was deleted"
                                        : "somebody has put it back (ferry restore)";
  return {{ChangeKind::kStandInDeleted, why + ": nothing comes here any more"}};
}

std::vector<Change> SwapObserver::look_at_pod(const std::string& name, const std::string& uid) {
  if (name.empty() || uid == pod_uid_) return {};
  const bool moved = !pod_uid_.empty();
  const std::string before = pod_name_;
  pod_name_ = name;
  pod_uid_ = uid;
  if (!moved) return {};
  return {{ChangeKind::kPodMoved, "pod/" + name + " stands in instead of pod/" + before, name}};
}

}  // namespace ferry::swap
