// Credentials for the event loop: fetched on a thread, handed over on the loop.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/result.h"
#include "kube/cancel.h"
#include "kube/credentials.h"
#include "net/loop.h"

namespace ferry::kube {

// One Credentials::get(). Destroying it cancels it, waits for its thread (milliseconds), and the
// callback is then never called. It may be destroyed from within the callback.
class CredentialFetch final : public net::Disposable {
 public:
  // Exactly once, never from within the constructor.
  using Callback = std::function<void(Result<Credential>)>;

  CredentialFetch(net::Loop& loop, std::shared_ptr<Credentials> credentials, Callback callback);
  ~CredentialFetch() override;
  void retire() override;

 private:
  // Outlives the object for a task that is still on its way. Used on the loop's thread only.
  struct Mailbox {
    Callback callback;
  };

  std::shared_ptr<Mailbox> mailbox_;
  CancelToken cancel_;
  std::thread thread_;
};

}  // namespace ferry::kube
