#include "daemon/workers.h"

#include <utility>

namespace ferry::daemon {

void TaskContext::post(std::function<void()> deliver) const {
  loop_.post([held = held_, deliver = std::move(deliver)] {
    if (!held.expired()) deliver();
  });
}

Task::~Task() { cancel_->cancel(); }

Workers::~Workers() {
  for (Running& task : running_) task.cancel->cancel();
  for (Running& task : running_) task.thread.join();
}

std::unique_ptr<Task> Workers::start(Work work) {
  join_finished();
  auto cancel = std::make_shared<kube::CancelToken>();
  std::unique_ptr<Task> task(new Task(cancel));
  Running& running = running_.emplace_back();
  running.cancel = cancel;
  const std::weak_ptr<void> held = task->held_;
  running.thread = std::thread([this, &running, held, cancel, work = std::move(work)] {
    work(TaskContext(loop_, held, *cancel));
    const std::lock_guard lock(mutex_);
    running.finished = true;
  });
  return task;
}

void Workers::join_finished() {
  const std::lock_guard lock(mutex_);
  running_.remove_if([](Running& task) {
    if (task.finished) task.thread.join();
    return task.finished;
  });
}

}  // namespace ferry::daemon
