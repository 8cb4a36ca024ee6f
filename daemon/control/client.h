// The client's side of the control API. Every call connects anew, so a client may outlive any
// number of daemons. Calls may come from several threads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::control {

class Client {
 public:
  explicit Client(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  // Whether somebody listens. Errors: kNotFound (nobody: start a daemon), kForbidden, kIo.
  Status probe() const;

  // Of each call below: what the daemon says, or kUnreachable (no daemon, or it went away), or
  // kProtocol (something else answered).
  Result<std::string> version() const;
  Result<DaemonStatus> status() const;
  Result<std::vector<LinkStatus>> links() const;
  Status remove(const std::string& id) const;
  Status quit() const;

  // Return false to end the stream.
  using OnEvent = std::function<bool(const Event&)>;

  // Creates a link and tells what becomes of it. A link that isn't detached lives as long as this
  // call. Calls back on this thread: first with the link as created. Returns when the link has
  // ended (its kEnded event came through on_event), when on_event said so, or with the error of
  // creating it, or kReset when the daemon went away.
  Status create(const LinkSpec& spec, const OnEvent& on_event) const;

  // The same for a link that exists already.
  Status follow(const std::string& id, const OnEvent& on_event) const;

 private:
  Result<std::string> request(const std::string& method, const std::string& path,
                              const std::string& body = {}) const;
  Status stream(const std::string& method, const std::string& path, const std::string& body,
                const OnEvent& on_event) const;

  const std::string socket_path_;
};

}  // namespace ferry::control
