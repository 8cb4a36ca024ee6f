// The few pieces of libcurl's that its users share. Included only where libcurl is used.
#pragma once

#include <curl/curl.h>

#include <array>
#include <optional>
#include <string>

#include "base/time.h"
#include "kube/cancel.h"

namespace ferry::kube {

using CurlErrorBuffer = std::array<char, CURL_ERROR_SIZE>;

// A list of texts as libcurl takes them ("Name: value"). It must outlive the transfer.
class CurlList {
 public:
  ~CurlList() { curl_slist_free_all(list_); }
  CurlList() = default;
  CurlList(const CurlList&) = delete;
  CurlList& operator=(const CurlList&) = delete;
  void add(const std::string& text) { list_ = curl_slist_append(list_, text.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

// A pair of handles for one transfer at a time. The easy handle keeps the connection alive in
// between. Aborts where there is no memory for it.
class CurlHandles {
 public:
  CurlHandles();
  ~CurlHandles();
  CurlHandles(const CurlHandles&) = delete;
  CurlHandles& operator=(const CurlHandles&) = delete;

  CURL* easy() const { return easy_; }

  // Blocks until the transfer that `easy()` is set up for is over. Empty if it was cancelled.
  std::optional<CURLcode> run(const CancelToken& cancel);

 private:
  CURLM* multi_;
  CURL* easy_;
};

// As libcurl takes times; rounded up.
long curl_milliseconds(Duration time);

// A host as it stands in a URL: IPv6 addresses in brackets.
std::string url_host(const std::string& host);

}  // namespace ferry::kube
