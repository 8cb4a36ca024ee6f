// What the checks over the network share: one libcurl transfer without the habits of a user's
// client (no proxy, no verification, no kept connections).
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/probe/checks.h"
#include "kube/curl_transfer.h"

namespace ferry::daemon {

class ProbeTransfer {
 public:
  // Time runs from here, over all transfers made with it.
  explicit ProbeTransfer(Duration timeout);

  CURL* easy() const { return handles_.easy(); }
  kube::CurlList& headers() { return *headers_; }

  // Makes ready for a transfer to that URL; `target` is its host and port.
  void prepare(const std::string& url, const ProbeTarget& target);
  // The bytes of a body beyond that end the transfer, in order.
  void limit_body(std::size_t bytes) { max_body_ = bytes; }

  // Blocks. Empty if it was cancelled.
  std::optional<CURLcode> run(const kube::CancelToken& cancel);

  const std::string& body() const { return body_; }
  int status() const;      // 0: no answer came
  bool connected() const;  // of the last transfer
  // What went wrong, in the words of Go's net package, which users know from the kubelet's events.
  std::string words(CURLcode code) const;

 private:
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
  std::string dial_words(const char* reason) const;

  kube::CurlHandles handles_;
  TimePoint deadline_;
  ProbeTarget target_;
  std::optional<kube::CurlList> headers_;
  std::optional<kube::CurlList> addresses_;
  kube::CurlErrorBuffer error_{};
  std::string body_;
  std::size_t max_body_ = 0;
  bool body_cut_ = false;
};

}  // namespace ferry::daemon
