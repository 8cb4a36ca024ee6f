#include "daemon/probe/probe_transfer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ferry::daemon {

ProbeTransfer::ProbeTransfer(Duration timeout)
    : deadline_(std::chrono::steady_clock::now() + timeout) {}

std::size_t ProbeTransfer::on_write(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<ProbeTransfer*>(self);
  const std::size_t room = transfer.max_body_ - transfer.body_.size();
  transfer.body_.append(data, std::min(room, size * count));
  transfer.body_cut_ = size * count > room;
  return transfer.body_cut_ ? 0 : size * count;
}

void ProbeTransfer::prepare(const std::string& url, const ProbeTarget& target) {
  CURL* curl = easy();
  curl_easy_reset(curl);
  headers_.emplace();
  addresses_.emplace();
  error_ = {};
  body_.clear();
  body_cut_ = false;
  target_ = target;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  if (target.host == kLocalHost) {
    addresses_->add(to_string(target) + ":127.0.0.1,[::1]");
    curl_easy_setopt(curl, CURLOPT_RESOLVE, addresses_->get());
  }
  const auto left = deadline_ - TimePoint(std::chrono::steady_clock::now());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, std::max(1L, kube::curl_milliseconds(left)));
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
}

std::optional<CURLcode> ProbeTransfer::run(const kube::CancelToken& cancel) {
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_->get());
  const auto code = handles_.run(cancel);
  return code && body_cut_ ? CURLE_OK : code;
}

int ProbeTransfer::status() const {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

bool ProbeTransfer::connected() const {
  curl_off_t after = 0;
  curl_easy_getinfo(easy(), CURLINFO_CONNECT_TIME_T, &after);
  return after > 0;
}

std::string ProbeTransfer::dial_words(const char* reason) const {
  return "dial tcp " + to_string(target_) + ": " + reason;
}

std::string ProbeTransfer::words(CURLcode code) const {
  long os_error = 0;
  curl_easy_getinfo(easy(), CURLINFO_OS_ERRNO, &os_error);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      if (os_error == ECONNREFUSED) return dial_words("connect: connection refused");
      if (os_error == EHOSTUNREACH) return dial_words("connect: no route to host");
      if (os_error == ENETUNREACH) return dial_words("connect: network is unreachable");
      return dial_words(os_error != 0 ? std::strerror(static_cast<int>(os_error)) : error_.data());
    case CURLE_COULDNT_RESOLVE_HOST: return "dial tcp: lookup " + target_.host + ": no such host";
    case CURLE_OPERATION_TIMEDOUT:
      return connected() ? "context deadline exceeded" : dial_words("i/o timeout");
    case CURLE_GOT_NOTHING: return "EOF";
    case CURLE_RECV_ERROR:
      if (os_error == ECONNRESET) return "read: connection reset by peer";
      break;
    default: break;
  }
  return error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
}

}  // namespace ferry::daemon
