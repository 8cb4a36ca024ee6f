#include "daemon/control/server.h"

#include <httplib.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/version.h"
#include "daemon/control/connection_threads.h"
#include "daemon/control/event_queue.h"
#include "daemon/control/event_streams.h"
#include "daemon/control/http_error.h"
#include "daemon/control/json.h"
#include "daemon/control/limits.h"
#include "daemon/control/metrics.h"
#include "daemon/control/problems.h"
#include "daemon/control/user_server.h"

namespace ferry::control {
namespace {

using Request = httplib::Request;
using Response = httplib::Response;

// What the kernel holds until it is accepted; httplib's own 5 turn away commands that are started
// together.
constexpr int kBacklog = 1024;
constexpr const char* kJson = "application/json";
void answer(Response& response, const Json& json, int status = 200) {
  response.status = status;
  response.set_content(dump(json) + "\n", kJson);
}

void refuse(Response& response, const Error& error) {
  response.status = http_status_of(error.code);
  response.set_content(error_body(error), kJson);
}

Event snapshot(LinkStatus link) {
  Event event{.kind = EventKind::kLink, .time = unix_millis_now(), .link_id = link.id};
  event.link = std::move(link);
  return event;
}

Event snapshot(TunnelStatus tunnel) {
  Event event{.kind = EventKind::kTunnel, .time = unix_millis_now()};
  event.tunnel = std::move(tunnel);
  return event;
}

// httplib bounds a body by its Content-Length alone: what has none, or grows when it is unpacked,
// is not taken.
httplib::Server::HandlerResponse refuse_unbounded_body(const Request& request, Response& response) {
  if (!request.has_header("Transfer-Encoding") && !request.has_header("Content-Encoding")) {
    return httplib::Server::HandlerResponse::Unhandled;
  }
  refuse(response, {problem::kRequestInvalid, "reading the request's body",
                    "it is chunked or compressed", "send it plainly, with a Content-Length"});
  return httplib::Server::HandlerResponse::Handled;
}

// What one event stream needs while it lasts; the subscription ends before the queue does.
struct Stream {
  EventQueue queue;
  std::string link_id;  // empty: all links
  std::unique_ptr<Subscription> subscription;
};

// A restore under way, on a thread of its own. Its end waits for it: who asked may go away, the
// restore goes on.
class RestoreRun {
 public:
  RestoreRun(Service& service, RestoreSpec spec)
      : thread_([this, &service, spec = std::move(spec)] {
          auto done = service.restore(spec, [this](const Event& event) { queue_.push(event); });
          Event ended{.kind = EventKind::kEnded, .time = unix_millis_now()};
          if (done) ended.message = std::move(*done);
          if (!done) ended.error = done.error();
          queue_.push(std::move(ended));
        }) {}
  ~RestoreRun() { thread_.join(); }
  RestoreRun(const RestoreRun&) = delete;
  RestoreRun& operator=(const RestoreRun&) = delete;

  EventQueue& queue() { return queue_; }

 private:
  EventQueue queue_;  // before the thread that fills it
  std::thread thread_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(Service& service, ServerOptions options) : service_(service), options_(std::move(options)) {
    configure();
    route();
    route_swaps();
  }

  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status start();
  void stop();

 private:
  void configure();
  void route();
  void route_swaps();
  // Reads a spec with read(json), and adds it with add(spec).
  template <typename Read, typename Add>
  void create(const Request& request, Response& response, Read read, Add add);
  void end_link(const std::string& id, Response& response);
  // Reads a spec with read(json), and answers with what find(spec) finds out.
  template <typename Read, typename Find>
  void find_out(const Request& request, Response& response, Read read, Find find);
  void restore(const Request& request, Response& response);
  void link_events(const std::string& id, Response& response);
  void all_events(Response& response);
  std::shared_ptr<Stream> subscribe();
  void send_stream(Response& response, std::shared_ptr<Stream> stream, bool holds_link);

  Service& service_;
  const ServerOptions options_;
  UserServer http_{options_.user};
  int listening_ = -1;  // httplib's
  EventStreams streams_;
  std::thread accepting_;
};

void Server::Impl::configure() {
  http_.set_address_family(AF_UNIX);
  http_.set_socket_options([this](int listening) { listening_ = listening; });
  http_.new_task_queue = [limit = options_.max_connections] {
    return new ConnectionThreads(limit);  // httplib deletes it
  };
  http_.set_read_timeout(std::chrono::seconds(5));
  http_.set_write_timeout(std::chrono::seconds(5));
  http_.set_payload_max_length(kMaxBody);
  http_.set_pre_routing_handler(refuse_unbounded_body);
  http_.set_error_handler([](const Request& request, Response& response) {
    if (!response.body.empty()) return;
    const bool too_large = response.status == 413;
    const Error error{
        problem::kRequestInvalid, request.method + " " + request.path.substr(0, 200),
        too_large ? "the body is larger than 4 MiB" : "there is no such path or method",
        too_large ? "" : "docs/control-api.md lists them"};
    response.set_content(error_body(error), kJson);
  });
  http_.set_exception_handler([](const Request& request, Response& response, auto) {
    spdlog::error("control: {} {} threw", request.method, request.path);
    refuse(response, Error{problem::kFault, request.method + " " + request.path,
                           "a fault of the daemon", "see its log: ferry logs"});
  });
}

void Server::Impl::route() {
  http_.Get("/v1/version", [](const Request&, Response& response) {
    answer(response, {{"version", version()}, {"api", "v1"}});
  });
  http_.Get("/v1/status", [this](const Request&, Response& response) {
    answer(response, to_json(service_.status()));
  });
  http_.Get("/v1/links", [this](const Request&, Response& response) {
    Json links = Json::array();
    for (const auto& link : service_.links()) links.push_back(to_json(link));
    answer(response, {{"links", std::move(links)}});
  });
  http_.Post("/v1/links", [this](const Request& request, Response& response) {
    create(request, response, link_spec_from_json,
           [this](LinkSpec spec) { return service_.add_link(std::move(spec)); });
  });
  http_.Get("/v1/links/([A-Za-z0-9._-]{1,64})", [this](const Request& request, Response& response) {
    const auto link = service_.link(request.matches[1]);
    link ? answer(response, to_json(*link)) : refuse(response, link.error());
  });
  http_.Delete("/v1/links/([A-Za-z0-9._-]{1,64})",
               [this](const Request& request, Response& response) {
                 end_link(request.matches[1], response);
               });
  http_.Post("/v1/links/([A-Za-z0-9._-]{1,64})/test",
             [this](const Request& request, Response& response) {
               const auto link = service_.test_link(request.matches[1]);
               link ? answer(response, to_json(*link), 202) : refuse(response, link.error());
             });
  http_.Get("/v1/links/([A-Za-z0-9._-]{1,64})/events",
            [this](const Request& request, Response& response) {
              link_events(request.matches[1], response);
            });
  http_.Get("/v1/events", [this](const Request&, Response& response) { all_events(response); });
  http_.Post("/v1/diagnose", [this](const Request& request, Response& response) {
    find_out(request, response, diagnose_spec_from_json,
             [this](DiagnoseSpec spec) { return service_.diagnose(std::move(spec)); });
  });
  http_.Post("/v1/quit", [this](const Request&, Response& response) {
    service_.quit();
    answer(response, Json::object(), 202);
  });
  http_.Get("/metrics", [this](const Request&, Response& response) {
    response.set_content(prometheus_text(service_.status()), "text/plain; version=0.0.4");
  });
}

void Server::Impl::route_swaps() {
  http_.Post("/v1/swaps", [this](const Request& request, Response& response) {
    create(request, response, swap_spec_from_json,
           [this](SwapSpec spec) { return service_.add_swap(std::move(spec)); });
  });
  http_.Post("/v1/swaps/plan", [this](const Request& request, Response& response) {
    find_out(request, response, swap_spec_from_json,
             [this](SwapSpec spec) { return service_.plan_swap(std::move(spec)); });
  });
  http_.Post("/v1/swaps/list", [this](const Request& request, Response& response) {
    find_out(request, response, kube_access_from_json,
             [this](KubeAccess kube) { return service_.list_swaps(std::move(kube)); });
  });
  http_.Post("/v1/restore",
             [this](const Request& request, Response& response) { restore(request, response); });
  http_.Get("/v1/links/([A-Za-z0-9._-]{1,64})/environment",
            [this](const Request& request, Response& response) {
              auto environment = service_.environment(request.matches[1]);
              if (!environment) return refuse(response, environment.error());
              response.set_content(*environment, kJson);
            });
}

template <typename Read, typename Add>
void Server::Impl::create(const Request& request, Response& response, Read read, Add add) {
  auto spec = parse_json(request.body, kMaxBody).and_then(read);
  if (!spec) return refuse(response, spec.error());
  const bool streamed = request.get_header_value("Accept") == kEventStream;
  const bool held = !spec->detach;
  if (held && !streamed) {
    return refuse(response, {problem::kRequestInvalid, "creating the link",
                             "a link that is not detached ends with its client's connection",
                             "send 'Accept: text/event-stream' and keep reading, or set detach"});
  }
  auto stream = streamed ? subscribe() : nullptr;
  Result<LinkStatus> link = add(std::move(*spec));
  if (!link) return refuse(response, link.error());
  if (!streamed) return answer(response, to_json(*link), 201);
  // Events that came between the two calls are about a later state than the snapshot: they follow.
  stream->link_id = link->id;
  stream->queue.only(link->id);
  stream->queue.push_front(snapshot(std::move(*link)));
  send_stream(response, std::move(stream), held);
}

void Server::Impl::end_link(const std::string& id, Response& response) {
  const auto removed = service_.remove_link(id);
  if (!removed) return refuse(response, removed.error());
  const auto left = service_.link(id);  // a swap, until it is restored
  left ? answer(response, to_json(*left), 202) : answer(response, Json::object());
}

template <typename Read, typename Find>
void Server::Impl::find_out(const Request& request, Response& response, Read read, Find find) {
  auto spec = parse_json(request.body, kMaxBody).and_then(read);
  if (!spec) return refuse(response, spec.error());
  const auto found = find(std::move(*spec));
  found ? answer(response, to_json(*found)) : refuse(response, found.error());
}

void Server::Impl::restore(const Request& request, Response& response) {
  auto spec = parse_json(request.body, kMaxBody).and_then(restore_spec_from_json);
  if (!spec) return refuse(response, spec.error());
  if (request.get_header_value("Accept") != kEventStream) {
    const auto done = service_.restore(std::move(*spec), [](const Event&) {});
    return done ? answer(response, {{"message", *done}}) : refuse(response, done.error());
  }
  auto run = std::make_shared<RestoreRun>(service_, std::move(*spec));
  streams_.send(response, {run, &run->queue()}, true);
}

void Server::Impl::link_events(const std::string& id, Response& response) {
  auto stream = subscribe();
  auto link = service_.link(id);
  if (!link) return refuse(response, link.error());
  stream->link_id = id;
  stream->queue.only(id);
  stream->queue.push_front(snapshot(std::move(*link)));
  send_stream(response, std::move(stream), false);
}

void Server::Impl::all_events(Response& response) {
  auto stream = subscribe();
  auto status = service_.status();
  for (auto& tunnel : status.tunnels) stream->queue.push_front(snapshot(std::move(tunnel)));
  for (auto& link : status.links) stream->queue.push_front(snapshot(std::move(link)));
  send_stream(response, std::move(stream), false);
}

std::shared_ptr<Stream> Server::Impl::subscribe() {
  auto stream = std::make_shared<Stream>();
  stream->subscription =
      service_.subscribe([&queue = stream->queue](const Event& event) { queue.push(event); });
  return stream;
}

void Server::Impl::send_stream(Response& response, std::shared_ptr<Stream> stream,
                               bool holds_link) {
  std::shared_ptr<EventQueue> queue(stream, &stream->queue);
  const std::string id = stream->link_id;
  if (!holds_link) return streams_.send(response, std::move(queue), !id.empty());
  streams_.send(response, std::move(queue), true, [this, id] {
    // A link that has ended by itself is not found, which is fine.
    static_cast<void>(service_.remove_link(id));
  });
}

Status Server::Impl::start() {
  const std::string& path = options_.socket_path;
  const std::string what = "listening on " + path;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail(problem::kSocketFails, what, std::strerror(errno), "move away what is there");
  }
  if (!http_.bind_to_port(path, 80)) {  // a Unix socket has no port, but 0 would mean "choose one"
    return fail(problem::kSocketFails, what, std::strerror(errno),
                "check the directory's permissions");
  }
  ::listen(listening_, kBacklog);
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return fail(problem::kSocketFails, "setting the mode of " + path, std::strerror(errno));
  }
  accepting_ = std::thread([this] { http_.listen_after_bind(); });
  return {};
}

void Server::Impl::stop() {
  streams_.stop();
  if (!accepting_.joinable()) return;
  // What the streams have still to tell: how their links ended. httplib would cut it off.
  streams_.wait_for_last_words();
  // httplib forgets a stop() that comes before its accepting thread runs.
  while (!http_.is_running()) std::this_thread::yield();
  http_.stop();
  accepting_.join();
  ::unlink(options_.socket_path.c_str());
}

Server::Server(Service& service, ServerOptions options)
    : impl_(std::make_unique<Impl>(service, std::move(options))) {}

Server::~Server() = default;

Status Server::start() { return impl_->start(); }

void Server::stop() { impl_->stop(); }

}  // namespace ferry::control
