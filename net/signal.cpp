#include "net/signal.h"

#include <utility>
#include <vector>

#include "net/problems.h"
#include "net/uv_error.h"
#include "net/uv_handle.h"

namespace ferry::net {

struct SignalWatcher::Impl {
  OnSignal on_signal;
  std::vector<UvHandle<uv_signal_t>> handles;

  int watch(uv_loop_t* loop, int number);
  void on_uv_signal(int number) { on_signal(number); }
};

int SignalWatcher::Impl::watch(uv_loop_t* loop, int number) {
  int error = 0;
  auto handle =
      make_uv_handle<uv_signal_t>([&](uv_signal_t* h) { return uv_signal_init(loop, h); }, &error);
  if (!handle) return error;
  handle->data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(handle.get()));
  error = uv_signal_start(handle.get(), uv_callback<&Impl::on_uv_signal>, number);
  handles.push_back(std::move(handle));
  return error;
}

SignalWatcher::SignalWatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SignalWatcher::~SignalWatcher() = default;

void SignalWatcher::retire() { impl_->handles.clear(); }

Result<std::unique_ptr<SignalWatcher>> SignalWatcher::create(Loop& loop,
                                                             std::initializer_list<int> signals,
                                                             OnSignal on_signal) {
  auto impl = std::make_unique<Impl>();
  impl->on_signal = std::move(on_signal);
  for (const int number : signals) {
    const int error = impl->watch(loop.native(), number);
    if (error != 0) {
      return fail(problem::kSignalUnwatchable, "watching for signal " + std::to_string(number),
                  uv_strerror(error));
    }
  }
  return std::unique_ptr<SignalWatcher>(new SignalWatcher(std::move(impl)));
}

}  // namespace ferry::net
