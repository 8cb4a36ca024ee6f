#include "kube/diagnose/diagnose.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "kube/diagnose/pod_findings.h"
#include "kube/diagnose/reading.h"
#include "kube/diagnose/service_findings.h"
#include "kube/diagnose/workload_findings.h"
#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/problems.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using kube::TargetKind;

constexpr std::size_t kLogsRead = 4;  // pods are often alike

std::string metadata(const Json& object, std::string_view key) {
  return kube::text_field(kube::field(object, "metadata"), key);
}

// Whether the pods that a workload makes have all of these labels.
bool makes_pods_with(const Json& workload, const std::map<std::string, std::string>& selector) {
  const Json& pod = kube::field(kube::field(workload, "spec"), "template");
  const auto labels = kube::text_map_field(kube::field(pod, "metadata"), "labels");
  return std::includes(labels.begin(), labels.end(), selector.begin(), selector.end());
}

class Walk {
 public:
  Walk(kube::Api& api, const std::string& ns, const kube::CancelToken& cancel)
      : reading_(api, ns, cancel), events_soon_(reading_.events()) {
    report_.ns = ns;
  }

  Result<Report> from(const kube::Target& target) {
    report_.object = kube::to_string(target);
    const auto walked = target.kind == TargetKind::kService ? service(target)
                        : target.kind == TargetKind::kPod   ? pod(target)
                                                            : workload(target);
    if (!walked) return fail(walked.error());
    return std::move(report_);
  }

 private:
  Status pod(const kube::Target& target) {
    const auto object = reading_.object(kube::kPods, target.name).get();
    if (!object) return fail(object.error());
    look_at({*object});
    report_.doors = pod_doors({*object});
    return {};
  }

  Status service(const kube::Target& target) {
    auto object = reading_.object(kube::kServices, target.name);
    auto slices = reading_.list(kube::kEndpointSlices, kube::endpoint_slice_selector(target.name));
    auto pods = reading_.list(kube::kPods);
    const auto found = object.get();
    if (!found) return fail(found.error());
    auto found_slices = slices.get();
    if (!found_slices) return fail(found_slices.error());
    auto found_pods = pods.get();
    if (!found_pods) return fail(found_pods.error());
    const ServiceFacts facts{
        .service = *found, .slices = std::move(*found_slices), .pods = std::move(*found_pods)};
    const auto selected = selected_pods(facts);
    if (selected.empty()) add_workloads(kube::parse_service(*found).selector);
    look_at(selected);
    add_service(service_findings(facts));
    report_.doors = service_doors(facts);
    return {};
  }

  // What is wrong with the pods comes before what follows from it for the Service. Where pods are
  // ready and it is wrong all the same, that is the cause.
  void add_service(std::vector<Finding> own) {
    const bool rests =
        std::any_of(report_.findings.begin(), report_.findings.end(),
                    [](const Finding& finding) { return finding.code == Code::kScaledToZero; });
    std::erase_if(own, [&](const Finding& finding) {
      return (finding.code == Code::kNoReadyEndpoints && !report_.findings.empty()) ||
             (finding.code == Code::kSelectsNothing && rests);
    });
    add(std::move(own), report_.ready_pods > 0);
  }

  Status workload(const kube::Target& target) {
    const auto object = reading_.object(resource_of(target.kind), target.name).get();
    if (!object) return fail(object.error());
    const auto selector = kube::parse_workload(*object).selector;
    const auto pods = selector.empty() ? Result<std::vector<Json>>(std::vector<Json>())
                                       : reading_.list(kube::kPods, selector).get();
    if (!pods) return fail(pods.error());
    look_at(*pods);
    // A rollout that is stuck follows from its pods; that there are none is a cause.
    add(own_findings(*object, report_.object), pods->empty());
    report_.doors = pod_doors(*pods);
    return {};
  }

  std::vector<Finding> own_findings(const Json& workload, const std::string& name) {
    return workload_findings(workload, name, events_about(events(), metadata(workload, "uid")));
  }

  // Those whose pods the selector would select, if there were any.
  void add_workloads(const std::map<std::string, std::string>& selector) {
    if (selector.empty()) return;
    auto deployments = reading_.list(kube::kDeployments);
    auto sets = reading_.list(kube::kStatefulSets);
    for (auto& [list, kind] : {std::pair(&deployments, TargetKind::kDeployment),
                               std::pair(&sets, TargetKind::kStatefulSet)}) {
      const auto objects = list->get();
      if (!objects) continue;  // perhaps they may not be read
      for (const Json& object : *objects) {
        if (!makes_pods_with(object, selector)) continue;
        add(own_findings(object, kube::to_string(kube::Target{kind, metadata(object, "name")})),
            false);
      }
    }
  }

  void add(std::vector<Finding> findings, bool first) {
    report_.findings.insert(first ? report_.findings.begin() : report_.findings.end(),
                            std::make_move_iterator(findings.begin()),
                            std::make_move_iterator(findings.end()));
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
    for (PodFacts& facts : sick) {
      facts.events = events_about(events(), metadata(facts.pod, "uid"));
    }
    read_logs(sick);
    std::vector<Finding> findings;
    for (const PodFacts& facts : sick) {
      for (Finding& finding : pod_findings(facts)) findings.push_back(std::move(finding));
    }
    add(told_once(std::move(findings)), false);
  }

  void read_logs(std::vector<PodFacts>& sick) {
    struct Asked {
      std::vector<std::string>& lines;
      std::future<std::vector<std::string>> soon;
    };
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < std::min(sick.size(), kLogsRead); ++i) {
      for (const WantedLog& wanted : wanted_logs(sick[i].pod)) {
        asked.push_back({sick[i].last_lines[wanted.container],
                         reading_.log(metadata(sick[i].pod, "name"), wanted)});
      }
    }
    for (auto& [lines, soon] : asked) lines = soon.get();
  }

  const std::vector<Json>& events() {
    if (events_soon_.valid()) events_ = events_soon_.get();
    return events_;
  }

  Reading reading_;
  std::future<std::vector<Json>> events_soon_;
  std::vector<Json> events_;
  Report report_;
};

}  // namespace

bool unexplained(const Report& report) {
  return std::all_of(report.findings.begin(), report.findings.end(),
                     [](const Finding& finding) { return finding.code == Code::kPortUndeclared; });
}

void add_knocks(Report& report, const std::vector<Knock>& knocks) {
  auto findings = door_findings(knocks);
  const bool tried = !knocks.empty();
  if (tried && findings.empty()) {
    std::erase_if(report.findings,
                  [](const Finding& finding) { return finding.code == Code::kPortUndeclared; });
  }
  report.findings.insert(report.findings.begin(), std::make_move_iterator(findings.begin()),
                         std::make_move_iterator(findings.end()));
}

Result<Report> diagnose(kube::Api& api, const kube::Target& target, const std::string& ns,
                        const kube::CancelToken& cancel) {
  if (target.kind == TargetKind::kHost) {
    return fail(kube::problem::kHostNotAnObject, "diagnosing " + kube::to_string(target),
                "a host is no object of the cluster", "name a Service, a workload or a pod");
  }
  return Walk(api, ns, cancel).from(target);
}

}  // namespace ferry::diagnose
