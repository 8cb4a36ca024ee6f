// Whether a command whose daemon is gone asks the next one for what it wanted.
#pragma once

#include "base/error.h"

namespace ferry::cli {

class Restarts {
 public:
  // `foreground`: what was asked for ends with the command, so that asking again makes it once.
  // kUnreachable: the daemon was about to end when it was found, and never heard of it. kReset: it
  // was killed or crashed. True: ask again; that often, without a word of working(), at most.
  bool again(const Error& error, bool foreground) {
    const bool lost = error.code == ErrorCode::kReset && foreground;
    if ((!lost && error.code != ErrorCode::kUnreachable) || count_ == kMost) return false;
    ++count_;
    restarted_ = true;
    return true;
  }
  void working() { count_ = 0; }
  // Whether another daemon was asked, ever.
  bool restarted() const { return restarted_; }

 private:
  static constexpr int kMost = 5;
  int count_ = 0;
  bool restarted_ = false;
};

}  // namespace ferry::cli
