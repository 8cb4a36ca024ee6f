#include "net/loop.h"

#include <cassert>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "net/buffers.h"
#include "net/uv_handle.h"

namespace ferry::net {
namespace {

// libuv writes without MSG_NOSIGNAL.
void ignore_sigpipe() {
  struct sigaction current = {};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    std::signal(SIGPIPE, SIG_IGN);
  }
}

// libuv looks up names on half of its worker threads, of which there are four unless it is told
// otherwise before the first one starts: two names that hang would hold up all others.
void allow_many_lookups() { setenv("UV_THREADPOOL_SIZE", "32", 0); }

void abort_if_failed(int rc) {
  if (rc != 0) std::abort();
}

}  // namespace

struct Loop::Impl {
  uv_loop_t uv = {};
  UvHandle<uv_async_t> wake_up;
  UvHandle<uv_prepare_t> before_poll;
  UvHandle<uv_check_t> after_poll;
  bool stopped = false;
  TimePoint round_time{};
  bool round_time_known = false;
  Buffers buffers;
  std::vector<std::unique_ptr<Disposable>> retired;

  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex

  Impl();
  ~Impl();
  void begin_phase();
  void delete_retired();
  bool run_posted();
  void on_wake_up() { run_posted(); }
};

Loop::Impl::Impl() {
  ignore_sigpipe();
  allow_many_lookups();
  abort_if_failed(uv_loop_init(&uv));
  wake_up = make_uv_handle<uv_async_t>(
      [&](uv_async_t* h) { return uv_async_init(&uv, h, uv_callback<&Impl::on_wake_up>); });
  before_poll =
      make_uv_handle<uv_prepare_t>([&](uv_prepare_t* h) { return uv_prepare_init(&uv, h); });
  after_poll = make_uv_handle<uv_check_t>([&](uv_check_t* h) { return uv_check_init(&uv, h); });
  if (!wake_up) std::abort();
  wake_up->data = before_poll->data = after_poll->data = this;
  uv_prepare_start(before_poll.get(), uv_callback<&Impl::begin_phase>);
  uv_check_start(after_poll.get(), uv_callback<&Impl::begin_phase>);
  uv_unref(reinterpret_cast<uv_handle_t*>(wake_up.get()));
  uv_unref(reinterpret_cast<uv_handle_t*>(before_poll.get()));
  uv_unref(reinterpret_cast<uv_handle_t*>(after_poll.get()));
}

Loop::Impl::~Impl() {
  std::vector<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex);
    dropped.swap(posted);
  }
  dropped.clear();
  delete_retired();
  wake_up.reset();
  before_poll.reset();
  after_poll.reset();
  const auto check = [](uv_handle_t* handle, void*) {
    assert(uv_is_closing(handle));  // else it outlives its loop
    static_cast<void>(handle);
  };
  uv_walk(&uv, check, nullptr);
  while (uv_loop_close(&uv) == UV_EBUSY) uv_run(&uv, UV_RUN_DEFAULT);
}

// Timers run before the poll, I/O within it: objects that either let go are deleted, and the clock
// is read anew, on both sides of it.
void Loop::Impl::begin_phase() {
  delete_retired();
  round_time_known = false;
}

void Loop::Impl::delete_retired() {
  while (!retired.empty()) {  // a destructor may retire further objects
    auto batch = std::exchange(retired, {});
    batch.clear();
  }
}

bool Loop::Impl::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex);
    tasks.swap(posted);
  }
  for (auto& task : tasks) task();
  return !tasks.empty();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  bool more = true;
  while (more && !impl_->stopped) {
    uv_run(&impl_->uv, UV_RUN_DEFAULT);
    impl_->begin_phase();
    if (impl_->stopped) break;
    // The wake-up handle doesn't keep uv_run() going, so a task may have been left behind.
    more = impl_->run_posted() || uv_loop_alive(&impl_->uv) != 0;
  }
  impl_->begin_phase();
  impl_->stopped = false;
}

void Loop::stop() {
  impl_->stopped = true;
  uv_stop(&impl_->uv);
}

void Loop::post(std::function<void()> task) {
  const std::lock_guard lock(impl_->mutex);
  impl_->posted.push_back(std::move(task));
  if (impl_->posted.size() == 1) uv_async_send(impl_->wake_up.get());
}

void Loop::delete_later(std::unique_ptr<Disposable> object) {
  if (!object) return;
  object->retire();
  impl_->retired.push_back(std::move(object));
}

TimePoint Loop::now() const {
  if (!impl_->round_time_known) {
    impl_->round_time = std::chrono::steady_clock::now();
    impl_->round_time_known = true;
  }
  return impl_->round_time;
}

uv_loop_s* Loop::native() { return &impl_->uv; }
Buffers& Loop::buffers() { return impl_->buffers; }

}  // namespace ferry::net
