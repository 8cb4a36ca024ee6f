#include "cli/diagnosis.h"

#include <string_view>
#include <utility>

#include "cli/target_args.h"
#include "daemon/control/json.h"

namespace ferry::cli {
namespace {

std::string pods_text(const control::Diagnosis& diagnosis) {
  if (diagnosis.pods == 0) return "no pods";
  const auto pods = std::to_string(diagnosis.pods) + (diagnosis.pods == 1 ? " pod" : " pods");
  return (diagnosis.ready_pods == 0 ? "none" : std::to_string(diagnosis.ready_pods)) + " of " +
         pods + " ready";
}

std::string finding_text(int number, const control::Finding& finding) {
  const std::string index = std::to_string(number) + ". ";
  const std::string margin(index.size(), ' ');
  std::string out = index + printable(finding.object) + ": " + printable(finding.cause) + " (" +
                    printable(finding.code) + ")\n";
  for (const auto& line : finding.evidence) out += margin + "  " + printable(line) + "\n";
  if (!finding.fix.empty()) out += margin + "try: " + printable(finding.fix) + "\n";
  return out;
}

}  // namespace

Result<control::DiagnoseSpec> diagnose_spec(const Invocation& invocation) {
  constexpr const char* kTypes = "svc, deploy, sts, rs, pod or link";
  constexpr std::string_view kLink = "link/";
  if (invocation.target.starts_with(kLink) && invocation.target.size() > kLink.size()) {
    return control::DiagnoseSpec{
        .kube = {}, .target = {}, .link = invocation.target.substr(kLink.size())};
  }
  auto target = parse_target(invocation.target, kTypes);
  if (!target) return fail(target.error());
  control::DiagnoseSpec spec{.kube = {}, .target = std::move(*target), .link = {}};
  if (auto problem = problem_of(spec)) {
    problem->code = ErrorCode::kUsage;
    problem->what = "reading the target '" + invocation.target + "'";
    return fail(std::move(*problem));
  }
  return spec;
}

std::string diagnosis_text(const control::Diagnosis& diagnosis, const View& view) {
  if (view.format != OutputFormat::kTable) return document(to_json(diagnosis), view.format);
  std::string out = diagnosis.object;
  if (!diagnosis.kube_namespace.empty()) out += " in namespace " + diagnosis.kube_namespace;
  out += ": " + pods_text(diagnosis) + "\n";
  if (diagnosis.findings.empty()) return out + "nothing wrong is seen\n";
  int number = 0;
  for (const auto& finding : diagnosis.findings) out += "\n" + finding_text(++number, finding);
  return out;
}

}  // namespace ferry::cli
