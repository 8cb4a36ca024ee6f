#include "kube/doctor/leftovers.h"

#include <utility>

#include "kube/certificate.h"
#include "kube/json_field.h"
#include "kube/swap/list.h"

namespace ferry::doctor {
namespace {

using kube::field;
using kube::Json;
using kube::text_field;

constexpr const char* kProxies = "app.kubernetes.io/name=ferry-proxy";
constexpr const char* kVersionLabel = "app.kubernetes.io/version";
// A stand-in is there for so long, at most, before its original bears the record.
constexpr std::int64_t kBeginning = 600;

class Search {
 public:
  Search(kube::Api& api, std::string ns, std::string program, std::int64_t now,
         const kube::CancelToken& cancel)
      : api_(api), ns_(std::move(ns)), program_(std::move(program)), now_(now), cancel_(cancel) {}

  Result<Traces> run() {
    for (const auto& look : {&Search::swaps, &Search::jobs, &Search::secrets}) {
      const Status looked = (this->*look)();
      if (looked) continue;
      if (looked.error().code != ErrorCode::kForbidden) return fail(looked.error());
      found_.unseen.push_back(looked.error().summary());
    }
    return std::move(found_);
  }

 private:
  Status swaps() {
    swap::RealPace pace;
    swap::Run run{.api = api_, .pace = pace, .cancel = cancel_, .progress = {}, .limits = {}};
    const auto swaps = swap::list_swaps(run, ns_);
    if (!swaps) return fail(swaps.error());
    for (const auto& one : *swaps) {
      const std::string object = to_string(one.original);
      const std::string restore = program_ + " restore " + object + " -n " + ns_;
      if (!one.readable) {
        add(object, "its record of a swap can't be read", restore);
      } else if (one.swapped && !one.stand_in) {
        add(object, "it bears the record of a swap, and its stand-in is gone", restore);
      } else if (!one.swapped && is_old(one.record.since)) {
        if (const auto looked = stand_in_alone(one, restore); !looked) return looked;
      }
    }
    return {};
  }

  Status stand_in_alone(const swap::FoundSwap& one, const std::string& restore) {
    const auto original = api_.get(resource_of(one.original.kind), ns_, one.original.name, cancel_);
    const bool there = original.has_value();
    if (!there && original.error().code != ErrorCode::kNotFound) return fail(original.error());
    add("deployment/" + one.record.stand_in,
        "a stand-in for " + to_string(one.original) +
            (there ? ", which doesn't bear its record" : ", which is gone"),
        there ? restore : "kubectl delete deployment " + one.record.stand_in + " -n " + ns_);
    return {};
  }

  Status jobs() {
    const auto jobs = api_.list(kube::kJobs, ns_, {.labels = kProxies, .fields = {}}, cancel_);
    if (!jobs) return fail(jobs.error());
    for (const Json& job : jobs->items) {
      const Json& metadata = field(job, "metadata");
      Proxy& proxy = found_.proxies.emplace_back();
      proxy.job = text_field(metadata, "name");
      proxy.version = text_field(field(metadata, "labels"), kVersionLabel);
      for (const Json& condition : kube::array_field(field(job, "status"), "conditions")) {
        const std::string type = text_field(condition, "type");
        const bool over = type == "Complete" || type == "Failed";
        proxy.ended = proxy.ended || (over && text_field(condition, "status") == "True");
      }
    }
    return {};
  }

  // They belong to Jobs, and go with them.
  Status secrets() {
    const auto secrets =
        api_.list(kube::kSecrets, ns_, {.labels = kProxies, .fields = {}}, cancel_);
    if (!secrets) return fail(secrets.error());
    for (const Json& secret : secrets->items) {
      const Json& metadata = field(secret, "metadata");
      if (!kube::array_field(metadata, "ownerReferences").empty()) continue;
      const std::string name = text_field(metadata, "name");
      add("secret/" + name, "the key of a proxy, which belongs to nothing",
          "kubectl delete secret " + name + " -n " + ns_);
    }
    return {};
  }

  bool is_old(const std::string& since) const {
    const auto time = kube::parse_time(since);
    return !time || *time < now_ - kBeginning;
  }

  void add(std::string object, std::string why, std::string fix) {
    found_.leftovers.push_back({std::move(object), std::move(why), std::move(fix)});
  }

  kube::Api& api_;
  const std::string ns_;
  const std::string program_;
  const std::int64_t now_;
  const kube::CancelToken& cancel_;
  Traces found_;
};

}  // namespace

Result<Traces> find_traces(kube::Api& api, const std::string& ns, const std::string& program,
                           std::int64_t now, const kube::CancelToken& cancel) {
  return Search(api, ns, program, now, cancel).run();
}

}  // namespace ferry::doctor
