// What the control server needs of the daemon. The daemon implements it; tests use a fake.
//
// Every call comes from one of the server's own threads, several at once: implementations hand the
// work to their loop and wait for the answer. A call may block for as long as its comment says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::control {

// Destroying it ends the subscription: when the destructor returns, the callback neither runs nor
// will run again.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Service {
 public:
  virtual ~Service() = default;

  // Registers the link and returns at once, its state kStarting; what becomes of it is told by
  // events: kLink with kActive or kWaiting once its listeners are open, or kFailed and then kEnded
  // with the error. The spec has passed problem_of(). Error: kUnavailable while the daemon ends,
  // kExhausted at its limit of links.
  virtual Result<LinkStatus> add_link(LinkSpec spec) = 0;

  // Ends a link: when this returns, its ports are free again. Error: kNotFound.
  virtual Status remove_link(const std::string& id) = 0;

  virtual Result<LinkStatus> link(const std::string& id) = 0;
  virtual std::vector<LinkStatus> links() = 0;
  virtual DaemonStatus status() = 0;

  // on_event runs on a thread of the daemon's choosing, one call at a time, and returns quickly
  // without calling back into the service. Events of one link arrive in the order they happened;
  // everything that happens after subscribe() returned is reported.
  virtual std::unique_ptr<Subscription> subscribe(std::function<void(const Event&)> on_event) = 0;

  // Asks the daemon to end; returns at once.
  virtual void quit() = 0;
};

}  // namespace ferry::control
