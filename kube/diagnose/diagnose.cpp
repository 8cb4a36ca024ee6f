#include "kube/diagnose/diagnose.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "kube/diagnose/pod_findings.h"
#include "kube/diagnose/service_findings.h"
#include "kube/diagnose/workload_findings.h"
#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/text.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using kube::TargetKind;

constexpr std::size_t kLogsRead = 4;  // pods are often alike
constexpr int kLogLines = 20;

kube::Resource resource_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::kService: return kube::kServices;
    case TargetKind::kDeployment: return kube::kDeployments;
    case TargetKind::kStatefulSet: return kube::kStatefulSets;
    case TargetKind::kReplicaSet: return kube::kReplicaSets;
    case TargetKind::kPod:
    case TargetKind::kHost: break;
  }
  return kube::kPods;
}

std::string metadata(const Json& object, std::string_view key) {
  return kube::text_field(kube::field(object, "metadata"), key);
}

class Walk {
 public:
  Walk(kube::Api& api, std::string ns, const kube::CancelToken& cancel)
      : api_(api), ns_(std::move(ns)), cancel_(cancel) {}

  Result<Report> from(const kube::Target& target) {
    report_.object = kube::to_string(target);
    report_.ns = ns_;
    const auto object = api_.get(resource_of(target.kind), ns_, target.name, cancel_);
    if (!object) return fail(object.error());
    Status walked;
    if (target.kind == TargetKind::kPod) {
      look_at({*object});
    } else if (target.kind == TargetKind::kService) {
      walked = service(*object);
    } else {
      walked = workload(*object, report_.object);
    }
    if (!walked) return fail(walked.error());
    for (Finding& finding : report_.findings) {
      const int more = more_[finding.object];
      if (more > 0) finding.evidence.push_back("so are " + std::to_string(more) + " more pods");
    }
    return std::move(report_);
  }

 private:
  Status service(const Json& object) {
    ServiceFacts facts{.service = object, .slices = {}, .pods = {}};
    const auto slices = api_.list(
        kube::kEndpointSlices, ns_,
        {.labels = kube::endpoint_slice_selector(metadata(object, "name")), .fields = {}}, cancel_);
    if (!slices) return fail(slices.error());
    const auto pods = api_.list(kube::kPods, ns_, {}, cancel_);
    if (!pods) return fail(pods.error());
    facts.slices = slices->items;
    facts.pods = pods->items;
    const auto selected = selected_pods(facts);
    if (selected.empty()) add_workloads(kube::parse_service(object).selector);
    look_at(selected);
    // What is wrong with the pods comes before what follows from it for the Service.
    for (auto& finding : service_findings(facts)) {
      const bool from_pods = finding.code == "no-ready-endpoints" && !report_.findings.empty();
      if (!from_pods) report_.findings.push_back(std::move(finding));
    }
    return {};
  }

  Status workload(const Json& object, const std::string& name) {
    const auto pods = api_.list(
        kube::kPods, ns_, {.labels = kube::parse_workload(object).selector, .fields = {}}, cancel_);
    if (!pods) return fail(pods.error());
    look_at(pods->items);
    auto own = workload_findings(object, name);
    // A rollout that is stuck follows from its pods; that there are none is a cause.
    const bool first = pods->items.empty();
    report_.findings.insert(first ? report_.findings.begin() : report_.findings.end(),
                            std::make_move_iterator(own.begin()),
                            std::make_move_iterator(own.end()));
    return {};
  }

  // Those whose pods the selector would select, if there were any.
  void add_workloads(const std::map<std::string, std::string>& selector) {
    if (selector.empty()) return;
    for (const auto& [resource, kind] :
         {std::pair{kube::kDeployments, TargetKind::kDeployment},
          std::pair{kube::kStatefulSets, TargetKind::kStatefulSet}}) {
      const auto list = api_.list(resource, ns_, {}, cancel_);
      if (!list) continue;
      for (const Json& object : list->items) {
        const Json& pod = kube::field(kube::field(object, "spec"), "template");
        const auto labels = kube::text_map_field(kube::field(pod, "metadata"), "labels");
        if (!std::includes(labels.begin(), labels.end(), selector.begin(), selector.end()))
          continue;
        for (auto& finding : workload_findings(
                 object, kube::to_string(kube::Target{kind, metadata(object, "name")}))) {
          report_.findings.push_back(std::move(finding));
        }
      }
    }
  }

  void look_at(const std::vector<Json>& pods) {
    std::vector<PodFacts> sick;
    for (const Json& pod : pods) {
      ++report_.pods;
      if (kube::parse_pod(pod).ready) {
        ++report_.ready_pods;
      } else {
        sick.push_back({.pod = pod, .events = {}, .last_lines = {}});
      }
    }
    if (sick.empty()) return;
    read_events(sick);
    std::size_t logs = 0;
    for (PodFacts& facts : sick) {
      if (logs++ < kLogsRead) read_logs(facts);
      for (auto& finding : pod_findings(facts)) add_to_pods(std::move(finding));
    }
  }

  void read_events(std::vector<PodFacts>& sick) {
    const auto events = api_.list(kube::kEvents, ns_, {}, cancel_);
    if (!events) return;
    auto items = events->items;
    const auto time_of = [](const Json& event) {
      auto time = kube::text_field(event, "lastTimestamp");
      return time.empty() ? kube::text_field(event, "eventTime") : time;
    };
    std::stable_sort(items.begin(), items.end(),
                     [&](const Json& a, const Json& b) { return time_of(a) < time_of(b); });
    for (PodFacts& facts : sick) {
      const auto uid = metadata(facts.pod, "uid");
      for (const Json& event : items) {
        if (kube::text_field(kube::field(event, "involvedObject"), "uid") == uid) {
          facts.events.push_back(event);
        }
      }
    }
  }

  void read_logs(PodFacts& facts) {
    for (const WantedLog& log : wanted_logs(facts.pod)) {
      kube::Request request;
      request.path = kube::path_of(kube::kPods, ns_, metadata(facts.pod, "name"), "log");
      request.query = {{"container", log.container},
                       {"tailLines", std::to_string(kLogLines)},
                       {"limitBytes", "16384"}};
      if (log.previous) request.query.emplace_back("previous", "true");
      auto& lines = facts.last_lines[log.container];
      // Without a log there is the rest.
      static_cast<void>(api_.stream(
          request,
          [&](std::string_view line) {
            lines.emplace_back(line);
            return true;
          },
          cancel_));
    }
  }

  // Pods of one workload mostly suffer from the same.
  void add_to_pods(Finding finding) {
    for (Finding& known : report_.findings) {
      if (known.code != finding.code || known.cause != finding.cause) continue;
      ++more_[known.object];
      return;
    }
    report_.findings.push_back(std::move(finding));
  }

  kube::Api& api_;
  const std::string ns_;
  const kube::CancelToken& cancel_;
  Report report_;
  std::map<std::string, int> more_;
};

}  // namespace

Result<Report> diagnose(kube::Api& api, const kube::Target& target, const std::string& ns,
                        const kube::CancelToken& cancel) {
  if (target.kind == TargetKind::kHost) {
    return fail(ErrorCode::kUnsupported, "diagnosing " + kube::to_string(target),
                "a host is no object of the cluster", "name a Service, a workload or a pod");
  }
  return Walk(api, ns, cancel).from(target);
}

}  // namespace ferry::diagnose
