#include "kube/exec/wait_for_container.h"

#include <chrono>
#include <optional>
#include <utility>

#include "kube/exec/problems.h"

namespace ferry::exec {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(500);

using Outcome = std::optional<Result<ContainerProgress>>;

class Wait {
 public:
  Wait(std::string pod, std::string container, std::string what,
       const std::function<void(const std::string&)>& on_wait)
      : pod_(std::move(pod)),
        container_(std::move(container)),
        what_(std::move(what)),
        on_wait_(on_wait) {}

  // Nothing: go on waiting.
  Outcome look(const kube::Json& pod) {
    auto progress = progress_of(pod, container_);
    if (progress.hopeless) {
      return fail(problem::kContainerCannotStart, what_,
                  "container " + container_ + " can't be started: " + progress.why,
                  "check the image's name, that the cluster may pull it, and the command");
    }
    if (progress.running || progress.exit_code) return progress;
    if (progress.why != told_) on_wait_(progress.why);
    told_ = progress.why;
    return std::nullopt;
  }

  Outcome gone() const { return fail(problem::kPodGone, what_, "pod " + pod_ + " is gone", {}); }

 private:
  const std::string pod_;
  const std::string container_;
  const std::string what_;
  const std::function<void(const std::string&)>& on_wait_;
  std::string told_;
};

}  // namespace

Result<ContainerProgress> wait_for_container(kube::Api& api, const std::string& ns,
                                             const std::string& pod, const std::string& container,
                                             const std::string& what,
                                             const std::function<void(const std::string&)>& on_wait,
                                             const kube::CancelToken& cancel) {
  const kube::Selectors one{.labels = {}, .fields = "metadata.name=" + pod};
  Wait wait(pod, container, what, on_wait);
  for (;;) {
    const auto listed = api.list(kube::kPods, ns, one, cancel);
    if (!listed) return fail(listed.error());
    auto outcome = listed->items.empty() ? wait.gone() : wait.look(listed->items.front());
    if (outcome) return std::move(*outcome);
    const auto watched = api.watch(
        kube::kPods, ns, one, listed->resource_version,
        [&](const kube::WatchEvent& event) {
          using Type = kube::WatchEvent::Type;
          if (event.type == Type::kBookmark) return true;
          outcome = event.type == Type::kDeleted ? wait.gone() : wait.look(event.object);
          return !outcome;
        },
        cancel);
    if (outcome) return std::move(*outcome);
    // The server ends watches now and then, and forgets versions; networks lose them. Whether it
    // can be reached at all is told by listing, which has attempts of its own.
    if (watched || watched.error().code == ErrorCode::kGone) continue;
    if (!cancel.sleep_for(kLookAgain)) return fail(kube::cancelled_error(what));
  }
}

}  // namespace ferry::exec
