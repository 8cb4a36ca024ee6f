// The client's side of the control API. Every call connects anew, so a client may outlive any
// number of daemons. Calls may come from several threads.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"
#include "daemon/control/environment.h"

namespace ferry::control {

class Client {
 public:
  explicit Client(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  // Whether somebody listens. Errors: kNotFound (nobody: start a daemon), kForbidden, kIo.
  Status probe() const;

  // Of each call below: what the daemon says, or kUnreachable (there is none, and nobody heard of
  // the call), kReset (it went away in the middle), kTimedOut (it runs and says nothing: 5 s for
  // the first three, a minute or more for the others), or kProtocol (something else answered).
  Result<std::string> version() const;
  Result<DaemonStatus> status() const;
  Result<std::vector<LinkStatus>> links() const;
  // Has a link tested from end to end: `test` of its status tells what comes of it.
  Result<LinkStatus> test(const std::string& id) const;
  // Of a swap, this begins the restore; follow() tells of its end.
  Status remove(const std::string& id) const;
  Status quit() const;
  // These three wait while the daemon reads from the cluster.
  Result<SwapPlanText> plan_swap(const SwapSpec& spec) const;
  Result<std::vector<SwapListing>> list_swaps(const KubeAccess& kube) const;
  Result<Diagnosis> diagnose(const DiagnoseSpec& spec) const;
  // Environment and files of a swap's container. Error: kUnavailable while they can't be had.
  Result<PodEnvironment> environment(const std::string& id) const;

  // Return false to end the stream.
  using OnEvent = std::function<bool(const Event&)>;

  // Creates a link and tells what becomes of it. A link that isn't detached lives as long as this
  // call. Calls back on this thread: first with the link as created. Returns when the link has
  // ended (its kEnded event came through on_event), when on_event said so, or with the error of
  // creating it, or kReset when the daemon went away.
  Status create(const LinkSpec& spec, const OnEvent& on_event) const;
  // The same for a swap: a foreground one is restored when this call ends.
  Status create(const SwapSpec& spec, const OnEvent& on_event) const;

  // The same for a link that exists already.
  Status follow(const std::string& id, const OnEvent& on_event) const;

  // Restores a workload, and tells of it as create() does. The last event is kEnded, its `message`
  // on what came of it, or its `error` on why it failed. The daemon goes on when this call ends.
  Status restore(const RestoreSpec& spec, const OnEvent& on_event) const;

 private:
  Result<std::string> request(const std::string& method, const std::string& path,
                              const std::string& body = {}) const;
  Result<std::string> slow_request(const std::string& path, const std::string& body) const;
  Result<std::string> send(const std::string& method, const std::string& path,
                           const std::string& body, std::chrono::seconds patience) const;
  Status stream(const std::string& method, const std::string& path, const std::string& body,
                const OnEvent& on_event) const;

  const std::string socket_path_;
};

}  // namespace ferry::control
