// A control server with a fake daemon behind it, for commands that have to do with swaps.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include "cli/terminal.h"
#include "daemon/control/client.h"
#include "daemon/control/server.h"
#include "tests/cli/temp_dir.h"
#include "tests/cli/watched_text.h"
#include "tests/fakes/fake_service.h"

namespace ferry::cli {

class SwapFixture : public testing::Test {
 protected:
  SwapFixture() {
    // Before any thread is there, as in the real command: else one of the server's takes them.
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    serve();
  }

  void serve() {
    server_.emplace(service_, control::ServerOptions{.socket_path = socket()});
    ASSERT_TRUE(server_->start());
  }

  std::string socket() const { return dir_.path() + "/s"; }
  control::Client client() const { return control::Client(socket()); }

  bool wait_for_links(std::size_t count) {
    return service_.wait_for_links([=](const auto& links) { return links.size() == count; });
  }
  bool wait_for_restoring() {
    return service_.wait_for_links([](const auto& links) {
      return !links.empty() && links.front().state == control::LinkState::kEnding;
    });
  }

  void enter(control::SwapPhase phase, const std::string& id = "1",
             const std::string& reason = {}) {
    control::Event event{.kind = control::EventKind::kLink, .time = 1000, .link_id = id};
    event.link = service_.link(id).value();
    event.link->kube_namespace = "shop";
    event.link->swap->phase = phase;
    event.link->reason = reason;
    event.link->swap->ports = {{.local = 8081, .remote = 80, .open = true}};
    const bool works = phase == control::SwapPhase::kSwapped && reason.empty();
    if (works) event.link->state = control::LinkState::kActive;
    service_.emit(event);
  }
  void tell(control::EventKind kind, const std::string& message, const std::string& id = "1") {
    service_.emit({.kind = kind, .link_id = id, .message = message});
  }

  std::string file(const std::string& name) const { return dir_.path() + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // Waits up to 10 s for what another process does to a file.
  static bool wait_for_content(const std::string& path, const std::string& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (content(path) != wanted) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  TempDir dir_;
  control::FakeService service_;
  std::optional<control::Server> server_;
  WatchedText out_;
  WatchedText error_;
  Terminal terminal_{out_.stream(), error_.stream(), {}};
};

}  // namespace ferry::cli
