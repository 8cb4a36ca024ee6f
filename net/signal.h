// Signals of the process as events on the loop.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/result.h"
#include "net/loop.h"

namespace ferry::net {

// Watches signals until it is destroyed. Doesn't keep Loop::run() going by itself.
class SignalWatcher : public Disposable {
 public:
  using OnSignal = std::function<void(int signal)>;

  // `signals`: numbers as in <csignal>, SIGTERM for instance. Error: kIo (no descriptors left, or a
  // signal that can't be caught).
  static Result<std::unique_ptr<SignalWatcher>> create(Loop& loop,
                                                       std::initializer_list<int> signals,
                                                       OnSignal on_signal);
  ~SignalWatcher() override;
  void retire() override;

 private:
  struct Impl;
  explicit SignalWatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
