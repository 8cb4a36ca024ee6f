#include "daemon/control/client.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "daemon/control/http_error.h"
#include "daemon/control/json.h"
#include "daemon/control/limits.h"
#include "daemon/control/paths.h"
#include "daemon/control/problems.h"
#include "daemon/control/sse_parser.h"

namespace ferry::control {
namespace {

// Removing a link may take the daemon a while; httplib counts in milliseconds as an int, so "for
// ever" is 20 days.
constexpr auto kAnswerTimeout = std::chrono::seconds(60);
// What it knows by heart.
constexpr auto kLookTimeout = std::chrono::seconds(5);
constexpr auto kClusterTimeout = std::chrono::minutes(5);
constexpr auto kStreamTimeout = std::chrono::hours(24 * 20);

httplib::Client connection_to(const std::string& socket_path) {
  httplib::Client http(socket_path);
  http.set_address_family(AF_UNIX);
  http.set_connection_timeout(std::chrono::seconds(5));
  http.set_read_timeout(kAnswerTimeout);
  return http;
}

// No word to a socket that another user may have put there. That there is none is for the caller to
// find out.
Status check_place(const std::string& socket_path) {
  auto place = check_private_dir(std::filesystem::path(socket_path).parent_path());
  if (!place && place.error().code == ErrorCode::kNotFound) return {};
  return place;
}

httplib::Request make_request(const std::string& method, const std::string& path,
                              const std::string& body) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.headers = {{"Host", "ferryd"}};
  if (!body.empty()) request.headers.emplace("Content-Type", "application/json");
  request.body = body;
  return request;
}

Error gone(const std::string& what, httplib::Error error) {
  if (error == httplib::Error::Connection) {
    return {problem::kNotAnswering, what, "the daemon is not running", "start it: ferryd"};
  }
  return {problem::kWentAway, what, "the daemon went away", "see its log: ferry logs"};
}

// How far a stream of events has come.
struct Progress {
  int status = 0;
  std::string refusal;  // the body of a response that is no stream
  SseParser parser;
  bool ended = false;  // by the link's end or by the callback
  std::optional<Error> garbled;
};

bool take_event(Progress& progress, std::string_view data, const Client::OnEvent& on_event) {
  const auto json = parse_json(data, kMaxBody);
  auto event = json ? event_from_json(*json) : fail(json.error());
  if (!event) {
    progress.garbled = event.error();
    return false;
  }
  progress.ended = event->kind == EventKind::kEnded;
  if (!on_event(*event)) progress.ended = true;
  return !progress.ended;
}

}  // namespace

Status Client::probe() const {
  const std::string what = "connecting to the daemon at " + socket_path_;
  if (auto safe = check_place(socket_path_); !safe) return safe;
  sockaddr_un address{};
  if (socket_path_.size() >= sizeof(address.sun_path)) {
    return fail(problem::kSocketFails, what, "the path is too long for a Unix socket");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(problem::kSocketFails, what, std::strerror(errno));
  const int result =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));  // NOLINT
  const int error = errno;
  ::close(fd);
  if (result == 0) return {};
  if (error == ENOENT || error == ECONNREFUSED) {
    return fail(problem::kNotRunning, what, "the daemon is not running");
  }
  if (error == EACCES || error == EPERM) {
    return fail(problem::kSocketForbidden, what, std::strerror(error),
                "it belongs to another user; set XDG_RUNTIME_DIR to a directory of your own");
  }
  return fail(problem::kSocketFails, what, std::strerror(error));
}

Result<std::string> Client::request(const std::string& method, const std::string& path,
                                    const std::string& body) const {
  return send(method, path, body, kAnswerTimeout);
}

Result<std::string> Client::slow_request(const std::string& path, const std::string& body) const {
  return send("POST", path, body, kClusterTimeout);
}

Result<std::string> Client::send(const std::string& method, const std::string& path,
                                 const std::string& body, std::chrono::seconds patience) const {
  const std::string what = "asking the daemon (" + method + " " + path + ")";
  if (auto safe = check_place(socket_path_); !safe) return fail(safe.error());
  auto http = connection_to(socket_path_);
  http.set_read_timeout(patience);
  const auto begun = std::chrono::steady_clock::now();
  const auto result = http.send(make_request(method, path, body));
  if (!result) {
    // httplib tells no timeout from a connection that was cut.
    if (std::chrono::steady_clock::now() - begun >= patience) {
      return fail(problem::kHangs, what,
                  "ferryd does not answer, for " + std::to_string(patience.count()) + "s");
    }
    return fail(gone(what, result.error()));
  }
  if (result->status / 100 != 2) {
    return fail(error_from_response(what, result->status, result->body));
  }
  return result->body;
}

Result<std::string> Client::version() const {
  const auto body = send("GET", "/v1/version", {}, kLookTimeout);
  if (!body) return fail(body.error());
  const auto json = parse_json(*body, kMaxBody);
  if (!json || !json->is_object() || !json->value("version", Json()).is_string()) {
    return fail(problem::kNotFerryd, "asking the daemon for its version",
                "something else answers at " + socket_path_, "end it, and try again");
  }
  return (*json)["version"].get<std::string>();
}

Result<DaemonStatus> Client::status() const {
  return send("GET", "/v1/status", {}, kLookTimeout)
      .and_then([](const std::string& body) { return parse_json(body, kMaxBody); })
      .and_then(daemon_status_from_json);
}

Result<std::vector<LinkStatus>> Client::links() const {
  auto current = status();
  if (!current) return fail(current.error());
  return std::move(current->links);
}

Result<LinkStatus> Client::test(const std::string& id) const {
  return request("POST", "/v1/links/" + id + "/test")
      .and_then([](const std::string& body) { return parse_json(body, kMaxBody); })
      .and_then(link_status_from_json);
}

Status Client::remove(const std::string& id) const {
  const auto body = request("DELETE", "/v1/links/" + id);
  if (!body) return fail(body.error());
  return {};
}

Status Client::quit() const {
  const auto body = request("POST", "/v1/quit");
  if (!body) return fail(body.error());
  return {};
}

Result<SwapPlanText> Client::plan_swap(const SwapSpec& spec) const {
  return slow_request("/v1/swaps/plan", dump(to_json(spec, Include::kEverything)))
      .and_then([](const std::string& body) { return parse_json(body, 2 * kMaxBody); })
      .and_then(swap_plan_from_json);
}

Result<std::vector<SwapListing>> Client::list_swaps(const KubeAccess& kube) const {
  return slow_request("/v1/swaps/list", dump(to_json(kube)))
      .and_then([](const std::string& body) { return parse_json(body, kMaxBody); })
      .and_then(swap_listings_from_json);
}

Result<Diagnosis> Client::diagnose(const DiagnoseSpec& spec) const {
  return slow_request("/v1/diagnose", dump(to_json(spec, Include::kEverything)))
      .and_then([](const std::string& body) { return parse_json(body, kMaxBody); })
      .and_then(diagnosis_from_json);
}

Result<PodEnvironment> Client::environment(const std::string& id) const {
  return request("GET", "/v1/links/" + id + "/environment").and_then([](const std::string& body) {
    return read_environment(body);
  });
}

Status Client::create(const LinkSpec& spec, const OnEvent& on_event) const {
  return stream("POST", "/v1/links", dump(to_json(spec, Include::kEverything)), on_event);
}

Status Client::create(const SwapSpec& spec, const OnEvent& on_event) const {
  return stream("POST", "/v1/swaps", dump(to_json(spec, Include::kEverything)), on_event);
}

Status Client::restore(const RestoreSpec& spec, const OnEvent& on_event) const {
  return stream("POST", "/v1/restore", dump(to_json(spec, Include::kEverything)), on_event);
}

Status Client::follow(const std::string& id, const OnEvent& on_event) const {
  return stream("GET", "/v1/links/" + id + "/events", {}, on_event);
}

Status Client::stream(const std::string& method, const std::string& path, const std::string& body,
                      const OnEvent& on_event) const {
  const std::string what = "asking the daemon (" + method + " " + path + ")";
  if (auto safe = check_place(socket_path_); !safe) return safe;
  Progress progress;
  auto http = connection_to(socket_path_);
  http.set_read_timeout(kStreamTimeout);
  auto request = make_request(method, path, body);
  request.headers.emplace("Accept", "text/event-stream");
  request.response_handler = [&](const httplib::Response& response) {
    progress.status = response.status;
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    const std::string_view bytes(data, size);
    if (progress.status / 100 == 2) {
      return progress.parser.feed(
          bytes, [&](std::string_view line) { return take_event(progress, line, on_event); });
    }
    progress.refusal += bytes;
    return progress.refusal.size() <= kMaxBody;
  };
  const auto result = http.send(request);
  if (progress.ended) return {};
  if (progress.garbled) return fail(*progress.garbled);
  if (progress.status != 0 && progress.status / 100 != 2) {
    return fail(error_from_response(what, progress.status, progress.refusal));
  }
  return fail(gone(what, result ? httplib::Error::Read : result.error()));
}

}  // namespace ferry::control
