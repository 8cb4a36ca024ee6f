#include "kube/swap/steering.h"

#include "kube/json_field.h"
#include "kube/swap/update.h"

namespace ferry::swap {
namespace {

using kube::Json;

const Json& selector_of(const Json& service) {
  return kube::field(kube::field(service, "spec"), "selector");
}

std::string note_of(const Json& service) {
  return kube::text_field(kube::field(kube::field(service, "metadata"), "annotations"),
                          kSteeredAnnotation);
}

Json parse_note(const Json& service) { return Json::parse(note_of(service), nullptr, false); }

// A note that somebody edited into nonsense is nobody's; the label in the selector says whose.
bool noted_by(const Json& service, const std::string& id) {
  const std::string noted = kube::text_field(parse_note(service), "id");
  if (!noted.empty()) return noted == id;
  return !note_of(service).empty() && kube::text_field(selector_of(service), kStandInLabel) == id;
}

}  // namespace

Status steer(Run& run, const std::string& ns, const std::string& service, const Record& record) {
  const auto make_patch = [&](const Json& object) -> Result<Json> {
    if (kube::text_field(selector_of(object), kStandInLabel) == record.id) return Json();
    const Json note = {
        {"id", record.id}, {"workload", record.workload}, {"selector", selector_of(object)}};
    Json patch;
    patch["metadata"]["annotations"][kSteeredAnnotation] = note.dump();
    patch["spec"]["selector"][kStandInLabel] = record.id;
    return patch;
  };
  const auto steered = update(run, kube::kServices, ns, service, make_patch);
  return steered ? Status{} : Status(fail(steered.error()));
}

Status unsteer(Run& run, const std::string& ns, const std::string& service, const std::string& id) {
  const auto make_patch = [&](const Json& object) -> Result<Json> {
    Json patch;
    if (kube::text_field(selector_of(object), kStandInLabel) == id) {
      patch["spec"]["selector"][kStandInLabel] = nullptr;
    }
    if (noted_by(object, id)) patch["metadata"]["annotations"][kSteeredAnnotation] = nullptr;
    return patch;
  };
  const auto done = update(run, kube::kServices, ns, service, make_patch);
  if (done || done.error().code == ErrorCode::kNotFound) return {};
  return fail(done.error());
}

Result<std::vector<SteeredService>> steered_services(Run& run, const WorkloadRef& workload,
                                                     const std::string& id) {
  const auto all = run.api.list(kube::kServices, workload.ns, {}, run.cancel);
  if (!all) return fail(all.error());
  std::vector<SteeredService> steered;
  for (const Json& service : all->items) {
    const std::string selected = kube::text_field(selector_of(service), kStandInLabel);
    const Json note = parse_note(service);
    const bool by_id = !id.empty() && (selected == id || noted_by(service, id));
    const bool by_workload =
        id.empty() && kube::text_field(note, "workload") == to_string(workload);
    if (!by_id && !by_workload) continue;
    const std::string noted = kube::text_field(note, "id");
    steered.push_back({kube::text_field(kube::field(service, "metadata"), "name"),
                       noted.empty() ? selected : noted});
  }
  return steered;
}

}  // namespace ferry::swap
