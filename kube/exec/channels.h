// What is said on the WebSocket of exec and attach: each message begins with a byte that names its
// channel. https://github.com/kubernetes/enhancements (KEP-4006),
// k8s.io/apimachinery/pkg/util/remotecommand/constants.go
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::exec {

// The second one lacks kClose: it can't say that our standard input has ended. API servers before
// 1.30 know only that.
inline constexpr const char* kWithClose = "v5.channel.k8s.io";
inline constexpr const char* kWithoutClose = "v4.channel.k8s.io";

enum class Channel : std::uint8_t {
  kInput = 0,   // to the command
  kOutput = 1,  // from it; with a terminal, all that it says
  kErrors = 2,
  kStatus = 3,   // from the server, at the end: a Status object
  kResize = 4,   // to the server: a terminal's size
  kClose = 255,  // to the server: the channel whose number follows has ended
};

struct TerminalSize {
  std::uint16_t columns = 0;
  std::uint16_t rows = 0;

  bool operator==(const TerminalSize&) const = default;
};

// The payload for kResize.
std::string resize_text(TerminalSize size);

struct RemoteCommand {
  std::string ns;
  std::string pod;
  std::string container;
  std::vector<std::string> command;  // empty: attaches to what runs there already
  bool input = false;                // it gets a standard input
  bool terminal = false;             // its streams are a terminal, and one

  bool attaches() const { return command.empty(); }
};

// "running 'sh' in container app of pod web-1 in namespace shop"
std::string describe(const RemoteCommand& command);

// "command=sh&command=-c&container=app&stdin=true&stdout=true", for the API server.
std::string query_of(const RemoteCommand& command);

// What the Status object says, which ends it all: the command's exit code, 0 to 255. An error: it
// didn't run, or the server lost it; `what` is describe().
Result<int> exit_code_of_status(std::string_view text, const std::string& what);

}  // namespace ferry::exec
