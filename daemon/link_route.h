// The way a link's connections take, once it is chosen.
#pragma once

#include <memory>
#include <string>

#include "daemon/connection.h"
#include "daemon/control/api.h"
#include "daemon/target.h"
#include "net/byte_stream.h"

namespace ferry::daemon {

class LinkRoute {
 public:
  virtual ~LinkRoute() = default;

  // Takes a local connection (not started) to the link's port with this index. The observer hears
  // of its end, possibly at once from within; it outlives the route or is forgotten first.
  virtual void carry(std::size_t port, std::unique_ptr<net::ByteStream> local,
                     ConnectionObserver& observer) = 0;
  // Ends an observer's connections without telling it.
  virtual void forget(const ConnectionObserver& observer) = 0;
  virtual OpenTraffic traffic(const ConnectionObserver& observer) const = 0;

  virtual void set_view(const TargetView& view) = 0;

  // Why no connection can be served now; empty: it can.
  virtual std::string blocked() const = 0;

  virtual control::Route kind() const = 0;
  virtual std::string tunnel_id() const { return {}; }
};

}  // namespace ferry::daemon
