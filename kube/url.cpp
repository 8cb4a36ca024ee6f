#include "kube/url.h"

#include <charconv>

#include "kube/problems.h"
#include "kube/text.h"

namespace ferry::kube {
namespace {

struct UrlParts {
  std::string scheme;  // lower case; empty if there is none
  std::string_view user_info;
  std::string_view authority;  // host and port
  std::string_view path;
};

UrlParts split_url(std::string_view text) {
  UrlParts parts;
  if (const auto colon = text.find("://"); colon != std::string_view::npos) {
    parts.scheme = to_lower(text.substr(0, colon));
    text.remove_prefix(colon + 3);
  }
  const auto path = text.find_first_of("/?#");
  parts.authority = text.substr(0, path);
  if (path != std::string_view::npos) parts.path = text.substr(path);
  if (const auto at = parts.authority.rfind('@'); at != std::string_view::npos) {
    parts.user_info = parts.authority.substr(0, at);
    parts.authority.remove_prefix(at + 1);
  }
  return parts;
}

Result<std::uint16_t> parse_port_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > 65535) {
    return fail(problem::kUrlInvalid, "", "'" + std::string(text) + "' is not a port (1 to 65535)");
  }
  return static_cast<std::uint16_t>(value);
}

bool plausible_host(std::string_view host) {
  return !host.empty() && host.find_first_of(" \t\r\n\"<>\\^`{|}/?#@") == std::string_view::npos &&
         fits_header(host);
}

// "host", "host:port", "[v6]", "[v6]:port"
Result<net::HostPort> parse_authority(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return fail(problem::kUrlInvalid, "", "']' is missing");
    host = text.substr(1, bracket - 1);
    const auto rest = text.substr(bracket + 1);
    if (!rest.empty() && rest.front() != ':') {
      return fail(problem::kUrlInvalid, "", "':' and a port are expected after ']'");
    }
    if (!rest.empty()) port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) {
      return fail(problem::kUrlInvalid, "",
                  "an IPv6 address needs brackets: [" + std::string(text) + "]");
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (!plausible_host(host)) return fail(problem::kUrlInvalid, "", "no host in it");
  if (port.empty()) return net::HostPort{std::string(host), default_port};
  const auto number = parse_port_number(port);
  if (!number) return fail(number.error());
  return net::HostPort{std::string(host), *number};
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* first = text.data() + i + 1;
      const auto [end, error] = std::from_chars(first, first + 2, value, 16);
      if (error == std::errc{} && end == first + 2) {
        out += static_cast<char>(value);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string bracketed(const net::HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string_view name_of(ProxyUrl::Kind kind) {
  switch (kind) {
    case ProxyUrl::Kind::kHttp: return "http";
    case ProxyUrl::Kind::kHttps: return "https";
    case ProxyUrl::Kind::kSocks5: return "socks5";
  }
  return "http";
}

}  // namespace

std::string to_string(const ServerUrl& url) {
  return (url.tls ? "https://" : "http://") + bracketed(url.address) + url.path_prefix;
}

std::string to_string(const ProxyUrl& url) {
  return std::string(name_of(url.kind)) + "://" + bracketed(url.address);
}

Result<ServerUrl> parse_server_url(std::string_view text, bool tls_by_default) {
  const UrlParts parts = split_url(trim(text));
  if (!parts.scheme.empty() && parts.scheme != "https" && parts.scheme != "http") {
    return fail(problem::kUrlInvalid, "", "the scheme must be https or http");
  }
  if (!parts.user_info.empty()) {
    return fail(problem::kUrlInvalid, "", "it holds a user name",
                "give credentials in the kubeconfig's user entry");
  }
  if (parts.path.find_first_of("?# \t") != std::string_view::npos || !fits_header(parts.path)) {
    return fail(problem::kUrlInvalid, "", "only a path may follow the host");
  }
  ServerUrl url;
  url.tls = parts.scheme.empty() ? tls_by_default : parts.scheme == "https";
  auto address = parse_authority(parts.authority, url.tls ? 443 : 80);
  if (!address) return fail(address.error());
  url.address = std::move(*address);
  url.path_prefix = parts.path;
  while (url.path_prefix.ends_with('/')) url.path_prefix.pop_back();
  return url;
}

Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  const UrlParts parts = split_url(trim(text));
  ProxyUrl url;
  std::uint16_t default_port = 80;
  if (parts.scheme == "https") {
    url.kind = ProxyUrl::Kind::kHttps;
    default_port = 443;
  } else if (parts.scheme == "socks5" || parts.scheme == "socks5h") {
    url.kind = ProxyUrl::Kind::kSocks5;
    default_port = 1080;
  } else if (!parts.scheme.empty() && parts.scheme != "http") {
    return fail(problem::kProxySchemeUnsupported, "", "a proxy of the kind '" + parts.scheme + "'",
                "use http, https or socks5");
  }
  auto address = parse_authority(parts.authority, default_port);
  if (!address) return fail(address.error());
  url.address = std::move(*address);
  const auto colon = parts.user_info.find(':');
  url.username = percent_decode(parts.user_info.substr(0, colon));
  if (colon != std::string_view::npos) {
    url.password = percent_decode(parts.user_info.substr(colon + 1));
  }
  return url;
}

}  // namespace ferry::kube
