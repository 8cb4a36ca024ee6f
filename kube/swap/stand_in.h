// The stand-in: a Deployment of one pod in the original's likeness, with ferry-proxy in the chosen
// container. All that belongs to it is owned by it, and goes with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/swap/plan.h"
#include "kube/swap/run.h"

namespace ferry::swap {

// PEM texts of the proxy's end of the tunnel.
struct TlsMaterial {
  std::string ca_pem;  // whose certificates may connect
  std::string certificate_pem;
  std::string key_pem;
};

// A pod of the stand-in that the tunnel can be dialled to, or why there is none yet.
struct StandInPod {
  std::string name;
  std::string uid;
  std::uint16_t port = 0;  // the tunnel's
  bool running = false;    // the proxy's container runs; only then is there somebody to dial
  bool ready = false;      // condition Ready
  std::string trouble;     // what keeps it from being ready, in the API's words; else empty
  // Set when waiting won't help: the image can't be had, admission refuses the pod, it crashes.
  std::optional<Error> hopeless;
};

struct CreatedStandIn {
  // As planned, or false when the cluster refused what it needs; then a warning says why.
  bool orphan_restore = false;
  std::vector<Error> warnings;
};

// "deployment/web-ferry in namespace demo"
std::string stand_in_called(const SwapPlan& plan);

// Creates what the plan lists: the Deployment at 0 replicas, what it owns, then 1 replica; nothing
// ever waits for a Secret that isn't there. What is there already from the same swap stays. On an
// error restore() takes back what was made. Errors:
//   kAlreadyExists  a stand-in of somebody else's is there: `why` says whose
//   kForbidden, kInvalid  admission or a missing right, in the API server's words
Result<CreatedStandIn> create_stand_in(Run& run, const SwapPlan& plan, const TlsMaterial& tls);

// One look. The newest pod of the swap that isn't ending; `name` is empty while there is none.
// Errors: those of the API.
Result<StandInPod> find_stand_in_pod(Run& run, const std::string& ns, const std::string& id);

// Until its proxy runs. Errors: `hopeless` of the pod, kTimedOut after limits.step with `why` what
// it was waiting for, kNotFound (somebody has deleted the stand-in), kCancelled.
Result<StandInPod> wait_stand_in_running(Run& run, const SwapPlan& plan);

// Until its pod is Ready and in the EndpointSlices of every Service that selects it. Errors: as
// above; the limit is `limits.step`, or none with `patient` (the local process may start late).
Result<StandInPod> wait_stand_in_ready(Run& run, const SwapPlan& plan, bool patient = false);

}  // namespace ferry::swap
