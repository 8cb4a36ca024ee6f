// Everything about diagnoses <-> JSON.
#include "daemon/control/json.h"
#include "daemon/control/json_parts.h"
#include "daemon/control/json_reader.h"

namespace ferry::control {
namespace {

Json to_json(const Finding& finding) {
  return {{"code", finding.code},
          {"object", finding.object},
          {"cause", finding.cause},
          {"evidence", finding.evidence},
          {"fix", finding.fix}};
}

Result<Finding> finding_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  Finding finding;
  reader.text("code", finding.code);
  reader.text("object", finding.object);
  reader.text("cause", finding.cause, kMaxErrorText);
  reader.texts("evidence", finding.evidence, kMaxList, kMaxErrorText);
  reader.text("fix", finding.fix, kMaxErrorText);
  return reader.finish(std::move(finding));
}

}  // namespace

Json to_json(const DiagnoseSpec& spec, Include include) {
  Json json = {{"kube", to_json(spec.kube, include)}};
  if (spec.link.empty()) {
    json["target"] = to_json(spec.target);
  } else {
    json["link"] = spec.link;
  }
  return json;
}

Result<DiagnoseSpec> diagnose_spec_from_json(const Json& json) {
  JsonReader reader(json, "");
  DiagnoseSpec spec;
  reader.nested("kube", spec.kube, kube_from_json);
  reader.nested("target", spec.target, target_from_json);
  reader.text("link", spec.link);
  return checked(reader, std::move(spec));
}

Json to_json(const Diagnosis& diagnosis) {
  Json findings = Json::array();
  for (const auto& finding : diagnosis.findings) findings.push_back(to_json(finding));
  return {{"object", diagnosis.object},
          {"namespace", diagnosis.kube_namespace},
          {"pods", diagnosis.pods},
          {"readyPods", diagnosis.ready_pods},
          {"findings", std::move(findings)}};
}

Result<Diagnosis> diagnosis_from_json(const Json& json) {
  JsonReader reader(json, "");
  Diagnosis diagnosis;
  reader.text("object", diagnosis.object);
  reader.text("namespace", diagnosis.kube_namespace);
  reader.number("pods", diagnosis.pods);
  reader.number("readyPods", diagnosis.ready_pods);
  reader.list("findings", diagnosis.findings, kMaxLinks, finding_at);
  return reader.finish(std::move(diagnosis));
}

}  // namespace ferry::control
