#include "daemon/workers.h"

#include <spdlog/spdlog.h>

#include <system_error>
#include <utility>

namespace ferry::daemon {
namespace {

constexpr auto kAgain = std::chrono::seconds(1);

}  // namespace

void TaskContext::post(std::function<void()> deliver) const {
  loop_.post([held = held_, deliver = std::move(deliver)] {
    if (!held.expired()) deliver();
  });
}

Task::~Task() { cancel_->cancel(); }

Workers::Workers(net::Loop& loop) : loop_(loop), again_(loop, [this] { start_waiting(); }) {}

Workers::~Workers() {
  for (Running& task : running_) task.cancel->cancel();
  for (Running& task : running_) {
    if (task.thread.joinable()) task.thread.join();
  }
}

std::unique_ptr<Task> Workers::start(Work work) {
  join_finished();
  auto cancel = std::make_shared<kube::CancelToken>();
  std::unique_ptr<Task> task(new Task(cancel));
  Running& running = running_.emplace_back();
  running.cancel = std::move(cancel);
  running.held = task->held_;
  running.work = std::move(work);
  start_waiting();
  return task;
}

void Workers::start_waiting() {
  running_.remove_if([](const Running& task) { return task.waiting && task.held.expired(); });
  for (Running& task : running_) {
    if (!task.waiting) continue;
    try {
      task.thread = std::thread([this, &task] { run(task); });
      task.waiting = false;
    } catch (const std::system_error& e) {
      spdlog::warn("no thread for work in the cluster, trying again: {}", e.what());
      return again_.start(kAgain);
    }
  }
}

void Workers::run(Running& task) {
  std::exchange(task.work, nullptr)(TaskContext(loop_, task.held, *task.cancel));
  const std::lock_guard lock(mutex_);
  task.finished = true;
}

void Workers::join_finished() {
  const std::lock_guard lock(mutex_);
  running_.remove_if([](Running& task) {
    if (task.finished) task.thread.join();
    return task.finished;
  });
}

}  // namespace ferry::daemon
