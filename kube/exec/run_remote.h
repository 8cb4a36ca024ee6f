// A command in a container, with streams of this process at its other end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "kube/cancel.h"
#include "kube/credentials.h"
#include "kube/exec/channels.h"

namespace ferry::exec {

struct LocalEnd {
  // Descriptors, which stay the caller's and may be shared with others; input is used where the
  // command takes any.
  int input = 0;
  int output = 1;
  int errors = 2;
  // Asked for the size of our terminal when the command has begun, and after each SIGWINCH. Empty:
  // there is none.
  std::function<std::optional<TerminalSize>()> terminal_size;
  // The API server has taken it on: from now on `input` is read.
  std::function<void()> on_started;
  // It has ended, one way or the other, and what it said is written.
  std::function<void()> on_ended;
  // For the user, on one line.
  std::function<void(const std::string&)> on_note;
  // How often the API server is asked for a sign of life.
  Duration beat = std::chrono::seconds(10);
  // Ends it all with kCancelled; what nobody reads from `output` is dropped then. May be null.
  const kube::CancelToken* cancel = nullptr;
};

// Blocks until the command has ended and what it said is written, and returns its exit code;
// 128 + SIGPIPE when nobody reads `output` or `errors` any more. Signals are the caller's business.
// Errors: those of WebSocketDial and of RemoteHandler::on_ended(); kIo (`output`
// or `errors` can't be written to).
Result<int> run_remote(const std::shared_ptr<kube::Credentials>& credentials,
                       const RemoteCommand& command, const LocalEnd& local);

}  // namespace ferry::exec
