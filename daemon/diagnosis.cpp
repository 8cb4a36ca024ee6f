#include "daemon/diagnosis.h"

#include <utility>

#include "kube/diagnose/diagnose.h"
#include "kube/target.h"

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

control::Finding for_clients(diagnose::Finding finding) {
  return {.code = std::string(name_of(finding.code)),
          .object = std::move(finding.object),
          .cause = std::move(finding.cause),
          .evidence = std::move(finding.evidence),
          .fix = std::move(finding.fix)};
}

}  // namespace

Result<control::Diagnosis> diagnose(Backend& backend, const control::DiagnoseSpec& spec,
                                    const kube::CancelToken& cancel) {
  const auto cluster = backend.open_cluster(spec.kube);
  if (!cluster) return fail(cluster.error());
  auto report = diagnose::diagnose(*cluster->api, {kind_of(spec.target.kind), spec.target.name},
                                   cluster->ns, cancel);
  if (!report) return fail(report.error());
  control::Diagnosis diagnosis{.object = std::move(report->object),
                               .kube_namespace = std::move(report->ns),
                               .pods = static_cast<std::uint32_t>(report->pods),
                               .ready_pods = static_cast<std::uint32_t>(report->ready_pods),
                               .findings = {}};
  for (auto& finding : report->findings) {
    diagnosis.findings.push_back(for_clients(std::move(finding)));
  }
  return diagnosis;
}

}  // namespace ferry::daemon
