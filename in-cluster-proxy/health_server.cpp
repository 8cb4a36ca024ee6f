#include "in-cluster-proxy/health_server.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "net/timer.h"

namespace ferry::proxy {
namespace {

constexpr std::size_t kMaxHeader = 4096;      // bytes; a kubelet's probe has about 150
constexpr std::size_t kMaxConnections = 128;  // the oldest goes then
constexpr Duration kPatience = std::chrono::seconds(5);

std::string answer(std::string_view status, std::string_view body,
                   std::string_view type = "text/plain; charset=utf-8") {
  std::string text = "HTTP/1.1 ";
  text += status;
  text += "\r\nContent-Type: ";
  text += type;
  text += "\r\nConnection: close\r\nContent-Length: ";
  text += std::to_string(body.size());
  text += "\r\n\r\n";
  text += body;
  return text;
}

}  // namespace

std::string health_answer(std::string_view request, const HealthSource& source) {
  if (request.find("\r\n\r\n") == std::string_view::npos) {
    if (request.size() < kMaxHeader) return {};
    return answer("431 Request Header Fields Too Large", "the header is too large\n");
  }
  const std::string_view line = request.substr(0, request.find("\r\n"));
  const auto space = line.find(' ');
  const std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  const std::string_view path = rest.substr(0, rest.find_first_of(" ?"));
  if (rest.find(" HTTP/1.") == std::string_view::npos) {
    return answer("400 Bad Request", "this is not HTTP/1.1\n");
  }
  if (line.substr(0, space) != "GET") return answer("405 Method Not Allowed", "GET only\n");
  if (path == "/healthz") return answer("200 OK", "ok\n");
  if (path == "/metrics") return answer("200 OK", source.metrics(), "text/plain; version=0.0.4");
  if (path != "/readyz") {
    return answer("404 Not Found", "/healthz, /readyz and /metrics are here\n");
  }
  const std::string_view not_ready = source.not_ready();
  if (not_ready.empty()) return answer("200 OK", "ok\n");
  return answer("503 Service Unavailable", std::string(not_ready) + '\n');
}

class HealthServer::Connection final : public net::Disposable, private net::StreamHandler {
 public:
  Connection(HealthServer& server, std::unique_ptr<net::ByteStream> stream)
      : server_(server),
        deadline_(server.loop_, [this] { server_.drop(*this); }),
        stream_(std::move(stream)) {
    deadline_.start(kPatience);
    stream_->start(*this);
  }
  void retire() override {
    deadline_.stop();
    stream_->retire();
  }

 private:
  MutableBytes on_read_buffer() override { return MutableBytes(buffer_).subspan(size_); }

  void on_read(std::size_t n) override {
    if (answered_) return;
    size_ += n;
    const std::string text = health_answer(as_text(Bytes(buffer_).first(size_)), server_.source_);
    if (text.empty()) return;
    answered_ = true;
    size_ = 0;  // whatever else comes is read and forgotten, so that closing is no reset
    stream_->write(as_bytes(text));
    stream_->shutdown();
  }

  void on_end() override {
    if (!answered_) server_.drop(*this);
  }
  void on_written(std::size_t) override {}
  void on_closed(Status) override { server_.drop(*this); }

  HealthServer& server_;
  std::array<std::uint8_t, kMaxHeader> buffer_{};
  std::size_t size_ = 0;
  bool answered_ = false;
  net::Timer deadline_;
  std::unique_ptr<net::ByteStream> stream_;
};

HealthServer::HealthServer(net::Loop& loop, HealthSource source)
    : loop_(loop), source_(std::move(source)) {}

HealthServer::~HealthServer() = default;

Status HealthServer::listen(const net::HostPort& address) {
  auto listener = net::Listener::create(
      loop_, address, [this](std::unique_ptr<net::ByteStream> stream, const net::HostPort&) {
        accept(std::move(stream));
      });
  if (!listener) return fail(listener.error());
  listeners_.push_back(std::move(*listener));
  return {};
}

std::vector<net::HostPort> HealthServer::addresses() const {
  std::vector<net::HostPort> all;
  for (const auto& listener : listeners_) all.push_back(listener->address());
  return all;
}

void HealthServer::accept(std::unique_ptr<net::ByteStream> stream) {
  if (connections_.size() >= kMaxConnections) drop(*connections_.front());
  connections_.push_back(std::make_unique<Connection>(*this, std::move(stream)));
}

void HealthServer::drop(Connection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  if (found == connections_.end()) return;
  loop_.delete_later(std::move(*found));
  connections_.erase(found);
}

}  // namespace ferry::proxy
