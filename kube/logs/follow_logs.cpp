#include "kube/logs/follow_logs.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "kube/follow.h"
#include "kube/json_field.h"

namespace ferry::logs {
namespace {

using kube::Json;

constexpr kube::Backoff kPause{.first = std::chrono::milliseconds(250),
                               .limit = std::chrono::seconds(5)};
constexpr int kFailuresToTell = 3;

bool has_ended(const Json& pod) {
  const std::string phase = kube::text_field(kube::field(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed";
}

// One container of one pod, over all its runs. `seam` and `restricted` are the thread's while it is
// active, the rest is under the follower's lock.
struct Followed {
  LoggedContainer now;
  std::string finished;     // the run that was read to its end
  std::string earlier;      // the run before that is not to be read, or not again
  bool opened = false;      // something of it was read
  bool restricted = false;  // what was there at first is not wanted whole
  bool active = false;
  bool gone = false;  // with its pod
  std::thread thread;
  Seam seam;

  bool has_more() const { return !gone && !now.run.empty() && now.run != finished; }
};

class Follower {
 public:
  Follower(kube::Api& api, const LogSource& source, const FollowOptions& options,
           const FollowCallbacks& callbacks, kube::CancelToken& cancel)
      : api_(api), source_(source), options_(options), callbacks_(callbacks), cancel_(cancel) {}

  Status run() {
    kube::follow(api_, {kube::kPods, source_.ns, source_.pods},
                 {.on_objects = [this](const kube::Objects& pods) { update(pods); },
                  .on_trouble = [this](const Error& error) { trouble(error); }},
                 cancel_);
    for (auto& [key, followed] : all_) {
      if (followed->thread.joinable()) followed->thread.join();
    }
    return outcome_;
  }

 private:
  void update(const kube::Objects& pods) {
    const std::lock_guard lock(mutex_);
    in_trouble_ = false;
    std::set<std::string> there;
    bool ended = true;
    for (const auto& [name, pod] : pods) {
      ended = ended && has_ended(pod);
      for (auto& container : logged_containers(pod)) {
        if (!options_.container.empty() && container.name != options_.container) continue;
        const std::string key = container.uid + "/" + container.name;
        there.insert(key);
        renew(key, std::move(container));
      }
    }
    forget_others(there);
    first_ = false;
    complete_ = source_.is_pod() && ended;
    start_threads();
    end_if_complete();
  }

  void renew(const std::string& key, LoggedContainer container) {
    auto& followed = all_[key];
    if (!followed) {
      followed = std::make_unique<Followed>();
      followed->restricted = first_;
      if (!first_) note(to_string(container) + ": new");
    } else if (followed->opened && container.running && container.run != followed->now.run) {
      note(to_string(container) + ": started anew");
    }
    followed->now = std::move(container);
  }

  void forget_others(const std::set<std::string>& there) {
    for (auto at = all_.begin(); at != all_.end();) {
      Followed& followed = *at->second;
      const bool gone = !there.contains(at->first);
      if (gone && !std::exchange(followed.gone, true) && !source_.is_pod()) {
        note(to_string(followed.now) + ": gone");
      }
      if (!gone || followed.active) {
        ++at;
        continue;
      }
      if (followed.thread.joinable()) followed.thread.join();
      at = all_.erase(at);
    }
  }

  void start_threads() {
    for (auto& [key, followed] : all_) {
      if (followed->active || !followed->has_more() || cancel_.cancelled()) continue;
      if (active_ >= kMostFollowed) {
        if (!std::exchange(told_of_limit_, true)) {
          note("more than " + std::to_string(kMostFollowed) +
               " containers: the others are not followed");
        }
        return;
      }
      if (followed->thread.joinable()) followed->thread.join();  // it has let go of the lock
      followed->active = true;
      ++active_;
      followed->thread = std::thread([this, one = followed.get()] { follow_one(*one); });
    }
  }

  void end_if_complete() {
    if (complete_ && active_ == 0) cancel_.cancel();
  }

  // Until there is nothing more of it to be read.
  void follow_one(Followed& one) {
    for (int failures = 0;;) {
      LoggedContainer now;
      std::string before;
      {
        const std::lock_guard lock(mutex_);
        if (cancel_.cancelled() || !one.has_more()) {
          one.active = false;
          --active_;
          end_if_complete();
          return;
        }
        now = one.now;
        before = unread_run_before(one);
      }
      const auto begun = std::chrono::steady_clock::now();
      const Status read = read_runs(one, now, before);
      const bool lasted = std::chrono::steady_clock::now() - begun > kPause.limit;
      failures = read || lasted ? 1 : failures + 1;
      if (settle(one, now, read, failures)) continue;
      cancel_.sleep_for(kube::backoff_delay(kPause, failures, 0));
    }
  }

  // The run that has ended since the last reading, whose end may be unread.
  static std::string unread_run_before(Followed& one) {
    const std::string& previous = one.now.previous_run;
    if (!std::exchange(one.opened, true)) one.earlier = previous;
    const bool known =
        previous == one.finished || previous == one.earlier || previous == one.now.run;
    return known ? std::string() : previous;
  }

  Status read_runs(Followed& one, const LoggedContainer& now, const std::string& before) {
    if (!before.empty()) {
      const Status rest = read(one, now, {.previous = true});
      const ErrorCode code = rest ? ErrorCode::kInternal : rest.error().code;
      // With the next start, or with its node's disk, it is gone.
      const bool gone = code == ErrorCode::kInvalid || code == ErrorCode::kNotFound;
      if (!rest && !gone) return rest;
      one.earlier = before;
    }
    if (one.restricted && options_.tail == 0) {
      const auto skip = [](const LogLine&) { return true; };
      const Status last = read_log(api_, source_.ns, now, {.tail = 1}, one.seam, skip, cancel_);
      if (!last) return last;
      one.restricted = false;
    }
    return read(one, now, {.follow = now.running});
  }

  Status read(Followed& one, const LoggedContainer& now, LogRequest request) {
    one.seam.reopen();
    request.since_time = one.seam.since();
    if (one.restricted && request.since_time.empty()) {
      request.tail = options_.tail;
      request.since_seconds = options_.since_seconds;
    }
    const auto on_line = [this](const LogLine& line) { return take(line); };
    const Status done = read_log(api_, source_.ns, now, request, one.seam, on_line, cancel_);
    if (done) one.restricted = false;
    return done;
  }

  // Whether to go on at once.
  bool settle(Followed& one, const LoggedContainer& now, const Status& read, int failures) {
    const std::lock_guard lock(mutex_);
    const ErrorCode code = read ? ErrorCode::kInternal : read.error().code;
    if (code == ErrorCode::kForbidden || code == ErrorCode::kUnauthenticated) {
      outcome_ = read;
      cancel_.cancel();
      return true;
    }
    const bool lost = !read && code != ErrorCode::kCancelled && failures == kFailuresToTell;
    if (lost) note(read.error().summary());
    const bool over = read ? !now.running : code == ErrorCode::kNotFound;
    if (over || (lost && !now.running)) one.finished = now.run;
    return over;
  }

  bool take(const LogLine& line) {
    const std::lock_guard lock(output_);
    const bool more = !cancel_.cancelled() && callbacks_.on_line(line);
    if (!more) cancel_.cancel();
    return more;
  }

  void note(const std::string& text) {
    const std::lock_guard lock(output_);
    callbacks_.on_note(text);
  }

  void trouble(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (cancel_.cancelled() || error.code == ErrorCode::kGone) return;
    if (error.code == ErrorCode::kForbidden || error.code == ErrorCode::kUnauthenticated) {
      outcome_ = fail(error);
      cancel_.cancel();
      return;
    }
    if (!std::exchange(in_trouble_, true)) note(error.summary() + "; trying again");
  }

  kube::Api& api_;
  const LogSource& source_;
  const FollowOptions& options_;
  const FollowCallbacks& callbacks_;
  kube::CancelToken& cancel_;
  std::mutex output_;  // of the callbacks; taken last
  std::mutex mutex_;   // of what follows
  std::map<std::string, std::unique_ptr<Followed>> all_;
  std::size_t active_ = 0;
  bool first_ = true;
  bool complete_ = false;  // nothing more will come
  bool told_of_limit_ = false;
  bool in_trouble_ = false;
  Status outcome_;
};

}  // namespace

Status follow_logs(kube::Api& api, const LogSource& source, const FollowOptions& options,
                   const FollowCallbacks& callbacks, kube::CancelToken& cancel) {
  return Follower(api, source, options, callbacks, cancel).run();
}

}  // namespace ferry::logs
