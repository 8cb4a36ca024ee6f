// The steps of one swap, on worker threads, never two at once: the next one begins when the one
// before has returned, cancelled or not. So an undo never races with what it undoes.
#pragma once

#include <functional>
#include <future>
#include <memory>

#include "daemon/workers.h"
#include "kube/swap/run.h"

namespace ferry::daemon {

class StepRunner {
 public:
  // Blocks, on a worker thread; reports to the loop by task.post().
  using Step = std::function<void(const TaskContext& task)>;

  explicit StepRunner(Workers& workers) : workers_(workers) {}

  // On the loop's thread. The step under way is cancelled, and what it posts is dropped.
  void run(Step step);
  void stop() { task_.reset(); }

 private:
  Workers& workers_;
  std::unique_ptr<Task> task_;
  std::shared_future<void> last_;  // when the latest step has returned
};

}  // namespace ferry::daemon
