#include "kube/pod_start.h"

#include <utility>

namespace ferry::kube {
namespace {

bool image_is_hopeless(const std::string& waiting_reason) {
  return waiting_reason == "ImagePullBackOff" || waiting_reason == "InvalidImageName" ||
         waiting_reason == "ErrImageNeverPull";
}

bool start_is_hopeless(const std::string& waiting_reason) {
  return waiting_reason == "CrashLoopBackOff" || waiting_reason == "CreateContainerConfigError" ||
         waiting_reason == "CreateContainerError" || waiting_reason == "RunContainerError";
}

std::string words_of(const Container& container) {
  std::string text = "container " + container.name + ": " + container.waiting_reason;
  return container.waiting_message.empty() ? text : text + ": " + container.waiting_message;
}

}  // namespace

std::optional<StartVerdict> StartJudge::look(const Pod& pod, TimePoint now,
                                             const std::string& crashing) {
  if (pod.uid != uid_) {
    uid_ = pod.uid;
    pull_message_.clear();
    unschedulable_since_.reset();
  }
  for (const Container& container : pod.containers) {
    const bool crashes_count = crashing.empty() || container.name == crashing;
    if (auto verdict = judge(container, crashes_count)) return verdict;
  }
  if (pod.unschedulable.empty()) {
    unschedulable_since_.reset();
    return std::nullopt;
  }
  if (!unschedulable_since_) unschedulable_since_ = now;
  if (now - *unschedulable_since_ < patience_) return std::nullopt;
  return StartVerdict{StartFailure::kUnschedulable, pod.trouble()};
}

std::optional<StartVerdict> StartJudge::judge(const Container& container, bool crashes_count) {
  const std::string& reason = container.waiting_reason;
  if (reason == "ErrImagePull") pull_message_ = container.waiting_message;
  if (image_is_hopeless(reason)) {
    std::string why = words_of(container);
    if (why.find(pull_message_) == std::string::npos) why += " (" + pull_message_ + ")";
    return StartVerdict{StartFailure::kImage, std::move(why)};
  }
  if (crashes_count && start_is_hopeless(reason))
    return StartVerdict{StartFailure::kCrash, words_of(container)};
  return std::nullopt;
}

}  // namespace ferry::kube
