#include <array>
#include <memory>
#include <utility>

#include "net/problems.h"
#include "net/proxy_dialogue.h"
#include "net/socket_address.h"

namespace ferry::net {
namespace {

// RFC 1928, sections 3 to 6; RFC 1929, section 2.
constexpr std::uint8_t kVersion = 5;
constexpr std::uint8_t kNoAuthentication = 0;
constexpr std::uint8_t kUserAndPassword = 2;
constexpr std::uint8_t kSubnegotiation = 1;
constexpr std::uint8_t kConnect = 1;
constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kDomainName = 3;
constexpr std::uint8_t kIpv6 = 4;
constexpr std::size_t kMaxLength = 255;

void put(std::string& out, std::uint8_t byte) { out += static_cast<char>(byte); }
void put_with_length(std::string& out, const std::string& text) {
  put(out, static_cast<std::uint8_t>(text.size()));
  out += text;
}

std::string connect_request(const HostPort& target) {
  std::string request;
  for (const std::uint8_t byte : {kVersion, kConnect, std::uint8_t{0}}) put(request, byte);
  const auto literal = SocketAddress::from_literal(target.host, target.port);
  if (literal && literal->family() == AF_INET) {
    put(request, kIpv4);
    const auto& address = reinterpret_cast<const sockaddr_in*>(literal->native())->sin_addr;
    request.append(reinterpret_cast<const char*>(&address), sizeof address);
  } else if (literal) {
    put(request, kIpv6);
    const auto& address = reinterpret_cast<const sockaddr_in6*>(literal->native())->sin6_addr;
    request.append(reinterpret_cast<const char*>(&address), sizeof address);
  } else {
    put(request, kDomainName);
    put_with_length(request, target.host);
  }
  put(request, static_cast<std::uint8_t>(target.port >> 8U));
  put(request, static_cast<std::uint8_t>(target.port & 0xFFU));
  return request;
}

Error refusal(std::uint8_t code, const std::string& what) {
  static constexpr std::array<const char*, 9> kWords = {
      "succeeded",           "general failure",       "connection not allowed by its rules",
      "network unreachable", "host unreachable",      "connection refused",
      "TTL expired",         "command not supported", "address type not supported"};
  const std::string why = code < kWords.size() ? kWords.at(code) : "code " + std::to_string(code);
  return Error{code == 2 ? problem::kProxyForbids : problem::kProxyRefuses,
               what,
               "the proxy answered: " + why,
               {}};
}

class Dialogue {
 public:
  Dialogue(const ProxyHandshakeOptions& options, std::string what)
      : options_(options), what_(std::move(what)) {}

  std::string hello() const {
    std::string text;
    put(text, kVersion);
    put(text, options_.credentials ? 2 : 1);
    put(text, kNoAuthentication);
    if (options_.credentials) put(text, kUserAndPassword);
    return text;
  }

  Result<OpeningStep> advance(Bytes received) {
    switch (state_) {
      case State::kMethod: return on_method(received);
      case State::kLogin: return on_login(received);
      case State::kReply: return on_reply(received);
    }
    return OpeningStep{};
  }

 private:
  enum class State { kMethod, kLogin, kReply };

  tl::unexpected<Error> not_socks() const {
    return fail(problem::kProxyMalformed, what_, "the answer is not SOCKS5",
                "check the proxy's URL");
  }

  Result<OpeningStep> on_method(Bytes received) {
    if (!received.empty() && received[0] != kVersion) return not_socks();
    if (received.size() < 2) return OpeningStep{};
    if (received[1] == kNoAuthentication) {
      state_ = State::kReply;
      return OpeningStep{2, connect_request(options_.target)};
    }
    if (received[1] != kUserAndPassword || !options_.credentials) {
      return fail(problem::kProxyWantsPassword, what_, "the proxy wants an authentication",
                  "give the proxy's user and password in its URL");
    }
    state_ = State::kLogin;
    std::string login;
    put(login, kSubnegotiation);
    put_with_length(login, options_.credentials->user);
    put_with_length(login, options_.credentials->password);
    return OpeningStep{2, login};
  }

  Result<OpeningStep> on_login(Bytes received) {
    if (!received.empty() && received[0] != kSubnegotiation) return not_socks();
    if (received.size() < 2) return OpeningStep{};
    if (received[1] != 0) {
      return fail(problem::kProxyWantsPassword, what_, "the proxy refuses this user and password",
                  "check the user and password in the proxy's URL");
    }
    state_ = State::kReply;
    return OpeningStep{2, connect_request(options_.target)};
  }

  // Ends with an address of the proxy's that nobody needs.
  Result<OpeningStep> on_reply(Bytes received) {
    constexpr std::size_t kHead = 4;
    if (!received.empty() && received[0] != kVersion) return not_socks();
    if (received.size() >= 2 && received[1] != 0) return fail(refusal(received[1], what_));
    if (received.size() <= kHead) return OpeningStep{};
    std::size_t address = 0;
    switch (received[3]) {
      case kIpv4: address = 4; break;
      case kIpv6: address = 16; break;
      case kDomainName: address = 1 + std::size_t{received[kHead]}; break;
      default: return not_socks();
    }
    const std::size_t size = kHead + address + 2;
    if (received.size() < size) return OpeningStep{};
    return OpeningStep{size, {}, true};
  }

  const ProxyHandshakeOptions options_;
  const std::string what_;
  State state_ = State::kMethod;
};

bool fits(const std::string& text) { return !text.empty() && text.size() <= kMaxLength; }

}  // namespace

Result<ProxyDialogue> socks5_dialogue(const ProxyHandshakeOptions& options,
                                      const std::string& what) {
  if (!fits(options.target.host)) {
    return fail(problem::kRequestImpossible, what, "SOCKS5 takes host names of 1 to 255 bytes");
  }
  if (options.credentials &&
      (!fits(options.credentials->user) || !fits(options.credentials->password))) {
    return fail(problem::kRequestImpossible, what,
                "SOCKS5 takes users and passwords of 1 to 255 bytes");
  }
  const auto dialogue = std::make_shared<Dialogue>(options, what);
  return ProxyDialogue{dialogue->hello(),
                       [dialogue](Bytes received, bool) { return dialogue->advance(received); }};
}

}  // namespace ferry::net
