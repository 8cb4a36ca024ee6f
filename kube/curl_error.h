// What libcurl says of a transfer that failed, in three parts.
#pragma once

#include <curl/curl.h>

#include <string>

#include "kube/http_exchange.h"

namespace ferry::kube {

// `easy` is the handle of the transfer, for the details that it keeps; `detail` is what libcurl
// wrote to its error buffer.
TransferFailure failure_of(const ClusterConfig& config, CURL* easy, CURLcode code,
                           const std::string& detail);

}  // namespace ferry::kube
