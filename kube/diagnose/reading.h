// What a diagnosis reads of a namespace: several things at once, each call on a thread of its own
// where the system has one, else when its result is asked for.
//
// The results come as futures, whose end waits for the call.
#pragma once

#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/diagnose/pod_findings.h"

namespace ferry::diagnose {

class Reading {
 public:
  // `api` and `cancel` outlive the results.
  Reading(kube::Api& api, std::string ns, const kube::CancelToken& cancel)
      : api_(api), ns_(std::move(ns)), cancel_(cancel) {}

  std::future<Result<kube::Json>> object(const kube::Resource& resource, std::string name) const;
  std::future<Result<std::vector<kube::Json>>> list(const kube::Resource& resource,
                                                    std::string labels = {}) const;
  // All events of the namespace, oldest first; none where they may not be read.
  std::future<std::vector<kube::Json>> events() const;
  // The last 20 lines, of 16 KiB at most; none where they may not be read, or are no more.
  std::future<std::vector<std::string>> log(std::string pod, WantedLog wanted) const;

 private:
  kube::Api& api_;
  const std::string ns_;
  const kube::CancelToken& cancel_;
};

// The events about the object with this uid.
std::vector<kube::Json> events_about(const std::vector<kube::Json>& events, std::string_view uid);

}  // namespace ferry::diagnose
