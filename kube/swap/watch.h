// What happens to a swap while it holds: told from the objects, as a follower of the API sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kube/api.h"
#include "kube/swap/plan.h"

namespace ferry::swap {

enum class ChangeKind : std::uint8_t {
  kOriginalScaledUp,    // it takes a share of the traffic; restoring keeps that number
  kOriginalScaledDown,  // back to 0
  kOriginalDeleted,     // nothing to restore any more
  kOriginalChanged,     // a new pod template: the stand-in is still made after the old one
  kRecordLost,          // the record was taken off or belongs to another swap
  kStandInDeleted,
  kTakenOver,  // somebody else swaps it now; nothing is left of this swap
  kPodMoved,   // another pod stands in
};

struct Change {
  ChangeKind kind = ChangeKind::kOriginalScaledUp;
  std::string message;   // for people: what happened, and what follows from it
  std::string pod = {};  // kPodMoved: the new one
};

// Remembers what it saw last, and tells what is new. One thread.
class SwapObserver {
 public:
  // The first look at each object sets what later ones are held against, except that the original
  // is expected at 0 replicas with the record: don't show it before take_over() is through.
  explicit SwapObserver(const SwapPlan& plan);

  // To be called first in each round: what somebody who takes over writes on the stand-in before
  // it goes.
  void look_for_taker(const kube::Json& stand_in);
  // The workload, or null when it is gone.
  std::vector<Change> look_at_original(const kube::Json& object);
  // The stand-in Deployment, or null when it is gone.
  std::vector<Change> look_at_stand_in(const kube::Json& object);
  // The pod that stands in now, by find_stand_in_pod().
  std::vector<Change> look_at_pod(const std::string& name, const std::string& uid);

 private:
  WorkloadRef original_;
  Record record_;
  bool keep_original_;
  std::optional<std::int64_t> replicas_;
  std::optional<std::string> template_;
  bool original_there_ = true;
  bool record_there_ = true;
  bool stand_in_there_ = true;
  std::string taker_;  // "bob@desk took over deployment/web at ..."; empty: nobody
  std::string pod_name_;
  std::string pod_uid_;
};

}  // namespace ferry::swap
