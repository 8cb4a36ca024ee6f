// Why a pod doesn't start, and whether waiting would change it: what `kubectl describe` says,
// judged from the pod's status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "kube/model.h"

namespace ferry::kube {

enum class StartFailure : std::uint8_t {
  kImage,          // it can't be pulled
  kCrash,          // a container can't be created, or ends again and again
  kUnschedulable,  // no node takes it
};

struct StartVerdict {
  StartFailure failure = StartFailure::kImage;
  std::string why;  // the kubelet's or the scheduler's words
};

// Watches one pod start; a look at another one begins anew.
class StartJudge {
 public:
  // The scheduler may find a node a moment later, when another pod has ended.
  explicit StartJudge(Duration unschedulable_patience = std::chrono::seconds(10))
      : patience_(unschedulable_patience) {}

  // What waiting would not change; nothing: go on waiting. Only the crashes of the container
  // `crashing` count: others may end and start again until that one serves. Empty: those of all.
  std::optional<StartVerdict> look(const Pod& pod, TimePoint now, const std::string& crashing = {});

 private:
  std::optional<StartVerdict> judge(const Container& container, bool crashes_count);

  const Duration patience_;
  std::string uid_;
  std::string pull_message_;  // what the first failure to pull said; later ones say less
  std::optional<TimePoint> unschedulable_since_;
};

}  // namespace ferry::kube
