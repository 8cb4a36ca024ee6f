// The application that the end-to-end tests put into a cluster: an HTTP server that can be asked to
// misbehave, and two TCP ports with manners of their own.
//
//   GET  /               "NAME\n": the variable NAME, else the host's name (which is the pod's)
//   GET  /healthz        200; after POST /unready 503, until POST /ready
//   GET  /bytes?n=N      N bytes of a repeating pattern (see kPeriod)
//   POST /hash           reads the body; "LENGTH SHA256\n"
//   GET  /drip?n=N&ms=M  N lines, M milliseconds apart, each sent at once
//   POST /exit?code=C    answers, then ends the process
//
//   echo port            sends everything back; its FIN comes after the peer's
//   reset port           reads one byte, then resets the connection
//   caller port          reads a PROXY protocol header; "ADDRESS PORT\n" of the caller that it
//   names, or what is wrong
//                        with it; then as the echo port
//
// On SIGTERM it ends at once; with ON_TERM=finish it accepts nothing more, answers what was asked
// and what is asked on connections that it has (each answer says that it is the last), and ends
// when they are closed.
#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kPeriod = 251;  // byte i of /bytes is i mod 251

std::string own_name() {
  if (const char* name = std::getenv("NAME")) return name;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

std::size_t number(const httplib::Request& request, const char* key, std::size_t otherwise) {
  return request.has_param(key) ? std::stoull(request.get_param_value(key)) : otherwise;
}

void send_bytes(const httplib::Request& request, httplib::Response& response) {
  static const std::vector<char> kPattern = [] {
    std::vector<char> made(kPeriod * 1024);
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>(i % kPeriod);
    return made;
  }();
  response.set_content_provider(
      number(request, "n", 0), "application/octet-stream",
      [](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        const std::size_t at = offset % kPeriod;
        return sink.write(kPattern.data() + at, std::min(length, kPattern.size() - at));
      });
}

void hash_body(const httplib::ContentReader& read, httplib::Response& response) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  std::size_t length = 0;
  read([&](const char* data, std::size_t n) {
    length += n;
    return EVP_DigestUpdate(hash.get(), data, n) == 1;
  });
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr);
  std::string text = std::to_string(length) + " ";
  for (const unsigned char byte : digest) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", byte);
    text += hex.data();
  }
  response.set_content(text + "\n", "text/plain");
}

void drip(const httplib::Request& request, httplib::Response& response) {
  const std::size_t lines = number(request, "n", 10);
  const auto pause = std::chrono::milliseconds(number(request, "ms", 100));
  response.set_chunked_content_provider(
      "text/plain", [=, at = std::size_t{0}](std::size_t, httplib::DataSink& sink) mutable {
        const std::string line = std::to_string(at) + "\n";
        if (!sink.write(line.data(), line.size())) return false;
        if (++at == lines) {
          sink.done();
        } else {
          std::this_thread::sleep_for(pause);
        }
        return true;
      });
}

// --- TCP
// -------------------------------------------------------------------------------------------

void echo(int fd) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    for (ssize_t sent = 0; sent < n;) {
      const ssize_t m =
          ::send(fd, buffer.data() + sent, static_cast<std::size_t>(n - sent), MSG_NOSIGNAL);
      if (m < 0) {
        ::close(fd);
        return;
      }
      sent += m;
    }
  }
  ::close(fd);
}

// The first `length` bytes; whether they came.
bool read_exactly(int fd, void* to, std::size_t length) {
  return ::recv(fd, to, length, MSG_WAITALL) == static_cast<ssize_t>(length);
}

// The caller that a PROXY protocol v2 header names
// (haproxy.org/download/2.9/doc/proxy-protocol.txt, 2.2).
std::string read_caller(int fd) {
  constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
  std::array<unsigned char, 16> head{};
  if (!read_exactly(fd, head.data(), head.size())) return "no header\n";
  if (!std::equal(kSignature.begin(), kSignature.end(), head.begin())) return "not a header\n";
  std::vector<unsigned char> rest(static_cast<std::size_t>(head[14] << 8 | head[15]));
  if (!read_exactly(fd, rest.data(), rest.size())) return "half a header\n";
  const bool four = head[13] == 0x11;
  const std::size_t size = four ? 4 : 16;
  if (head[12] != 0x21 || (!four && head[13] != 0x21) || rest.size() < 2 * size + 4) {
    return "a header of another kind\n";
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(four ? AF_INET : AF_INET6, rest.data(), text.data(), text.size());
  return std::string(text.data()) + " " + std::to_string(rest[2 * size] << 8 | rest[2 * size + 1]) +
         "\n";
}

void caller(int fd) {
  const std::string said = read_caller(fd);
  static_cast<void>(::send(fd, said.data(), said.size(), MSG_NOSIGNAL));
  echo(fd);
}

void reset(int fd) {
  char byte = 0;
  static_cast<void>(::recv(fd, &byte, 1, 0));
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd);
}

[[noreturn]] void serve_tcp(std::uint16_t port, void (*serve)(int)) {
  const int listener = ::socket(AF_INET6, SOCK_STREAM, 0);
  const int on = 1;
  const int off = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1024) != 0) {
    std::perror("ferry-test-app: listening");
    std::exit(1);
  }
  for (;;) {
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd >= 0) std::thread(serve, fd).detach();
  }
}

std::uint16_t port_of(const char* variable, std::uint16_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint16_t>(std::stoul(text));
}

// Ends the accepting of an HTTP server from a signal handler.
std::atomic<int> http_listener{-1};
std::atomic<bool> finishing{false};

void finish(int) {
  finishing = true;
  ::shutdown(http_listener, SHUT_RDWR);
}

void on_term() {
  const char* wish = std::getenv("ON_TERM");
  const bool finishes = wish != nullptr && std::string_view(wish) == "finish";
  std::signal(
      SIGTERM, finishes ? finish : [](int) { std::_Exit(0); });
}

void serve_http(std::uint16_t port) {
  httplib::Server server;
  // A network that stands still for some seconds is not the application's affair.
  server.set_read_timeout(std::chrono::seconds(60));
  server.set_write_timeout(std::chrono::seconds(60));
  server.set_socket_options([](int fd) {
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    http_listener = fd;
  });
  server.set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
    if (finishing) response.set_header("Connection", "close");
  });
  std::atomic<bool> ready{true};
  server.new_task_queue = [] { return new httplib::ThreadPool(128); };
  server.set_keep_alive_max_count(1'000'000);
  server.set_tcp_nodelay(true);
  const std::string name = own_name();
  server.Get("/", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(name + "\n", "text/plain");
  });
  server.Get("/healthz", [&](const httplib::Request&, httplib::Response& response) {
    response.status = ready ? 200 : 503;
  });
  server.Post("/ready", [&](const httplib::Request&, httplib::Response&) { ready = true; });
  server.Post("/unready", [&](const httplib::Request&, httplib::Response&) { ready = false; });
  server.Get("/bytes", send_bytes);
  server.Post("/hash", [](const httplib::Request&, httplib::Response& response,
                          const httplib::ContentReader& read) { hash_body(read, response); });
  server.Get("/drip", drip);
  server.Post("/exit", [](const httplib::Request& request, httplib::Response&) {
    std::thread([code = static_cast<int>(number(request, "code", 1))] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      std::_Exit(code);
    }).detach();
  });
  if (!server.listen("::", port) && !finishing) {
    std::fprintf(stderr, "ferry-test-app: cannot listen on port %d\n", port);
    std::exit(1);
  }
}

}  // namespace

int main() {
  on_term();
  std::thread(serve_tcp, port_of("ECHO_PORT", 7000), echo).detach();
  std::thread(serve_tcp, port_of("RESET_PORT", 7001), reset).detach();
  std::thread(serve_tcp, port_of("CALLER_PORT", 7002), caller).detach();
  serve_http(port_of("HTTP_PORT", 8080));
  std::_Exit(0);  // the other threads have no end
}
