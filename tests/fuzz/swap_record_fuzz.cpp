// What a swap writes into the cluster, as a hostile or careless neighbour may have rewritten it.
// The lines of the input: the record on the original, the record on the stand-in, the note on the
// Service, the label in its selector. Listing and restoring end with a report or an error, and
// touch neither another Service nor the original's template; a record that can be read means the
// same when it is written and read again.
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kube/swap/list.h"
#include "kube/swap/record.h"
#include "kube/swap/restore.h"
#include "tests/fakes/fake_kube_api.h"

namespace {

using namespace ferry;
using kube::Json;

constexpr const char* kNs = "demo";

class JumpingPace final : public swap::Pace {
 public:
  TimePoint now() const override { return now_; }
  std::chrono::system_clock::time_point date() const override { return {}; }
  bool sleep_for(Duration time, const kube::CancelToken&) override {
    now_ += time;
    return true;
  }

 private:
  TimePoint now_{};
};

std::array<std::string, 4> lines_of(std::string_view text) {
  std::array<std::string, 4> lines;
  for (std::string& line : lines) {
    const auto end = std::min(text.find('\n'), text.size());
    line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Json deployment(const std::string& name, const std::string& record) {
  Json made = {{"apiVersion", "apps/v1"},
               {"kind", "Deployment"},
               {"metadata", {{"name", name}, {"namespace", kNs}, {"uid", name}}}};
  made["metadata"]["annotations"][swap::kSwapAnnotation] = record;
  made["spec"] = Json::parse(R"({"replicas": 0, "selector": {"matchLabels": {"app": "web"}},
      "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}})");
  return made;
}

Json service(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", name}, {"namespace", kNs}}},
          {"spec", {{"selector", {{"app", name}}}}}};
}

void check_record(const std::string& text) {
  const auto record = swap::parse_record(text);
  if (!record) {
    if (record.error().why.empty()) std::abort();
    return;
  }
  if (record->id.empty() || record->stand_in.empty() || record->replicas > 1'000'000) std::abort();
  if (swap::held_by(*record).empty()) std::abort();
  const auto again = swap::parse_record(swap::to_text(*record));
  if (!again || !(*again == *record)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = lines_of({reinterpret_cast<const char*>(data), size});
  check_record(lines[0]);
  kube::FakeKubeApi api;
  const Json original = deployment("web", lines[0]);
  Json stand_in = deployment("web-ferry", lines[1]);
  stand_in["metadata"]["labels"][swap::kStandInLabel] = lines[3];
  Json steered = service("web");
  steered["metadata"]["annotations"][swap::kSteeredAnnotation] = lines[2];
  if (!lines[3].empty()) steered["spec"]["selector"][swap::kStandInLabel] = lines[3];
  api.put(kube::kDeployments, kNs, original);
  api.put(kube::kDeployments, kNs, stand_in);
  api.put(kube::kServices, kNs, steered);
  api.put(kube::kServices, kNs, service("bystander"));
  const auto bystander = api.find(kube::kServices, kNs, "bystander");

  JumpingPace pace;
  const kube::CancelToken cancel;
  constexpr auto kSecond = std::chrono::seconds(1);
  const swap::Limits limits{
      .step = kSecond, .available = kSecond, .settle = kSecond, .poll = kSecond};
  swap::Run run{api, pace, cancel, {}, limits};
  static_cast<void>(swap::list_swaps(run, kNs));
  for (const bool force : {false, true}) {
    swap::RestoreRequest request;
    request.original = {kNs, swap::WorkloadKind::kDeployment, "web"};
    request.owner = "ann@laptop";
    request.force = force;
    const auto done = swap::restore(run, request);
    if (!done && done.error().summary().empty()) std::abort();
  }
  if (api.find(kube::kServices, kNs, "bystander") != bystander) std::abort();
  const auto left = api.find(kube::kDeployments, kNs, "web");
  if (!left || left->at("spec").at("template") != original.at("spec").at("template")) std::abort();
  return 0;
}
