#include "net/http_head.h"
#include "net/problems.h"
#include "net/proxy_dialogue.h"

namespace ferry::net {
namespace {

Error refusal(const HttpHead& head, const std::string& what) {
  const std::string why = "the proxy answered " + head.status_line();
  if (head.status == 407) {
    return {problem::kProxyWantsPassword, what, why,
            "give the proxy's user and password in its URL"};
  }
  const bool forbidden = head.status == 403 || head.status == 405;
  return {forbidden ? problem::kProxyForbids : problem::kProxyRefuses, what, why};
}

}  // namespace

Result<ProxyDialogue> http_connect_dialogue(const ProxyHandshakeOptions& options,
                                            const std::string& what) {
  const std::string target = to_string(options.target);
  if (options.target.host.empty() || !fits_on_a_line(target) ||
      target.find(' ') != std::string::npos) {
    return fail(problem::kRequestImpossible, what, "'" + target + "' is not a host and a port");
  }
  std::string hello = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (options.credentials) {
    const auto& [user, password] = *options.credentials;
    hello += "Proxy-Authorization: Basic " + base64(as_bytes(user + ":" + password)) + "\r\n";
  }
  hello += "\r\n";
  // The answer has no body where it is a success (RFC 9110, section 9.3.6).
  const auto advance = [what](Bytes received, bool) -> Result<OpeningStep> {
    const auto head = parse_http_head(as_text(received));
    if (!head) return fail(problem::kProxyMalformed, what, head.error(), "check the proxy's URL");
    if (!*head) return OpeningStep{};
    if ((*head)->status < 200) return OpeningStep{(*head)->size};  // an interim answer
    if ((*head)->status >= 300) return fail(refusal(**head, what));
    return OpeningStep{(*head)->size, {}, true};
  };
  return ProxyDialogue{std::move(hello), advance};
}

}  // namespace ferry::net
