// A whole daemon on a loop's thread, with a fake backend and a directory of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/daemon.h"
#include "tests/daemon/event_log.h"
#include "tests/daemon/loop_thread.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/fakes/fake_backend.h"

namespace ferry::testing {

class House : public ::testing::Test {
 protected:
  House() : backend_(loop()) { start_daemon(); }
  ~House() override { end_daemon(); }

  net::Loop& loop() { return thread_.loop(); }
  template <typename Work>
  auto run(Work work) {
    return thread_.run(std::move(work));
  }
  daemon::FakeBackend& backend() { return backend_; }
  kube::FakeKubeApi& api() { return *backend_.api; }
  daemon::Daemon& daemon() { return *daemon_; }
  EventLog& events() { return *events_; }

  void start_daemon() {
    run([this] {
      daemon_ = std::make_unique<daemon::Daemon>(
          loop(), backend_,
          daemon::DaemonOptions{.links_file = directory_.path() / "links.json",
                                .test_every = test_every_},
          [] {});
    });
    events_.emplace(*daemon_);
    run([this] { daemon_->start(); });
  }
  void end_daemon() {
    events_.reset();
    run([this] { daemon_.reset(); });
  }
  // Links that nobody uses test themselves so often, those of a new daemon.
  void test_every(Duration time) {
    test_every_ = time;
    restart_daemon();
  }
  void restart_daemon() {
    end_daemon();
    start_daemon();
  }

  control::LinkStatus add(const control::LinkSpec& spec) {
    auto link = daemon().add_link(spec);
    EXPECT_TRUE(link.has_value()) << link.error().summary();
    return link.value_or(control::LinkStatus{});
  }
  control::Event add_and_wait_for_end(const control::LinkSpec& spec) {
    const auto link = add(spec);
    return events().wait_for([&](const control::Event& event) {
      return event.kind == control::EventKind::kEnded && event.link_id == link.id;
    });
  }

 private:
  const TemporaryDirectory directory_;
  LoopThread thread_;
  Duration test_every_ = std::chrono::minutes(5);
  daemon::FakeBackend backend_;
  std::unique_ptr<daemon::Daemon> daemon_;
  std::optional<EventLog> events_;
};

}  // namespace ferry::testing
