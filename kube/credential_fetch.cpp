#include "kube/credential_fetch.h"

#include <utility>

namespace ferry::kube {

CredentialFetch::CredentialFetch(net::Loop& loop, std::shared_ptr<Credentials> credentials,
                                 Callback callback)
    : mailbox_(std::make_shared<Mailbox>(Mailbox{std::move(callback)})) {
  thread_ = std::thread([this, &loop, credentials = std::move(credentials), mailbox = mailbox_] {
    auto credential = credentials->get(cancel_);
    loop.post([mailbox, credential = std::move(credential)] {
      const Callback deliver = std::exchange(mailbox->callback, nullptr);
      if (deliver) deliver(credential);
    });
  });
}

CredentialFetch::~CredentialFetch() {
  retire();
  thread_.join();
}

void CredentialFetch::retire() {
  mailbox_->callback = nullptr;
  cancel_.cancel();
}

}  // namespace ferry::kube
