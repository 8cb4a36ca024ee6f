#include "kube/follow.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "kube/json_field.h"
#include "kube/problems.h"

namespace ferry::kube {
namespace {

class Follower {
 public:
  Follower(Api& api, const Followed& what, const FollowCallbacks& callbacks,
           const CancelToken& cancel)
      : api_(api), what_(what), callbacks_(callbacks), cancel_(cancel) {}

  // Lists where that is needed, then one watch to its end. The server ends a watch every few
  // minutes: that is no error, nor is a version that it has forgotten.
  Status run_once() {
    if (version_.empty()) {
      if (auto status = list(); !status) return status;
    }
    Status status = watch();
    if (status || status.error().code != ErrorCode::kGone) return status;
    version_.clear();
    return {};
  }

  // Whether anything came since the last call.
  bool take_progress() { return std::exchange(progress_, false); }

 private:
  Status list() {
    auto listed = api_.list(what_.resource, what_.ns, what_.selectors, cancel_);
    if (!listed) return fail(listed.error());
    objects_.clear();
    for (auto& item : listed->items) store(std::move(item));
    version_ = listed->resource_version;
    if (version_.empty()) {
      return fail(problem::kAnswerMalformed, "listing " + std::string(what_.resource.plural),
                  "the list has no resourceVersion");
    }
    progress_ = true;
    callbacks_.on_objects(objects_);
    return {};
  }

  Status watch() {
    const auto on_event = [this](const WatchEvent& event) {
      take(event);
      return !cancel_.cancelled();
    };
    return api_.watch(what_.resource, what_.ns, what_.selectors, version_, on_event, cancel_);
  }

  void take(const WatchEvent& event) {
    const Json& metadata = field(event.object, "metadata");
    progress_ = true;
    if (auto version = text_field(metadata, "resourceVersion"); !version.empty()) {
      version_ = std::move(version);
    }
    if (event.type == WatchEvent::Type::kBookmark) return;
    if (event.type == WatchEvent::Type::kDeleted) {
      objects_.erase(text_field(metadata, "name"));
    } else {
      store(event.object);
    }
    callbacks_.on_objects(objects_);
  }

  void store(Json object) {
    const std::string name = text_field(field(object, "metadata"), "name");
    if (name.empty()) return;
    object["metadata"].erase("managedFields");
    objects_[name] = std::move(object);
  }

  Api& api_;
  const Followed& what_;
  const FollowCallbacks& callbacks_;
  const CancelToken& cancel_;
  Objects objects_;
  std::string version_;  // where the watch goes on; empty: list first
  bool progress_ = false;
};

}  // namespace

Duration backoff_delay(const Backoff& backoff, int failures, double random) {
  const double nominal =
      static_cast<double>(backoff.first.count()) * std::pow(2.0, std::clamp(failures - 1, 0, 30));
  const double delay = nominal * (1.0 + random);
  return Duration(
      static_cast<Duration::rep>(std::min(delay, static_cast<double>(backoff.limit.count()))));
}

void follow(Api& api, const Followed& what, const FollowCallbacks& callbacks,
            const CancelToken& cancel, const Backoff& backoff) {
  Follower follower(api, what, callbacks, cancel);
  std::minstd_rand engine(std::random_device{}());
  std::uniform_real_distribution<double> random(0.0, 1.0);
  int failures = 0;
  while (true) {
    const Status status = follower.run_once();
    if (cancel.cancelled()) return;
    const bool progressed = follower.take_progress();
    if (progressed) failures = 0;
    if (!status && callbacks.on_trouble) callbacks.on_trouble(status.error());
    // A watch that ended in order but brought nothing is followed by a wait as well: a server that
    // ends them at once is not to be asked in a tight loop.
    const int waits = status ? 1 : ++failures;
    if (status && progressed) continue;
    if (!cancel.sleep_for(backoff_delay(backoff, waits, random(engine)))) return;
  }
}

}  // namespace ferry::kube
