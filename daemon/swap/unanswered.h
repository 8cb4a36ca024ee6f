// Which calls that change something went without an answer: the API server may have got them, and
// may act on them when nobody expects it any more.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "base/time.h"
#include "kube/api.h"

namespace ferry::daemon {

// Passes all calls on.
class UnansweredCalls final : public kube::Api {
 public:
  explicit UnansweredCalls(std::shared_ptr<kube::Api> api) : api_(std::move(api)) {}

  // For how long, from now on, something may come of them; zero: each was answered. Any thread.
  Duration doubt() const {
    // An API server ends each request after a minute (kube-apiserver --request-timeout). One that
    // was broken off from here had an API server that answers.
    if (lost_) return std::chrono::minutes(1);
    return broken_off_ ? std::chrono::seconds(2) : Duration::zero();
  }

  Result<kube::Json> request(const kube::Request& request,
                             const kube::CancelToken& cancel) override {
    auto answer = api_->request(request, cancel);
    if (!answer && request.method != "GET") note(answer.error().code);
    return answer;
  }
  Status stream(const kube::Request& request, const OnLine& on_line,
                const kube::CancelToken& cancel) override {
    return api_->stream(request, on_line, cancel);
  }

 private:
  void note(ErrorCode code) {
    switch (code) {
      case ErrorCode::kCancelled: broken_off_ = true; break;
      case ErrorCode::kUnreachable:
      case ErrorCode::kTimedOut:
      case ErrorCode::kReset:
      case ErrorCode::kUnavailable:
      case ErrorCode::kProtocol:
      case ErrorCode::kIo: lost_ = true; break;
      default: break;  // a refusal
    }
  }

  const std::shared_ptr<kube::Api> api_;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> broken_off_ = false;
};

}  // namespace ferry::daemon
