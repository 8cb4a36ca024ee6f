#include "cli/swap_output.h"

#include "cli/human.h"
#include "cli/table.h"

namespace ferry::cli {
namespace {

std::string probe_line(const control::ProbeStatus& probe, const View& view) {
  std::string out = probe.ok ? "passes" : "fails";
  if (probe.since != 0) out += " for " + human_age(view.now - probe.since);
  if (!probe.message.empty()) out += ": " + printable(probe.message);
  return out;
}

}  // namespace

std::string plan_text(const control::SwapPlanText& plan, const View& view) {
  if (is_document(view.format)) return document(to_json(plan), view.format);
  std::string out;
  int number = 0;
  for (const auto& step : plan.steps) {
    out += std::to_string(++number) + ". " + printable(step) + "\n";
  }
  for (const auto& warning : plan.warnings) {
    out += "\nwarning: " + printable(warning.what) + "\n";
    if (!warning.why.empty()) out += "    why: " + printable(warning.why) + "\n";
    if (!warning.fix.empty()) out += "    try: " + printable(warning.fix) + "\n";
    if (!warning.id.empty()) out += "    id:  " + printable(warning.id) + "\n";
  }
  if (!plan.objects.empty()) out += "\n";
  for (const auto& object : plan.objects) {
    const auto json = control::Json::parse(object, nullptr, false);
    out += "---\n" + printable(document(json, OutputFormat::kYaml));
  }
  return out;
}

std::string swaps_text(const std::vector<control::SwapListing>& swaps, const View& view) {
  if (is_document(view.format)) return document(to_json(swaps), view.format);
  if (view.format == OutputFormat::kName) {
    std::string out;
    for (const auto& swap : swaps) out += to_string(swap.workload) + "\n";
    return out;
  }
  if (swaps.empty()) return "nothing is swapped\n";
  const bool wide = view.format == OutputFormat::kWide;
  std::vector<std::string> header = {"TARGET", "NAMESPACE", "BY", "REPLICAS", "STATE", "AGE"};
  if (wide) header.insert(header.end(), {"STAND-IN", "ID"});
  Table table(std::move(header));
  for (const auto& swap : swaps) {
    std::vector<std::string> row = {
        to_string(swap.workload), swap.kube_namespace,
        printable(swap.owner),    swap.replicas ? std::to_string(*swap.replicas) : "-",
        printable(swap.state),    swap.since == 0 ? "" : human_age(view.now - swap.since)};
    if (wide) row.insert(row.end(), {swap.stand_in, swap.swap_id});
    table.add(std::move(row));
  }
  return table.text();
}

std::string swap_ports(const control::SwapStatus& swap) {
  std::string out;
  for (const auto& port : swap.ports) {
    const std::string text = std::to_string(port.local) + "<-" + std::to_string(port.remote);
    out += (out.empty() ? "" : ", ") + (port.open ? text : "(" + text + ")");
  }
  return out;
}

std::string swap_fields(const control::SwapStatus& swap, const View& view) {
  std::string out;
  std::string closed;
  for (const auto& port : swap.ports) {
    out += (out.empty() ? "" : ", ") + std::string("port ") + std::to_string(port.remote) +
           " -> localhost:" + std::to_string(port.local);
    if (!port.open) closed += (closed.empty() ? "" : ", ") + std::to_string(port.local);
  }
  out = field("answers", out);
  if (!closed.empty()) out += field("closed", "nothing listens on " + closed + " here");
  out += field("phase", std::string(name_of(swap.phase)));
  if (!swap.pod.empty()) {
    out += field("stand-in", "pod/" + swap.pod + (swap.ready ? ", ready" : ", not ready") +
                                 (swap.container.empty() ? "" : ", container " + swap.container));
  }
  for (const auto& probe : swap.probes) out += field(probe.probe, probe_line(probe, view));
  out +=
      field("original", std::to_string(swap.original_replicas) + " replicas; " +
                            (swap.orphan_restore
                                 ? "back by itself when left alone for " +
                                       human_age(std::int64_t{1000} * swap.orphan_timeout_seconds)
                                 : "does not come back by itself"));
  return out;
}

}  // namespace ferry::cli
