// The plan of a swap: everything that is read, decided and warned of before anything is touched.
//
// The order of things, each step repeatable:
//
//   plan = plan_swap(...)              reads only; --dry-run ends here
//   plan = clear_the_way(...)          with `force`: ends somebody else's swap first
//   create_stand_in(...)               stand_in.h
//   wait_stand_in_running(...), then connect, then wait_stand_in_ready(...)
//   take_over(...)                     take_over.h
//   ...
//   restore(...)                       restore.h; also the undo for each step above
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kube/api.h"
#include "kube/model.h"
#include "kube/swap/record.h"
#include "kube/swap/run.h"
#include "kube/swap/workload.h"

namespace ferry::swap {

struct ExposeRequest {
  std::uint16_t local = 0;
  std::optional<kube::PortRef> remote;  // none: the same number as `local`
};

struct SwapRequest {
  WorkloadRef original;
  std::string container;              // empty: the one that must be meant, else an error
  std::vector<ExposeRequest> expose;  // empty: every TCP port that the container declares
  std::string id;      // 8 to 40 of [a-z0-9]; that of a swap which already runs takes it up again
  std::string owner;   // "user@host", for others to read
  std::string holder;  // the installation's id; empty: not known
  std::string image;   // of ferry-proxy
  std::string image_pull_policy;          // empty: the cluster's default
  std::vector<std::string> pull_secrets;  // in addition to the original's
  Duration orphan_timeout = std::chrono::minutes(10);
  bool keep_original = false;
  bool force = false;  // also when somebody else holds it
};

struct Exposed {
  std::uint16_t local = 0;
  std::uint16_t remote = 0;  // the container's port

  bool operator==(const Exposed&) const = default;
};

// A TCP port of a Service that leads to an exposed port.
struct PlannedPort {
  std::uint16_t port = 0;    // the Service's
  std::uint16_t remote = 0;  // the container's
};

// A Service whose selector fits the stand-in's pod.
struct PlannedService {
  std::string name;
  std::string address;  // literal; empty: it has none of its own (headless)
  std::vector<PlannedPort> ports;
  bool steer = false;
  std::string why_not;  // when it isn't steered: why
};

struct SwapPlan {
  SwapRequest request;
  Record record;  // as it will be written
  std::string container;
  kube::Json container_spec;  // the original's: its probes, ports, env
  std::vector<Exposed> exposed;
  std::uint16_t tunnel_port = 0;      // of the proxy, on its pod's loopback
  std::uint16_t health_port = 0;      // /readyz and /healthz
  std::vector<std::string> mounts;    // paths in the container that the proxy serves
  std::vector<std::string> left_out;  // "/var/data: a persistent volume", for people
  std::vector<PlannedService> services;
  bool orphan_restore = false;     // the stand-in may put the original back by itself
  std::vector<Error> warnings;     // what will be lost or may get in the way
  std::vector<std::string> steps;  // what will be done, a line each
  // Somebody else's swap of the same workload, which `force` would end.
  std::optional<Record> contender;
  kube::Json stand_in;            // the Deployment, with 0 replicas
  std::vector<kube::Json> owned;  // what it will own, in this order; without keys and owner
};

// Errors, all with the cluster untouched:
//   kNotFound       no such workload, container or named port
//   kForbidden      a right is missing that nothing works without; `why` names them all
//   kConflict       somebody else holds it (and no `force`), or a rollout is under way
//   kUnsupported    it can't be swapped; `why` says what stands against it
//   kUsage          the request is off (ports taken twice, a container to be chosen)
//   kInvalid        a record that can't be read is on it
//   and whatever reaching the API server brings
Result<SwapPlan> plan_swap(Run& run, const SwapRequest& request);

// Without a contender the plan itself; else ends that swap, as its owner would have, and plans
// anew. Errors as restore() and plan_swap().
Result<SwapPlan> clear_the_way(Run& run, const SwapPlan& plan);

}  // namespace ferry::swap
