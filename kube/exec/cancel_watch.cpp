#include "kube/exec/cancel_watch.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ferry::exec {

CancelWatch::CancelWatch(net::Loop& loop, const kube::CancelToken& token,
                         std::function<void()> on_cancel)
    : thread_([this, &loop, &token, on_cancel = std::move(on_cancel)] {
        std::array<pollfd, 2> on{
            {{token.descriptor(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
        while (poll(on.data(), on.size(), -1) < 0 && errno == EINTR) {
        }
        if (token.cancelled()) loop.post(on_cancel);
      }) {}

CancelWatch::~CancelWatch() {
  stop_.cancel();
  thread_.join();
}

}  // namespace ferry::exec
