#include "kube/doctor/server_check.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/version.h"
#include "kube/http_exchange.h"
#include "kube/json_field.h"
#include "kube/status_error.h"

namespace ferry::doctor {
namespace {

constexpr const char* kPath = "/version";

Result<kube::HttpAnswer> ask(kube::HttpExchange& exchange, kube::Credentials& credentials,
                             const kube::CancelToken& cancel) {
  const auto credential = credentials.get(cancel);
  if (!credential) return fail(credential.error());
  const auto& config = credentials.config();
  kube::HttpRequest request{.target = kPath};
  request.headers = {"Accept: application/json", "User-Agent: ferry/" + std::string(version())};
  request.connect_timeout = std::chrono::seconds(10);
  request.timeout = std::chrono::seconds(20);
  auto answer = exchange.perform(config, *credential, request, {}, cancel);
  if (!answer) {
    Error error = std::move(answer.error().error);
    error.what = "reaching the API server" + (error.what.empty() ? "" : ": " + error.what);
    return fail(std::move(error));
  }
  if (answer->status >= 200 && answer->status < 300) return std::move(*answer);
  return fail(error_of_answer(config, {"GET", kPath}, answer->status, answer->body));
}

Duration half(Duration time) { return time / 2; }

}  // namespace

Result<ServerAnswer> ask_server(kube::Credentials& credentials, const kube::CancelToken& cancel) {
  using std::chrono::steady_clock;
  using std::chrono::system_clock;
  kube::HttpExchange exchange;
  const auto begun = steady_clock::now();
  if (const auto first = ask(exchange, credentials, cancel); !first) return fail(first.error());
  const auto again = steady_clock::now();
  const auto date = system_clock::now();
  const auto answer = ask(exchange, credentials, cancel);
  if (!answer) return fail(answer.error());
  ServerAnswer made;
  made.first = again - begun;
  made.latency = steady_clock::now() - again;
  made.version =
      kube::text_field(nlohmann::json::parse(answer->body, nullptr, false), "gitVersion");
  if (answer->date != 0) {
    made.clock_ahead = answer->date - system_clock::to_time_t(date + half(made.latency));
  }
  return made;
}

}  // namespace ferry::doctor
