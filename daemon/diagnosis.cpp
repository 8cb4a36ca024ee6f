#include "daemon/diagnosis.h"

#include <utility>

#include "daemon/link_findings.h"
#include "kube/diagnose/policies.h"

namespace ferry::daemon {
namespace {

kube::TargetKind kind_of(control::TargetKind kind) {
  switch (kind) {
    case control::TargetKind::kService: return kube::TargetKind::kService;
    case control::TargetKind::kDeployment: return kube::TargetKind::kDeployment;
    case control::TargetKind::kStatefulSet: return kube::TargetKind::kStatefulSet;
    case control::TargetKind::kReplicaSet: return kube::TargetKind::kReplicaSet;
    case control::TargetKind::kPod: return kube::TargetKind::kPod;
    case control::TargetKind::kHost: break;
  }
  return kube::TargetKind::kHost;
}

}  // namespace

kube::Target kube_target(const control::Target& target) {
  return {kind_of(target.kind), target.name};
}

Result<diagnose::Report> diagnose_target(Backend& backend, const control::KubeAccess& kube,
                                         const control::Target& target, const TryDoors& try_doors,
                                         const kube::CancelToken& cancel) {
  const auto cluster = backend.open_cluster(kube);
  if (!cluster) return fail(cluster.error());
  auto report = diagnose::diagnose(*cluster->api, kube_target(target), cluster->ns, cancel);
  if (report && unexplained(*report) && !report->doors.empty()) {
    add_knocks(*report, try_doors(*cluster, report->doors));
    name_policies(*cluster->api, *report, cancel);
  }
  return report;
}

diagnose::Report diagnose_link(Backend& backend, const LinkPlace& place,
                               const kube::CancelToken& cancel) {
  const auto& link = place.link;
  auto target = link.target;
  if (link.swap && !link.swap->stand_in.empty()) {
    target = {control::TargetKind::kDeployment, link.swap->stand_in};
  }
  diagnose::Report report{.object = {}, .ns = link.kube_namespace};
  if (target.kind != control::TargetKind::kHost) {
    // A link tries its doors itself: its state tells what came of it.
    const auto no_doors = [](const auto&, auto) { return std::vector<diagnose::Knock>(); };
    auto of_target = diagnose_target(backend, place.kube, target, no_doors, cancel);
    if (of_target) report = std::move(*of_target);
  }
  report.object = "link/" + link.id;
  const auto own = link_findings(link, place.tunnels);
  const bool vague = !own.empty() && own.front().code == diagnose::Code::kLinkWaits;
  report.findings.insert(vague ? report.findings.end() : report.findings.begin(), own.begin(),
                         own.end());
  return report;
}

control::Diagnosis for_clients(diagnose::Report report) {
  control::Diagnosis diagnosis{.object = std::move(report.object),
                               .kube_namespace = std::move(report.ns),
                               .pods = static_cast<std::uint32_t>(report.pods),
                               .ready_pods = static_cast<std::uint32_t>(report.ready_pods),
                               .findings = {}};
  for (auto& finding : report.findings) {
    diagnosis.findings.push_back({.code = std::string(name_of(finding.code)),
                                  .object = std::move(finding.object),
                                  .cause = std::move(finding.cause),
                                  .evidence = std::move(finding.evidence),
                                  .fix = std::move(finding.fix)});
  }
  return diagnosis;
}

}  // namespace ferry::daemon
