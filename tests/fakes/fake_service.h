// A control::Service without a daemon behind it: links are entries of a list, and the test says
// what becomes of them.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>

#include "daemon/control/service.h"

namespace ferry::control {

class FakeService final : public Service {
 public:
  Result<LinkStatus> add_link(LinkSpec spec) override {
    const std::lock_guard lock(mutex_);
    if (refuse_) return fail(*refuse_);
    LinkStatus link;
    link.id = std::to_string(++last_id_);
    link.target = spec.target;
    link.detached = spec.detach;
    for (const auto& port : spec.ports) {
      link.ports.push_back({.local = port.local, .remote = port.remote});
    }
    links_.push_back(link);
    specs_.push_back(std::move(spec));
    changed_.notify_all();
    return link;
  }

  Result<LinkStatus> add_swap(SwapSpec spec) override {
    const std::lock_guard lock(mutex_);
    if (refuse_) return fail(*refuse_);
    LinkStatus link;
    link.id = std::to_string(++last_id_);
    link.target = spec.workload;
    link.detached = spec.detach;
    link.swap.emplace();
    link.swap->container = spec.container;
    links_.push_back(link);
    swap_specs_.push_back(std::move(spec));
    changed_.notify_all();
    return link;
  }

  Result<SwapPlanText> plan_swap(SwapSpec spec) override {
    const std::lock_guard lock(mutex_);
    if (refuse_) return fail(*refuse_);
    swap_specs_.push_back(std::move(spec));
    return plan_;
  }

  Result<std::vector<SwapListing>> list_swaps(KubeAccess kube) override {
    const std::lock_guard lock(mutex_);
    if (refuse_) return fail(*refuse_);
    asked_namespace_ = kube.kube_namespace;
    return swaps_;
  }

  Result<Diagnosis> diagnose(DiagnoseSpec spec) override {
    const std::lock_guard lock(mutex_);
    if (refuse_) return fail(*refuse_);
    diagnosed_.push_back(std::move(spec));
    return diagnosis_;
  }

  // Says what the test put into restore_events, then what restore_outcome holds.
  Result<std::string> restore(RestoreSpec spec,
                              std::function<void(const Event&)> on_event) override {
    std::unique_lock lock(mutex_);
    restores_.push_back(std::move(spec));
    changed_.notify_all();
    const auto events = restore_events_;
    const auto outcome = restore_outcome_;
    lock.unlock();
    for (const auto& event : events) on_event(event);
    return outcome;
  }

  Result<std::string> environment(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    ++environment_asked_;
    changed_.notify_all();
    if (!environment_) {
      return fail(ErrorCode::kUnavailable, "reading the environment of " + id, "not yet", "");
    }
    return *environment_;
  }

  // A swap stays, kEnding, until the test emits its end; a forward is gone at once.
  Status remove_link(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    ++removals_;
    for (auto& link : links_) {
      if (link.id != id || !link.swap) continue;
      link.state = LinkState::kEnding;
      link.swap->phase = SwapPhase::kRestoring;
      changed_.notify_all();
      return {};
    }
    const auto erased = std::erase_if(links_, [&](const auto& link) { return link.id == id; });
    changed_.notify_all();
    if (erased == 0) return fail(ErrorCode::kNotFound, "removing link " + id, "no such link");
    return {};
  }

  Result<LinkStatus> link(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    for (const auto& link : links_) {
      if (link.id == id) return link;
    }
    return fail(ErrorCode::kNotFound, "looking up link " + id, "no such link");
  }

  // Passes at once, unless tests go on or fail; neither changes the link's state.
  Result<LinkStatus> test_link(const std::string& id) override {
    {
      const std::lock_guard lock(mutex_);
      for (auto& link : links_) {
        if (link.id != id) continue;
        link.test.under_way = tests_go_on_;
        if (tests_go_on_) continue;
        link.test.tested = unix_millis_now();
        link.test.error = test_error_;
        if (!test_error_) link.test.passed = link.test.tested;
      }
    }
    return link(id);
  }

  std::vector<LinkStatus> links() override {
    const std::lock_guard lock(mutex_);
    return links_;
  }

  DaemonStatus status() override {
    const std::lock_guard lock(mutex_);
    DaemonStatus status;
    status.version = "0.0.7";
    status.pid = 42;
    status.started = 1795248303007;
    status.links = links_;
    return status;
  }

  std::unique_ptr<Subscription> subscribe(std::function<void(const Event&)> on_event) override {
    const std::lock_guard lock(mutex_);
    subscribers_.push_front(std::move(on_event));
    changed_.notify_all();
    return std::make_unique<Entry>(*this, subscribers_.begin());
  }

  void quit() override {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    changed_.notify_all();
  }

  // What the test does.
  void set_plan(SwapPlanText plan) {
    const std::lock_guard lock(mutex_);
    plan_ = std::move(plan);
  }
  void set_swaps(std::vector<SwapListing> swaps) {
    const std::lock_guard lock(mutex_);
    swaps_ = std::move(swaps);
  }
  void set_diagnosis(Diagnosis diagnosis) {
    const std::lock_guard lock(mutex_);
    diagnosis_ = std::move(diagnosis);
  }
  void set_restore(std::vector<Event> events, Result<std::string> outcome) {
    const std::lock_guard lock(mutex_);
    restore_events_ = std::move(events);
    restore_outcome_ = std::move(outcome);
  }
  void set_environment(std::string json) {
    const std::lock_guard lock(mutex_);
    environment_ = std::move(json);
  }
  bool wait_for_environment_requests(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return environment_asked_ >= count; });
  }
  bool wait_for_removals(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return removals_ >= count; });
  }
  bool wait_for_subscribers(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return subscribers_.size() >= count; });
  }
  // A swap's end, as the daemon tells of it.
  void end_swap(const std::string& id, std::optional<Error> error = std::nullopt) {
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(links_, [&](const auto& link) { return link.id == id; });
      changed_.notify_all();
    }
    Event event{.kind = EventKind::kEnded, .link_id = id};
    event.error = std::move(error);
    emit(event);
  }
  // From now on tests have no end.
  void let_tests_go_on() {
    const std::lock_guard lock(mutex_);
    tests_go_on_ = true;
  }
  void fail_tests_with(Error error) {
    const std::lock_guard lock(mutex_);
    test_error_ = std::move(error);
  }
  void make_active() {
    const std::lock_guard lock(mutex_);
    for (auto& link : links_) link.state = LinkState::kActive;
  }
  void emit(const Event& event) {
    const std::lock_guard lock(mutex_);
    for (const auto& subscriber : subscribers_) subscriber(event);
  }
  void refuse_links_with(Error error) {
    const std::lock_guard lock(mutex_);
    refuse_ = std::move(error);
  }
  // Waits up to 10 s until `condition` holds of the links.
  bool wait_for_links(const std::function<bool(const std::vector<LinkStatus>&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return condition(links_); });
  }
  std::vector<LinkSpec> specs() {
    const std::lock_guard lock(mutex_);
    return specs_;
  }
  std::vector<SwapSpec> swap_specs() {
    const std::lock_guard lock(mutex_);
    return swap_specs_;
  }
  std::vector<RestoreSpec> restores() {
    const std::lock_guard lock(mutex_);
    return restores_;
  }
  std::vector<DiagnoseSpec> diagnosed() {
    const std::lock_guard lock(mutex_);
    return diagnosed_;
  }
  std::string asked_namespace() {
    const std::lock_guard lock(mutex_);
    return asked_namespace_;
  }
  bool asked_to_quit() {
    const std::lock_guard lock(mutex_);
    return quit_;
  }

 private:
  using Subscribers = std::list<std::function<void(const Event&)>>;

  class Entry final : public Subscription {
   public:
    Entry(FakeService& service, Subscribers::iterator at) : service_(service), at_(at) {}
    ~Entry() override {
      const std::lock_guard lock(service_.mutex_);
      service_.subscribers_.erase(at_);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    FakeService& service_;
    Subscribers::iterator at_;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  bool tests_go_on_ = false;
  std::optional<Error> test_error_;
  std::vector<LinkStatus> links_;
  std::vector<LinkSpec> specs_;
  std::vector<SwapSpec> swap_specs_;
  std::vector<RestoreSpec> restores_;
  SwapPlanText plan_;
  std::vector<SwapListing> swaps_;
  Diagnosis diagnosis_;
  std::vector<DiagnoseSpec> diagnosed_;
  std::vector<Event> restore_events_;
  Result<std::string> restore_outcome_;
  std::optional<std::string> environment_;
  int environment_asked_ = 0;
  int removals_ = 0;
  std::string asked_namespace_;
  Subscribers subscribers_;
  std::optional<Error> refuse_;
  int last_id_ = 0;
  bool quit_ = false;
};

}  // namespace ferry::control
