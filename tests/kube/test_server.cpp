#include "tests/kube/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>

namespace ferry::kube {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::unique_ptr<BIO, decltype(&BIO_free)> reader(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

X509* read_certificate(const std::string& pem) {
  return PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr);
}

SSL_CTX* make_context(const ServerTls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  X509* certificate = read_certificate(tls.certificate_pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(reader(tls.key_pem).get(), nullptr, nullptr, nullptr);
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    std::abort();
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (tls.client_ca_pem.empty()) return context;
  X509* authority = read_certificate(tls.client_ca_pem);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
  X509_free(authority);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string reply_text(const Reply& reply) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Whatever\r\n";
  for (const auto& header : reply.headers) text += header + "\r\n";
  text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  return text + reply.body;
}

}  // namespace

std::string HttpMessage::header(std::string_view name) const {
  std::string all;
  for (const auto& [key, value] : headers) {
    if (key == name) all += (all.empty() ? "" : ", ") + value;
  }
  return all;
}

Connection::Connection(int descriptor, int number, ssl_st* tls)
    : descriptor_(descriptor), number_(number), tls_(tls) {}

Connection::~Connection() {
  if (tls_ == nullptr) return;
  SSL_shutdown(tls_);
  SSL_free(tls_);
}

std::string Connection::read_some() {
  if (!buffered_.empty()) return std::exchange(buffered_, {});
  std::string chunk(16384, '\0');
  const auto n = tls_ != nullptr
                     ? SSL_read(tls_, chunk.data(), static_cast<int>(chunk.size()))
                     : static_cast<int>(recv(descriptor_, chunk.data(), chunk.size(), 0));
  chunk.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return chunk;
}

bool Connection::read_exactly(std::size_t n, std::string& out) {
  out.clear();
  while (out.size() < n) {
    const auto chunk = read_some();
    if (chunk.empty()) return false;
    out += chunk;
  }
  buffered_ = out.substr(n) + buffered_;
  out.resize(n);
  return true;
}

bool Connection::write(std::string_view data) {
  while (!data.empty()) {
    const auto n =
        tls_ != nullptr
            ? SSL_write(tls_, data.data(), static_cast<int>(data.size()))
            : static_cast<int>(send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL));
    if (n <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Connection::has_pending() const {
  return !buffered_.empty() || (tls_ != nullptr && SSL_pending(tls_) > 0);
}

std::optional<HttpMessage> Connection::read_request() {
  std::string text;
  std::size_t end = 0;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const auto chunk = read_some();
    if (chunk.empty()) return std::nullopt;
    text += chunk;
  }
  buffered_ = text.substr(end + 4) + buffered_;
  HttpMessage message;
  message.connection = number_;
  std::size_t at = text.find("\r\n");
  const std::string first = text.substr(0, at);
  message.method = first.substr(0, first.find(' '));
  const auto target = first.find(' ') + 1;
  message.target = first.substr(target, first.find(' ', target) - target);
  while (at < end) {
    const auto begin = at + 2;
    at = text.find("\r\n", begin);
    const std::string line = text.substr(begin, at - begin);
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(' ', colon + 1);
    message.headers.emplace_back(lower(line.substr(0, colon)),
                                 value == std::string::npos ? "" : line.substr(value));
  }
  const auto length = message.header("content-length");
  if (!length.empty() && !read_exactly(std::stoul(length), message.body)) return std::nullopt;
  return message;
}

void Connection::reset_on_close() const {
  const linger at_once{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::string Connection::server_name() const {
  const char* name =
      tls_ != nullptr ? SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name) : nullptr;
  return name != nullptr ? name : "";
}

std::string Connection::client_common_name() const {
  X509* certificate = tls_ != nullptr ? SSL_get1_peer_certificate(tls_) : nullptr;
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  X509_free(certificate);
  return name.data();
}

TestServer::TestServer(Handler handler, const std::optional<ServerTls>& tls, std::uint16_t port)
    : handler_(std::move(handler)) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write() can't be told MSG_NOSIGNAL
  if (tls) tls_ = make_context(*tls);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(port);
  if (bind(listener_, generic(address), sizeof address) != 0 || listen(listener_, 64) != 0) {
    std::abort();
  }
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

TestServer::~TestServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& client : clients_) shutdown(client.descriptor, SHUT_RDWR);
  }
  for (auto& client : clients_) {
    client.thread.join();
    close(client.descriptor);
  }
  SSL_CTX_free(tls_);
}

void TestServer::accept_loop() {
  while (true) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0 && stopping_) return;
    if (descriptor < 0) continue;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    Client& client = clients_.emplace_back();
    client.descriptor = descriptor;
    client.thread =
        std::thread([this, &client, number = ++connections_] { serve(client, number); });
  }
}

void TestServer::serve(Client& client, int number) {
  SSL* tls = nullptr;
  bool good = true;
  if (tls_ != nullptr) {
    tls = SSL_new(tls_);
    SSL_set_fd(tls, client.descriptor);
    good = SSL_accept(tls) == 1;
  }
  {
    Connection connection(client.descriptor, number, tls);
    if (good) handler_(connection);
  }
  // With SO_LINGER of zero only close() resets, so the descriptor is replaced by a dead one that
  // the destructor closes.
  const int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::lock_guard lock(mutex_);
  dup2(dead, client.descriptor);
  close(dead);
}

int connect_to_loopback(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(descriptor, generic(address), sizeof address) == 0) return descriptor;
  close(descriptor);
  return -1;
}

HttpServer::HttpServer(Responder responder, const std::optional<ServerTls>& tls)
    : responder_(std::move(responder)),
      server_([this](Connection& connection) { serve(connection); }, tls) {}

std::vector<HttpMessage> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::serve(Connection& connection) {
  while (const auto request = connection.read_request()) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    const auto reply = responder_(*request, connection);
    if (!reply || !connection.write(reply_text(*reply))) return;
  }
}

}  // namespace ferry::kube
