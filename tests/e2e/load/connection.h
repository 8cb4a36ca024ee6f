// One HTTP client connection, as plain as can be: what goes wrong on it is to be told apart
// exactly.
#pragma once

#include <netdb.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace ferry::test_load {

using Clock = std::chrono::steady_clock;

// What became of one request.
struct Outcome {
  std::string failure;     // empty: status 200 and a whole body
  std::string name;        // the body without its line end: who answered
  bool unheard = false;    // it failed before the first byte of an answer
  std::uint16_t port = 0;  // our own end of the connection; 0: none was tried
};

// The addresses of a host; aborts the program where there are none. Freed with the pointer.
struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;
Addresses resolve(const char* host, const char* port);

class Connection {
 public:
  // `addresses` has to outlive the connection.
  Connection(const addrinfo& addresses, std::chrono::milliseconds timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open() const { return fd_ >= 0; }

  // GET / over the open connection, or over a new one. With `keep`, the connection stays open if
  // the server lets it; without, both sides are told to close it.
  Outcome get(bool keep);

 private:
  std::optional<std::string> connect();
  std::optional<std::string> send(const std::string& request);
  std::optional<std::string> receive();
  std::optional<std::string> wait(short events) const;
  Outcome ask(bool keep);
  Outcome answer();
  void close();

  const addrinfo& addresses_;
  const std::chrono::milliseconds timeout_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  Clock::time_point deadline_;
  std::string received_;
};

}  // namespace ferry::test_load
