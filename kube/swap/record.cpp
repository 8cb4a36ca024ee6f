#include "kube/swap/record.h"

#include <algorithm>

#include "kube/certificate.h"
#include "kube/json_field.h"
#include "kube/swap/problems.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr int kVersion = 1;
constexpr std::size_t kLongestName = 52;

// FNV-1a, in hexadecimal: tells long names apart, guards nothing.
std::string short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned shift = 0; shift < 32; shift += 4) out += kDigits[(hash >> shift) & 0xFU];
  return out;
}

tl::unexpected<Error> nonsense(const std::string& why) {
  return fail(problem::kRecordUnreadable, "", why);
}

Result<std::vector<std::string>> parse_services(const Json& json) {
  std::vector<std::string> names;
  const Json& services = kube::field(json, "services");
  if (!services.is_null() && !services.is_array()) return nonsense("services is not a list");
  for (const Json& name : services) {
    if (!name.is_string()) return nonsense("a service's name is not a text");
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace

std::string to_text(const Record& record) {
  const Json json = {{"version", kVersion},         {"id", record.id},
                     {"owner", record.owner},       {"holder", record.holder},
                     {"since", record.since},       {"workload", record.workload},
                     {"replicas", record.replicas}, {"wasAvailable", record.was_available},
                     {"standIn", record.stand_in},  {"container", record.container},
                     {"services", record.services}, {"keepOriginal", record.keep_original},
                     {"scaling", record.scaling}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Record> parse_record(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return nonsense("it is not a JSON object");
  const std::int64_t version = kube::int_field(json, "version", 1, kMaxReplicas, 0);
  if (version == 0) return nonsense("its version is missing");
  if (version != kVersion) {
    return nonsense("it is of version " + std::to_string(version) + ", which is not known here");
  }
  Record record;
  record.id = kube::text_field(json, "id");
  record.owner = kube::text_field(json, "owner");
  record.holder = kube::text_field(json, "holder");
  record.since = kube::text_field(json, "since");
  record.workload = kube::text_field(json, "workload");
  record.stand_in = kube::text_field(json, "standIn");
  record.container = kube::text_field(json, "container");
  record.was_available = kube::bool_field(json, "wasAvailable", true);
  record.keep_original = kube::bool_field(json, "keepOriginal", false);
  record.scaling = kube::bool_field(json, "scaling", false);
  const std::int64_t replicas = kube::int_field(json, "replicas", 0, kMaxReplicas, -1);
  if (replicas < 0) return nonsense("replicas is not a number of pods");
  record.replicas = static_cast<std::uint32_t>(replicas);
  if (record.id.empty()) return nonsense("id is missing");
  if (record.stand_in.empty()) return nonsense("standIn is missing");
  auto services = parse_services(json);
  if (!services) return fail(services.error());
  record.services = std::move(*services);
  return record;
}

std::string record_text(const Json& object) {
  const Json& annotations = kube::field(kube::field(object, "metadata"), "annotations");
  return kube::text_field(annotations, kSwapAnnotation);
}

std::string stand_in_id(const Json& object) {
  return kube::text_field(kube::field(kube::field(object, "metadata"), "labels"), kStandInLabel);
}

bool is_held_by(const Record& record, const std::string& owner, const std::string& holder) {
  if (record.holder.empty() || holder.empty()) return record.owner == owner;
  return record.holder == holder;
}

std::string held_by(const Record& record) {
  return (record.owner.empty() ? "somebody" : record.owner) +
         (record.since.empty() ? "" : " since " + record.since);
}

std::string stand_in_name(const WorkloadRef& original) {
  std::string suffix = "-ferry";
  if (original.kind == WorkloadKind::kStatefulSet) suffix = "-sts-ferry";
  if (original.kind == WorkloadKind::kReplicaSet) suffix = "-rs-ferry";
  std::string name = original.name;
  if (name.size() + suffix.size() > kLongestName) {
    suffix = "-" + short_hash(name) + suffix;
    name.resize(kLongestName - suffix.size());
  }
  // A Deployment's name may have dots, which its pods' host names can't.
  std::replace(name.begin(), name.end(), '.', '-');
  return name + suffix;
}

std::string to_rfc3339(std::chrono::system_clock::time_point date) {
  return kube::rfc3339_time(std::chrono::system_clock::to_time_t(date));
}

}  // namespace ferry::swap
