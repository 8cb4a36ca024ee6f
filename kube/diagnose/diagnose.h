// Why something in the cluster doesn't work: walks from a Service or workload over its pods, their
// conditions, events, probes and logs to the cause.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/diagnose/door.h"
#include "kube/diagnose/finding.h"
#include "kube/target.h"

namespace ferry::diagnose {

struct Report {
  std::string object;  // "svc/app"
  std::string ns;
  std::vector<Finding> findings;  // the likeliest cause first; empty: nothing is wrong
  int pods = 0;                   // that belong to it
  int ready_pods = 0;
  std::vector<Door> doors;  // what should take connections now
};

// Adds what trying the doors has shown. A port that takes connections need not be declared.
void add_knocks(Report& report, const std::vector<Knock>& knocks);

// Whether nothing has been found yet that would explain why connections fail.
bool unexplained(const Report& report);

// Reads only. What may not be read (events, logs, workloads) is left out. Errors: those of Api for
// the object itself and its pods; kUnsupported for a host.
Result<Report> diagnose(kube::Api& api, const kube::Target& target, const std::string& ns,
                        const kube::CancelToken& cancel);

}  // namespace ferry::diagnose
