// Cancelling blocking work from another thread.
//
// The owner of the work holds the token and calls cancel(); whoever blocks (a request, a watch, a
// credential plugin, a wait between two attempts) sleeps on its descriptor as well and gives up
// within milliseconds with kCancelled.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace ferry::kube {

class CancelToken {
 public:
  CancelToken();
  ~CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  // For good: a token is never un-cancelled. Any thread, any number of times.
  void cancel();
  bool cancelled() const;

  // Sleeps; false when the token was cancelled before the time had passed.
  bool sleep_for(Duration time) const;

  // Becomes readable on cancel() and stays so: for poll(2). Not to be read from or closed.
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;  // an eventfd
};

// The error of cancelled work; `what` is what was going on.
Error cancelled_error(std::string what);

}  // namespace ferry::kube
