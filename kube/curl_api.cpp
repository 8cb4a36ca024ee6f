#include "kube/curl_api.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "base/version.h"
#include "kube/follow.h"
#include "kube/http_exchange.h"
#include "kube/line_cutter.h"
#include "kube/problems.h"
#include "kube/status_error.h"

namespace ferry::kube {
namespace {

Asked asked_of(const Request& request) {
  const auto watches = [](const auto& item) {
    return item.first == "watch" && item.second == "true";
  };
  return {request.method, request.path,
          std::any_of(request.query.begin(), request.query.end(), watches)};
}

HttpRequest to_http(const Request& request, const CurlApiOptions& options, Duration timeout) {
  HttpRequest http;
  http.method = request.method;
  http.target = request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    http.target += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  http.headers = {"Accept: application/json", "User-Agent: ferry/" + std::string(version())};
  http.has_body = !request.body.is_null();
  if (http.has_body) {
    http.body = request.body.dump(-1, ' ', false, Json::error_handler_t::replace);
    http.headers.push_back("Content-Type: " + request.content_type);
  }
  http.connect_timeout = options.connect_timeout;
  http.timeout = timeout;
  return http;
}

// Of a line that has no bound of its own.
constexpr std::size_t kLongestLine = std::size_t{16} * 1024 * 1024;

bool harmless_twice(const std::string& method) { return method != "POST"; }

}  // namespace

struct CurlApi::Impl {
  // A connection that is in use by one call and given back after it.
  class Borrowed {
   public:
    explicit Borrowed(Impl& impl) : impl_(impl), exchange_(impl.take()) {}
    ~Borrowed() { impl_.give_back(std::move(exchange_)); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    HttpExchange& operator*() const { return *exchange_; }

   private:
    Impl& impl_;
    std::unique_ptr<HttpExchange> exchange_;
  };

  std::unique_ptr<HttpExchange> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<HttpExchange>();
    auto exchange = std::move(idle.back());
    idle.pop_back();
    return exchange;
  }

  void give_back(std::unique_ptr<HttpExchange> exchange) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(exchange));
  }

  // One attempt, two if the first one's credential was refused and there is a newer one.
  tl::expected<HttpAnswer, TransferFailure> attempt(const HttpRequest& http,
                                                    const HttpExchange::OnData& on_data,
                                                    const CancelToken& cancel) {
    const Borrowed exchange(*this);
    for (bool again = true;; again = false) {
      const auto credential = credentials->get(cancel);
      if (!credential) return tl::unexpected(TransferFailure{credential.error()});
      auto answer = (*exchange).perform(credentials->config(), *credential, http, on_data, cancel);
      const bool refused = answer && answer->status == 401;
      if (!refused || !again || !credentials->reject(*credential)) return answer;
    }
  }

  Duration delay(int failures) {
    const std::lock_guard lock(mutex);
    const double random = std::uniform_real_distribution<double>(0.0, 1.0)(engine);
    return backoff_delay({options.backoff_first, options.backoff_limit}, failures, random);
  }

  // How long to wait before the next attempt; nothing if there is to be none.
  std::optional<Duration> wait_before_next(const tl::expected<HttpAnswer, TransferFailure>& outcome,
                                           const std::string& method, int failures) {
    if (failures >= options.attempts) return std::nullopt;
    const bool harmless = harmless_twice(method);
    if (!outcome) {
      const bool retry =
          outcome.error().worth_retrying && (harmless || outcome.error().nothing_sent);
      return retry ? std::optional(delay(failures)) : std::nullopt;
    }
    const int status = outcome->status;
    const bool told_to_wait = outcome->retry_after > Duration::zero();
    const bool not_begun = status == 429 || (status == 503 && told_to_wait);
    if (!not_begun && (status < 500 || !harmless)) return std::nullopt;
    return std::max(delay(failures), std::min(outcome->retry_after, options.backoff_limit));
  }

  // The body of a success, or the error.
  Result<std::string> finish(const Asked& asked,
                             tl::expected<HttpAnswer, TransferFailure> outcome) {
    if (!outcome) {
      Error error = std::move(outcome.error().error);
      error.what = error.what.empty() ? describe(asked) : describe(asked) + ": " + error.what;
      return fail(std::move(error));
    }
    if (outcome->status >= 200 && outcome->status < 300) return std::move(outcome->body);
    return fail(error_of_answer(credentials->config(), asked, outcome->status, outcome->body));
  }

  std::shared_ptr<Credentials> credentials;
  CurlApiOptions options;
  std::mutex mutex;  // of what follows
  std::vector<std::unique_ptr<HttpExchange>> idle{};
  std::minstd_rand engine{std::random_device{}()};
};

CurlApi::CurlApi(std::shared_ptr<Credentials> credentials, CurlApiOptions options)
    : impl_(new Impl{std::move(credentials), options}) {}

CurlApi::~CurlApi() = default;

Result<Json> CurlApi::request(const Request& request, const CancelToken& cancel) {
  const Asked asked = asked_of(request);
  const HttpRequest http = to_http(request, impl_->options, impl_->options.request_timeout);
  for (int failures = 1;; ++failures) {
    auto outcome = impl_->attempt(http, {}, cancel);
    const auto wait = impl_->wait_before_next(outcome, request.method, failures);
    if (wait) {
      if (!cancel.sleep_for(*wait)) return fail(cancelled_error(describe(asked)));
      continue;
    }
    const auto body = impl_->finish(asked, std::move(outcome));
    if (!body) return fail(body.error());
    if (body->empty()) return Json();
    Json parsed = Json::parse(*body, nullptr, false);
    if (!parsed.is_discarded()) return parsed;
    return fail(problem::kAnswerMalformed, describe(asked), "the answer isn't JSON",
                "check that " + to_string(impl_->credentials->config().server) +
                    " is an API server, and what stands between here and there");
  }
}

Status CurlApi::stream(const Request& request, const OnLine& on_line, const CancelToken& cancel) {
  const Asked asked = asked_of(request);
  const bool bounded = request.longest_line != 0;
  LineCutter lines(on_line, bounded ? request.longest_line : kLongestLine,
                   bounded ? LineCutter::Excess::kLeaveOut : LineCutter::Excess::kRefuse);
  const auto on_data = [&](std::string_view data) { return lines.take(data); };
  auto outcome = impl_->attempt(to_http(request, impl_->options, impl_->options.stream_timeout),
                                on_data, cancel);
  if (lines.too_long()) {
    return fail(problem::kAnswerTooLarge, describe(asked), "a line is longer than 16 MiB");
  }
  const auto body = impl_->finish(asked, std::move(outcome));
  if (!body) return fail(body.error());
  lines.finish();
  return {};
}

}  // namespace ferry::kube
