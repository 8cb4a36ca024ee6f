// Keeps a copy of some objects up to date, for as long as it takes: list, watch from the list's
// version, list again where the server has forgotten that version (410), wait and try again where
// it can't be reached.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/time.h"
#include "kube/api.h"

namespace ferry::kube {

struct Backoff {
  Duration first = std::chrono::milliseconds(800);  // doubled with each failure in a row
  Duration limit = std::chrono::seconds(30);
};

// The wait before the attempt after `failures` failures in a row (1 and up), jitter included: from
// the whole of the nominal wait to twice of it, never above the limit. `random` is in [0, 1).
Duration backoff_delay(const Backoff& backoff, int failures, double random);

struct Followed {
  Resource resource;
  std::string ns;  // empty for cluster-wide kinds
  Selectors selectors;
};

// By name; without metadata.managedFields, which is large and serves nobody here.
using Objects = std::map<std::string, Json>;

struct FollowCallbacks {
  // After the first list and after each change, on the thread that runs follow(); the map is valid
  // during the call.
  std::function<void(const Objects&)> on_objects;
  // Listing or watching failed; it goes on trying. May be empty.
  std::function<void(const Error&)> on_trouble;
};

// Blocks until cancelled.
void follow(Api& api, const Followed& what, const FollowCallbacks& callbacks,
            const CancelToken& cancel, const Backoff& backoff = {});

}  // namespace ferry::kube
