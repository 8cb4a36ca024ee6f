#include "daemon/swap/step_runner.h"

#include <utility>

namespace ferry::daemon {

void StepRunner::run(Step step) {
  task_.reset();
  auto done = std::make_shared<std::promise<void>>();
  const auto before = std::exchange(last_, done->get_future().share());
  task_ = workers_.start([step = std::move(step), before, done](const TaskContext& task) {
    if (before.valid()) before.wait();
    if (!task.cancel().cancelled()) step(task);
    done->set_value();
  });
}

}  // namespace ferry::daemon
