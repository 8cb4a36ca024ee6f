// What to send now so that the API server knows who asks; refreshed in the last minute before it
// expires, so that what begins then lasts.
//
// get() may block: it reads files again (each minute, since tokens in files rotate) and runs
// credential plugins. So it belongs on worker threads; the event loop uses cached(). All members
// may be called from any thread; of several threads that need a refresh at once, one does it and
// the others wait for its outcome.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kube/cancel.h"
#include "kube/cluster_config.h"
#include "net/tls.h"

namespace ferry::kube {

// Secrets: never logged.
struct Credential {
  std::string authorization;    // value of the Authorization header ("Bearer ..."); may be empty
  std::string certificate_pem;  // client certificate and chain; empty: none
  std::string key_pem;
  // Name and value: Impersonate-User and such.
  std::vector<std::pair<std::string, std::string>> headers;
  // For connections to the server (and to an https proxy, as kubectl does it), with the client
  // certificate; made here since reading certificates takes time that the event loop hasn't got.
  // Empty: the server is not spoken to in TLS.
  std::optional<net::TlsContext> tls;
  std::uint64_t generation = 0;  // counts the refreshes
};

struct CredentialsOptions {
  // Plugins may ask on the terminal of this process: for a command line, not for a daemon. Plugins
  // with interactiveMode Always are refused without it.
  bool terminal = false;
  // What a plugin writes to its standard error, as it comes. Called on the thread that is in get().
  std::function<void(std::string_view)> on_plugin_output;
  // Wall-clock time in seconds since 1970, which expirationTimestamp and notAfter are held against;
  // and by which files are read again; replaced in tests.
  std::function<std::int64_t()> wall_clock;
};

class Credentials {
 public:
  explicit Credentials(ClusterConfig config, CredentialsOptions options = {});

  const ClusterConfig& config() const { return config_; }

  // Errors: kNotFound (plugin or file missing), kInvalid (plugin's answer, PEM), kUnauthenticated
  // (plugin failed; client certificate expired), kIo, kCancelled.
  Result<Credential> get(const CancelToken& cancel);

  // What get() would return without blocking; nothing when a refresh is due.
  std::optional<Credential> cached() const;

  // How long what cached() would return is good for; none: for ever, or there is nothing.
  std::optional<std::chrono::seconds> expires_in() const;

  // The API server answered 401 to this credential: the next get() refreshes, unless that has been
  // done in between. False when there is nothing to refresh (a fixed token, basic).
  bool reject(const Credential& credential);

 private:
  struct Refreshed;

  bool fresh_locked() const;
  Result<Refreshed> refresh(std::int64_t now, const CancelToken& cancel) const;
  Result<Credential> settle_locked(Result<Refreshed> outcome, std::int64_t now);
  std::int64_t wall_now() const;

  const ClusterConfig config_;
  const CredentialsOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable settled_;
  bool refreshing_ = false;
  std::uint64_t attempts_ = 0;  // refreshes that came to an end, well or not
  Error failure_;               // of the last one that failed
  std::optional<Credential> credential_;
  bool stale_ = false;           // rejected by the server
  std::int64_t expires_at_ = 0;  // wall clock; 0: never
  std::int64_t read_at_ = 0;     // wall clock of the last refresh
};

}  // namespace ferry::kube
