#include "kube/credential_fetch.h"

#include <string>
#include <system_error>
#include <utility>

#include "kube/problems.h"

namespace ferry::kube {

CredentialFetch::CredentialFetch(net::Loop& loop, std::shared_ptr<Credentials> credentials,
                                 Callback callback)
    : mailbox_(std::make_shared<Mailbox>(Mailbox{std::move(callback)})) {
  const auto hand_over = [&loop, mailbox = mailbox_](Result<Credential> credential) {
    loop.post([mailbox, credential = std::move(credential)] {
      const Callback deliver = std::exchange(mailbox->callback, nullptr);
      if (deliver) deliver(credential);
    });
  };
  try {
    thread_ = std::thread([this, hand_over, credentials = std::move(credentials)] {
      hand_over(credentials->get(cancel_));
    });
  } catch (const std::system_error& e) {
    hand_over(fail(problem::kNoThread, "getting credentials for the API server",
                   std::string("the system has no thread for it: ") + e.what()));
  }
}

CredentialFetch::~CredentialFetch() {
  retire();
  if (thread_.joinable()) thread_.join();
}

void CredentialFetch::retire() {
  mailbox_->callback = nullptr;
  cancel_.cancel();
}

}  // namespace ferry::kube
