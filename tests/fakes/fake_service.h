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

  Status remove_link(const std::string& id) override {
    const std::lock_guard lock(mutex_);
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
    return std::make_unique<Entry>(*this, subscribers_.begin());
  }

  void quit() override {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    changed_.notify_all();
  }

  // What the test does.
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
  std::vector<LinkStatus> links_;
  std::vector<LinkSpec> specs_;
  Subscribers subscribers_;
  std::optional<Error> refuse_;
  int last_id_ = 0;
  bool quit_ = false;
};

}  // namespace ferry::control
