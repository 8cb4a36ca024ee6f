// Resolves a name and connects over TCP, both address families raced (RFC 8305, "happy eyeballs").
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/loop.h"

namespace ferry::net {

// Where the last dial of a place ended up, for the next one to try while the name servers keep
// silent: a resolver that asked in vain asks again after 5 s (resolv.conf(5)).
struct LastAddress {
  std::optional<HostPort> address;
};

struct DialOptions {
  Duration timeout = std::chrono::seconds(10);  // for everything: look-up and connecting
  Duration attempt_delay = std::chrono::milliseconds(250);  // RFC 8305, section 8
  // Not zero: an address that keeps silent is asked once more each time that so much has passed,
  // by another socket beside those that wait already. The kernel repeats what it sent into a
  // network that lost it after 1, 3, 7, 15 s. For whoever is alone in dialling a place.
  Duration again_after = Duration::zero();
  // Null: names are looked up each time. Written when a dial succeeds; one place each.
  std::shared_ptr<LastAddress> last = nullptr;
  Duration look_up_patience = std::chrono::seconds(1);  // then `last` is tried beside it
  // Fails while the process is almost out of descriptors; see ListenOptions.
  bool spares_descriptors = false;
  // Asked for each address that the name resolved to; those refused are not tried. Empty: all are.
  std::function<bool(const HostPort& address)> permit = {};
};

// What kind of failure it was, more closely than an ErrorCode says: for whoever passes it on.
enum class DialFailure : std::uint8_t {
  kNone,
  kNoSuchName,    // the resolver knows no address, or did not answer
  kNotPermitted,  // DialOptions::permit refused every address
  kRefused,       // at least one address answered that nobody listens
  kUnreachable,   // no route, network down
  kTimedOut,
  kNoDescriptor,  // of this process
};

// One attempt. Destroying it cancels it; the callback is then never called. It may be destroyed
// from within the callback.
class Dial : public Disposable {
 public:
  // Exactly once, never from within the constructor. The stream is not started yet; Nagle is off.
  // Errors: kUnreachable (no such name, refused, no route; `why` holds the resolver's or the
  // kernel's words for each address), kTimedOut, kForbidden (not permitted).
  using Callback = std::function<void(Result<std::unique_ptr<ByteStream>>)>;

  Dial(Loop& loop, const HostPort& target, const DialOptions& options, Callback callback);
  ~Dial() override;
  void retire() override;

  // From the callback on.
  DialFailure failure() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
