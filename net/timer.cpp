#include "net/timer.h"

#include <algorithm>
#include <utility>

#include "net/loop.h"
#include "net/uv_handle.h"

namespace ferry::net {
namespace {

// The callback stands beside the handle, so that it outlives a timer that it destroys.
struct TimerBlock : uv_timer_t {
  std::function<void()> on_fire;
  void fire() { on_fire(); }
};

}  // namespace

struct Timer::Impl {
  UvHandle<uv_timer_t, TimerBlock> handle;
};

Timer::Timer(Loop& loop, std::function<void()> on_fire) : impl_(std::make_unique<Impl>()) {
  impl_->handle = make_uv_handle<uv_timer_t, TimerBlock>(
      [&](uv_timer_t* h) { return uv_timer_init(loop.native(), h); });
  impl_->handle->on_fire = std::move(on_fire);
  impl_->handle->data = impl_->handle.get();
}

Timer::~Timer() = default;

// libuv compares against its own time, whole milliseconds that were read at the start of the round:
// aim at a millisecond that lies at or after the true moment.
void Timer::start(Duration after) {
  constexpr std::uint64_t kNanosInMilli = 1'000'000;
  const auto wait = static_cast<std::uint64_t>(std::max(after, Duration::zero()).count());
  const std::uint64_t due = (uv_hrtime() + wait + kNanosInMilli - 1) / kNanosInMilli;
  const std::uint64_t now = uv_now(impl_->handle->loop);
  uv_timer_start(impl_->handle.get(), uv_callback<&TimerBlock::fire>,
                 wait == 0 || due < now ? 0 : due - now, 0);
}

void Timer::stop() { uv_timer_stop(impl_->handle.get()); }

bool Timer::active() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(impl_->handle.get())) != 0;
}

}  // namespace ferry::net
