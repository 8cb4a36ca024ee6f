// URLs as kubeconfig files and proxy variables hold them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/cluster_config.h"

namespace ferry::kube {

// "https://host:6443/prefix"; without a scheme it is https if `tls_by_default`, as in client-go's
// DefaultServerURL. Error: kInvalid with an empty `what`.
Result<ServerUrl> parse_server_url(std::string_view text, bool tls_by_default);

// "http://user:password@proxy:3128", https, socks5, socks5h; without a scheme it is http. Errors:
// kInvalid, kUnsupported (another scheme), with an empty `what`. Never quotes a password.
Result<ProxyUrl> parse_proxy_url(std::string_view text);

// The proxy that HTTPS_PROXY (or HTTP_PROXY for a server without TLS) and NO_PROXY ask for, by the
// rules of Go's golang.org/x/net/http/httpproxy, which kubectl follows: a loopback address never
// goes through a proxy. Errors: as parse_proxy_url, `what` names the variable.
Result<std::optional<ProxyUrl>> proxy_from_environment(const Environment& environment,
                                                       const ServerUrl& server);

}  // namespace ferry::kube
