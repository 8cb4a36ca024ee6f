#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "net/hmac.h"
#include "net/http_head.h"
#include "net/opening.h"
#include "net/problems.h"
#include "net/websocket.h"
#include "net/websocket_impl.h"

namespace ferry::net {
namespace {

constexpr std::size_t kMaxBody = std::size_t{64} * 1024;

std::string make_key() {
  std::array<std::uint8_t, 16> nonce = {};
  fill_random(nonce);
  return base64(nonce);
}

// RFC 6455, section 4.2.2, item 5.4.
std::string accept_for(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, 20> digest = {};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  return base64(digest);
}

std::string join(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ", ") + text;
  return list;
}

// Empty: something in it does not fit on its line.
std::optional<std::string> request_text(const UpgradeRequest& request, const std::string& key) {
  const std::string protocols = join(request.subprotocols);
  bool fits = !request.path.empty() && request.path.find(' ') == std::string::npos;
  std::string text = "GET " + request.path + " HTTP/1.1\r\n";
  const auto add = [&](const std::string& name, const std::string& value) {
    fits = fits && !name.empty() && name.find_first_of(": \t") == std::string::npos &&
           fits_on_a_line(name) && fits_on_a_line(value);
    text += name + ": " + value + "\r\n";
  };
  fits = fits && fits_on_a_line(request.path);
  add("Host", request.host);
  add("Connection", "Upgrade");
  add("Upgrade", "websocket");
  add("Sec-WebSocket-Version", "13");
  add("Sec-WebSocket-Key", key);
  if (!protocols.empty()) add("Sec-WebSocket-Protocol", protocols);
  for (const auto& [name, value] : request.headers) add(name, value);
  if (!fits) return std::nullopt;
  return text + "\r\n";
}

const Problem& problem_of_status(int status) {
  switch (status) {
    case 401: return problem::kHttpUnauthenticated;
    case 403: return problem::kHttpForbidden;
    case 404: return problem::kHttpNotFound;
    default: return status >= 500 ? problem::kHttpUnavailable : problem::kAnswerMalformed;
  }
}

}  // namespace

struct WebSocketUpgrade::Impl {
  Loop& loop;
  const UpgradeRequest request;
  const std::string what;
  const std::string key;
  Callback callback;
  UpgradeFailure failure = {};  // all but its error
  std::string subprotocol = {};
  std::unique_ptr<Opening> opening = nullptr;

  Impl(Loop& the_loop, const UpgradeRequest& the_request, Callback done)
      : loop(the_loop),
        request(the_request),
        what("opening a WebSocket to " + request.host),
        key(make_key()),
        callback(std::move(done)) {}
  void begin(std::unique_ptr<ByteStream> lower);
  Result<OpeningStep> advance(Bytes received, bool ended);
  std::optional<std::string> fault_of(const HttpHead& head);
  void finish(Result<std::unique_ptr<ByteStream>> result);
};

void WebSocketUpgrade::Impl::begin(std::unique_ptr<ByteStream> lower) {
  const auto text = request_text(request, key);
  std::optional<Error> refusal;
  if (!text) {
    refusal = Error{
        problem::kRequestImpossible, what, "the path or a header holds what can't be sent", {}};
  }
  opening = std::make_unique<Opening>(
      loop, std::move(lower),
      Opening::Options{what, text.value_or(""), request.timeout, kMaxHttpHead + 2 * kMaxBody},
      [this](Bytes received, bool ended) { return advance(received, ended); },
      [this](auto result) { finish(std::move(result)); }, std::move(refusal));
}

Result<OpeningStep> WebSocketUpgrade::Impl::advance(Bytes received, bool ended) {
  const auto parsed = parse_http_head(as_text(received));
  if (!parsed) return fail(problem::kAnswerMalformed, what, parsed.error());
  if (!*parsed) return OpeningStep{};
  const HttpHead& head = **parsed;
  if (head.status == 101) {
    if (const auto fault = fault_of(head)) return fail(problem::kAnswerMalformed, what, *fault);
    return OpeningStep{head.size, {}, true};
  }
  if (head.status < 200) return OpeningStep{head.size};  // an interim answer
  auto body = http_body(head, as_text(received), ended, kMaxBody);
  if (!body) return OpeningStep{};
  failure.status = head.status;
  failure.content_type = head.find("content-type");
  failure.body = std::move(*body);
  return fail(problem_of_status(head.status), what, "the server answered " + head.status_line());
}

// RFC 6455, section 4.1, the client's list.
std::optional<std::string> WebSocketUpgrade::Impl::fault_of(const HttpHead& head) {
  if (to_lower(head.find("upgrade")) != "websocket" ||
      to_lower(head.find("connection")).find("upgrade") == std::string::npos) {
    return "the server upgraded to something else";
  }
  if (head.find("sec-websocket-accept") != accept_for(key)) {
    return "the server did not answer this request (Sec-WebSocket-Accept)";
  }
  if (!head.find("sec-websocket-extensions").empty()) {
    return "the server chose an extension that was not offered";
  }
  subprotocol = head.find("sec-websocket-protocol");
  const auto& offered = request.subprotocols;
  if (!subprotocol.empty() &&
      std::find(offered.begin(), offered.end(), subprotocol) == offered.end()) {
    return "the server chose the subprotocol '" + subprotocol + "', which was not offered";
  }
  return std::nullopt;
}

// Last thing: the callback may destroy the upgrade.
void WebSocketUpgrade::Impl::finish(Result<std::unique_ptr<ByteStream>> result) {
  const Callback done = std::move(callback);
  if (!result) {
    failure.error = result.error();
    return done(tl::unexpected<UpgradeFailure>(std::move(failure)));
  }
  auto impl = std::make_unique<WebSocket::Impl>(loop, std::move(*result),
                                                "the WebSocket with " + request.host, subprotocol,
                                                request.max_message);
  done(std::unique_ptr<WebSocket>(new WebSocket(std::move(impl))));
}

WebSocketUpgrade::WebSocketUpgrade(Loop& loop, std::unique_ptr<ByteStream> lower,
                                   const UpgradeRequest& request, Callback callback)
    : impl_(std::make_unique<Impl>(loop, request, std::move(callback))) {
  impl_->begin(std::move(lower));
}
WebSocketUpgrade::~WebSocketUpgrade() = default;
void WebSocketUpgrade::retire() { impl_->opening->retire(); }

}  // namespace ferry::net
