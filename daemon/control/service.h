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

  // The same for a swap, which is a link like the others: it goes through the phases of
  // SwapStatus, its long steps told by kProgress events, what a user should know by kNotice.
  // kActive or kWaiting once it is kSwapped. Errors: as of add_link().
  virtual Result<LinkStatus> add_swap(SwapSpec spec) = 0;

  // What add_swap() would do. Reads from the cluster, and blocks for as long as that takes.
  // Errors: what would stop the swap before anything is touched.
  virtual Result<SwapPlanText> plan_swap(SwapSpec spec) = 0;

  // The swaps in kube's namespace, whoever made them. Reads from the cluster, and blocks.
  virtual Result<std::vector<SwapListing>> list_swaps(KubeAccess kube) = 0;

  // Puts a workload back, whoever swapped it and from whatever state. Blocks until it is done, for
  // minutes perhaps; on_event gets kProgress and kNotice events, as subscribe()'s does. Returns one
  // line on what came of it. Errors: the step that failed (calling again goes on from there);
  // kCancelled when the daemon ends.
  virtual Result<std::string> restore(RestoreSpec spec,
                                      std::function<void(const Event&)> on_event) = 0;

  // Why something in the cluster doesn't work. Reads from the cluster, and blocks. Errors:
  // kNotFound and others of reading the object itself.
  virtual Result<Diagnosis> diagnose(DiagnoseSpec spec) = 0;

  // Environment and files of a swap's container, as a text that read_environment() takes. Errors:
  // kNotFound; kUnavailable while the stand-in isn't connected.
  virtual Result<std::string> environment(const std::string& id) = 0;

  // Ends a link: when this returns, a forward's ports are free again. A swap's restore has only
  // begun then: the link stays, kEnding, until its kEnded event; asking again changes nothing.
  // Error: kNotFound.
  virtual Status remove_link(const std::string& id) = 0;

  virtual Result<LinkStatus> link(const std::string& id) = 0;
  // Has the link tested from end to end, where there is a way to test, and returns at once: the
  // status' `test` tells what comes of it within seconds. Error: kNotFound.
  virtual Result<LinkStatus> test_link(const std::string& id) = 0;
  virtual std::vector<LinkStatus> links() = 0;
  virtual DaemonStatus status() = 0;

  // on_event runs on a thread of the daemon's choosing, one call at a time, and returns quickly
  // without calling back into the service. Events of one link arrive in the order they happened;
  // everything that happens after subscribe() returned is reported.
  virtual std::unique_ptr<Subscription> subscribe(std::function<void(const Event&)> on_event) = 0;

  // Asks the daemon to end, which it does once every swap is restored; returns at once.
  virtual void quit() = 0;
};

}  // namespace ferry::control
