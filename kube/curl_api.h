// The Kubernetes API over HTTP(S) by libcurl: server and client certificates, proxies, keep-alive.
#pragma once

#include <memory>

#include "base/time.h"
#include "kube/api.h"
#include "kube/credentials.h"

namespace ferry::kube {

struct CurlApiOptions {
  Duration connect_timeout = std::chrono::seconds(10);  // TCP, proxy and TLS together
  Duration request_timeout = std::chrono::seconds(30);  // one attempt of request(), all in all
  // The longest that stream() may go on: above what a watch asks the server for.
  Duration stream_timeout = std::chrono::minutes(15);
  // request() tries again what may be tried again: 429 and 503 with Retry-After always; other 5xx
  // answers and failed connections where doing it twice does no harm (not POST).
  int attempts = 4;  // 1: no retry
  Duration backoff_first = std::chrono::milliseconds(800);
  Duration backoff_limit = std::chrono::seconds(30);
};

// Any number of threads may call it; each call in progress has a connection of its own, which is
// kept for the next one.
class CurlApi final : public Api {
 public:
  // `credentials` is shared with the port-forward dials.
  explicit CurlApi(std::shared_ptr<Credentials> credentials, CurlApiOptions options = {});
  // No call may be in progress.
  ~CurlApi() override;
  CurlApi(const CurlApi&) = delete;
  CurlApi& operator=(const CurlApi&) = delete;

  Result<Json> request(const Request& request, const CancelToken& cancel) override;
  Status stream(const Request& request, const OnLine& on_line, const CancelToken& cancel) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::kube
