// One HTTP exchange after the other over connections that are kept: libcurl, made cancellable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kube/cancel.h"
#include "kube/cluster_config.h"
#include "kube/credentials.h"

namespace ferry::kube {

class CurlHandles;

struct HttpRequest {
  std::string method = "GET";
  std::string target;                // path and query; the server's path prefix comes before it
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  bool has_body = false;
  Duration connect_timeout{};
  Duration timeout{};  // all in all
};

struct HttpAnswer {
  int status = 0;
  std::string body;        // at most 64 MiB
  Duration retry_after{};  // of the header Retry-After; 0: none
  std::int64_t date = 0;   // of the header Date, in seconds since 1970; 0: none
};

// The exchange came to no answer.
struct TransferFailure {
  Error error;  // without `what`
  bool worth_retrying = false;
  bool nothing_sent = false;  // the server can't have begun to do what was asked
};

// One exchange at a time; not for several threads at once.
class HttpExchange {
 public:
  HttpExchange();
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  // The pieces of a successful answer's body as they come; false ends the exchange, in order.
  using OnData = std::function<bool(std::string_view)>;

  // With `on_data` the body of a success goes there instead of into the answer.
  tl::expected<HttpAnswer, TransferFailure> perform(const ClusterConfig& config,
                                                    const Credential& credential,
                                                    const HttpRequest& request,
                                                    const OnData& on_data,
                                                    const CancelToken& cancel);

 private:
  std::unique_ptr<CurlHandles> handles_;  // they keep the connections
};

}  // namespace ferry::kube
