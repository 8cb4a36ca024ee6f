// Servers on the loopback for tests of clients: blocking, a thread for each connection, plain or
// TLS. On purpose not made of net/: two implementations meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace ferry::kube {

struct ServerTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // not empty: a client certificate from it is demanded
};

struct HttpMessage {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  int connection = 0;  // 1 for the first that was accepted

  // All values of a header, joined by ", "; empty if there is none.
  std::string header(std::string_view name) const;
};

// One accepted connection. Used by its own thread only.
class Connection {
 public:
  Connection(int descriptor, int number, ssl_st* tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int number() const { return number_; }
  int descriptor() const { return descriptor_; }
  // Empty at the end of the stream, or when it broke.
  std::string read_some();
  // False when the end came before n bytes.
  bool read_exactly(std::size_t n, std::string& out);
  bool write(std::string_view data);
  // Bytes are there that poll(2) doesn't tell of.
  bool has_pending() const;
  std::optional<HttpMessage> read_request();
  // Sends a reset instead of an orderly end when the connection goes.
  void reset_on_close() const;
  std::string server_name() const;         // SNI; empty: none
  std::string client_common_name() const;  // of the client certificate

 private:
  int descriptor_;
  int number_;
  ssl_st* tls_;
  std::string buffered_;
};

class TestServer {
 public:
  // Runs on a thread of its own for each connection, which is closed when it returns.
  using Handler = std::function<void(Connection&)>;

  explicit TestServer(Handler handler, const std::optional<ServerTls>& tls = {},
                      std::uint16_t port = 0);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  struct Client {
    int descriptor;
    std::thread thread;
  };

  void accept_loop();
  void serve(Client& client, int number);

  Handler handler_;
  ssl_ctx_st* tls_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<Client> clients_;
  std::thread acceptor_;
};

// Connects to a port of the loopback; -1 if that fails.
int connect_to_loopback(std::uint16_t port);

struct Reply {
  int status = 200;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"
};

// An HTTP/1.1 server that keeps connections and remembers what it was asked.
class HttpServer {
 public:
  // Answers a request. It may write to the connection itself and return nothing: then the
  // connection ends.
  using Responder = std::function<std::optional<Reply>(const HttpMessage&, Connection&)>;

  explicit HttpServer(Responder responder, const std::optional<ServerTls>& tls = {});

  std::uint16_t port() const { return server_.port(); }
  int connections() const { return server_.connections(); }
  std::vector<HttpMessage> requests() const;

 private:
  void serve(Connection& connection);

  Responder responder_;
  mutable std::mutex mutex_;
  std::vector<HttpMessage> requests_;
  TestServer server_;  // the last member: its threads use the others
};

}  // namespace ferry::kube
