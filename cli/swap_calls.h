// The daemon's side of a swap in the foreground: calls that take their time, each on a thread of
// its own, and what they bring in a queue.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "daemon/control/client.h"

namespace ferry::cli {

// A stream of events is over.
struct StreamEnd {
  Status status;
};
// The daemon was asked for the link's end.
struct Removed {
  Status status;
};
using SwapNews = std::variant<control::Event, StreamEnd, Removed, Result<control::PodEnvironment>>;

class SwapCalls {
 public:
  SwapCalls();
  // Leaves the threads that still wait behind: nobody hears of them any more.
  ~SwapCalls();
  SwapCalls(const SwapCalls&) = delete;
  SwapCalls& operator=(const SwapCalls&) = delete;

  // The daemon to talk to from now on. To be said before the calls below.
  void use(const control::Client& client) { client_.emplace(client); }

  // Readable while there is news.
  int fd() const;
  std::deque<SwapNews> take();

  struct StreamSteps {
    // Wait for what a lost daemon left in the foreground: its successor restores it.
    bool leftovers;
    bool swap;         // swap then; else what is left is all there is to hear of
    bool until_local;  // follow(false) ends where only the local process is missing
  };
  // Brings events, then a StreamEnd.
  void stream(const control::SwapSpec& spec, StreamSteps steps);
  // Whether the stream goes on once the swap stands.
  void follow(bool on);

  // Brings a Removed, or an environment.
  void remove(const std::string& id);
  void environment(const std::string& id);

 private:
  struct Shared;

  const std::shared_ptr<Shared> shared_;
  std::optional<control::Client> client_;
};

}  // namespace ferry::cli
