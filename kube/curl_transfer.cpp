#include "kube/curl_transfer.h"

#include <cstdlib>

namespace ferry::kube {
namespace {

// The transfer that is in a multi handle; taken out in any case.
class Attached {
 public:
  Attached(CURLM* multi, CURL* easy) : multi_(multi), easy_(easy) {
    curl_multi_add_handle(multi_, easy_);
  }
  ~Attached() { curl_multi_remove_handle(multi_, easy_); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  CURLM* multi_;
  CURL* easy_;
};

}  // namespace

CurlHandles::CurlHandles() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = initialised == CURLE_OK ? curl_multi_init() : nullptr;
  easy_ = curl_easy_init();
  if (multi_ == nullptr || easy_ == nullptr) std::abort();
}

CurlHandles::~CurlHandles() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

std::optional<CURLcode> CurlHandles::run(const CancelToken& cancel) {
  const Attached attached(multi_, easy_);
  while (true) {
    int running = 0;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    if (cancel.cancelled()) return {};
    curl_waitfd also{cancel.descriptor(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi_, &also, 1, 60'000, nullptr);
  }
}

long curl_milliseconds(Duration time) {
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

std::string url_host(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace ferry::kube
