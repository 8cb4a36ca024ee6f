#include "kube/swap/list.h"

#include <algorithm>
#include <utility>

#include "kube/json_field.h"

namespace ferry::swap {
namespace {

using kube::Json;

std::string text_of(const Json& object, const char* key) {
  return kube::text_field(kube::field(object, "metadata"), key);
}

class Listing {
 public:
  explicit Listing(Run& run) : run_(run) {}

  Result<std::vector<FoundSwap>> run(const std::string& ns) {
    for (const WorkloadKind kind :
         {WorkloadKind::kDeployment, WorkloadKind::kStatefulSet, WorkloadKind::kReplicaSet}) {
      const auto list = run_.api.list(resource_of(kind), ns, {}, run_.cancel);
      if (!list) return fail(list.error());
      for (const Json& object : list->items) {
        add_original(kind, object);
        if (kind == WorkloadKind::kDeployment) add_stand_in(object);
      }
    }
    join();
    std::sort(found_.begin(), found_.end(), [](const FoundSwap& a, const FoundSwap& b) {
      return std::pair(a.original.ns, a.original.name) < std::pair(b.original.ns, b.original.name);
    });
    return std::move(found_);
  }

 private:
  struct StandIn {
    std::string ns;
    std::string id;
    Json object;
    bool used = false;
  };

  void add_original(WorkloadKind kind, const Json& object) {
    const std::string text = record_text(object);
    // A stand-in bears a copy.
    if (text.empty() || !stand_in_id(object).empty()) return;
    FoundSwap swap;
    swap.original = {text_of(object, "namespace"), kind, text_of(object, "name")};
    swap.swapped = true;
    if (auto record = parse_record(text)) {
      swap.record = std::move(*record);
    } else {
      swap.readable = false;
      swap.state = "record unreadable";
      swap.record.stand_in = stand_in_name(swap.original);
    }
    found_.push_back(std::move(swap));
  }

  void add_stand_in(const Json& object) {
    const std::string id = stand_in_id(object);
    if (!id.empty()) stand_ins_.push_back({text_of(object, "namespace"), id, object});
  }

  void join() {
    for (FoundSwap& swap : found_) {
      const auto stand_in =
          std::find_if(stand_ins_.begin(), stand_ins_.end(), [&](const auto& one) {
            return one.ns == swap.original.ns &&
                   text_of(one.object, "name") == swap.record.stand_in;
          });
      swap.stand_in = stand_in != stand_ins_.end();
      if (swap.stand_in) stand_in->used = true;
      if (!swap.state.empty()) continue;
      swap.state = !swap.stand_in               ? "stand-in missing"
                   : is_ready(stand_in->object) ? "swapped"
                                                : "stand-in not ready";
    }
    for (const StandIn& stand_in : stand_ins_) {
      if (!stand_in.used) add_alone(stand_in);
    }
  }

  static bool is_ready(const Json& stand_in) {
    return kube::int_field(kube::field(stand_in, "status"), "readyReplicas", 1, 1000, 0) > 0;
  }

  // Not scaled yet, restored just now, or left over from an original that was deleted.
  void add_alone(const StandIn& stand_in) {
    FoundSwap swap;
    swap.stand_in = true;
    swap.state = "starting";
    if (auto record = parse_record(record_text(stand_in.object))) {
      swap.record = std::move(*record);
      const auto original = parse_workload_argument(stand_in.ns + "/" + swap.record.workload);
      if (original) swap.original = *original;
    }
    if (swap.original.name.empty()) {
      swap.original = {stand_in.ns, WorkloadKind::kDeployment, text_of(stand_in.object, "name")};
      swap.record.id = stand_in.id;
      swap.record.stand_in = swap.original.name;
      swap.readable = false;
      swap.state = "record unreadable";
    }
    found_.push_back(std::move(swap));
  }

  Run& run_;
  std::vector<FoundSwap> found_;
  std::vector<StandIn> stand_ins_;
};

}  // namespace

Result<std::vector<FoundSwap>> list_swaps(Run& run, const std::string& ns) {
  return Listing(run).run(ns);
}

}  // namespace ferry::swap
