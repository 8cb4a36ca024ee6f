// A CancelToken, heard of on the loop.
#pragma once

#include <functional>
#include <thread>

#include "kube/cancel.h"
#include "net/loop.h"

namespace ferry::exec {

class CancelWatch {
 public:
  // on_cancel: at most once, on the loop's thread. The watch lives as long as the loop runs, the
  // token as long as the watch.
  CancelWatch(net::Loop& loop, const kube::CancelToken& token, std::function<void()> on_cancel);
  ~CancelWatch();
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

 private:
  kube::CancelToken stop_;
  std::thread thread_;
};

}  // namespace ferry::exec
