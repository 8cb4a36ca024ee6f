// Threads for what may block: calls to the API server, watches, credential plugins.
//
// A task is a plain sequential function on a thread of its own. It never touches what lives on the
// loop; it hands its results over with TaskContext::post(). Whoever started it holds the Task:
// destroying it cancels the function and drops whatever it posts from then on, without waiting. The
// threads are joined by Workers' destructor.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "kube/cancel.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::daemon {

// What a task's function sees. Used on the task's own thread.
class TaskContext {
 public:
  TaskContext(net::Loop& loop, std::weak_ptr<void> held, const kube::CancelToken& cancel)
      : loop_(loop), held_(std::move(held)), cancel_(cancel) {}

  // Runs `deliver` on the loop, unless the Task is gone by then.
  void post(std::function<void()> deliver) const;

  const kube::CancelToken& cancel() const { return cancel_; }

 private:
  net::Loop& loop_;
  const std::weak_ptr<void> held_;
  const kube::CancelToken& cancel_;
};

// The right to a task's results. Lives on the loop's thread.
class Task {
 public:
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

 private:
  friend class Workers;
  explicit Task(std::shared_ptr<kube::CancelToken> cancel) : cancel_(std::move(cancel)) {}
  const std::shared_ptr<kube::CancelToken> cancel_;
  // Expires with the Task: what is posted later is dropped.
  const std::shared_ptr<void> held_ = std::make_shared<int>(0);
};

class Workers {
 public:
  using Work = std::function<void(const TaskContext&)>;

  // The loop outlives the workers.
  explicit Workers(net::Loop& loop);
  // Cancels every task and waits until they have ended.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Starts `work` on a thread; while the system has none, tries again every second. On the loop's
  // thread only.
  [[nodiscard]] std::unique_ptr<Task> start(Work work);

 private:
  struct Running {
    std::shared_ptr<kube::CancelToken> cancel;
    std::weak_ptr<void> held;  // expires with the Task
    bool waiting = true;       // for a thread
    Work work;                 // the thread's, once there is one
    std::thread thread;
    bool finished = false;  // guarded by mutex_
  };
  void join_finished();
  void start_waiting();
  void run(Running& task);

  net::Loop& loop_;
  std::mutex mutex_;
  std::list<Running> running_;  // the list is the loop thread's alone
  net::Timer again_;
};

}  // namespace ferry::daemon
