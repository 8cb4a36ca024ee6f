// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "daemon/probe/checks.h"
#include "daemon/probe/probe_transfer.h"
#include "kube/text.h"

namespace ferry::daemon {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxBody = std::size_t{10} * 1024;

bool same_name(std::string_view a, std::string_view b) {
  return kube::to_lower(a) == kube::to_lower(b);
}

// The value of the first header of that name, as Go's Header.Get() gives it.
const std::string* find(const HttpGetAction& action, std::string_view name) {
  for (const auto& [key, value] : action.headers) {
    if (same_name(key, name)) return &value;
  }
  return nullptr;
}

// The path as it goes over the wire: from the root, without a fragment, without what HTTP forbids.
std::string wire_path(std::string_view path) {
  static constexpr std::string_view kForbidden = "\"<>\\^`{|}";
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  path = path.substr(0, path.find('#'));
  std::string out = path.substr(0, 1) == "/" ? "" : "/";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && kForbidden.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return out;
}

// One URL in its parts.
class Url {
 public:
  explicit Url(const std::string& text) : url_(curl_url(), &curl_url_cleanup) {
    valid_ = curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  }
  bool is_http() const {
    const std::string scheme = valid_ ? part(CURLUPART_SCHEME) : "";
    return scheme == "http" || scheme == "https";
  }
  std::string host() const {
    const std::string host = part(CURLUPART_HOST);
    return host.size() > 2 && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
  }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::atoi(part(CURLUPART_PORT).c_str()));
  }
  void set(CURLUPart what, const std::string& text) {
    curl_url_set(url_.get(), what, text.c_str(), 0);
  }
  std::string text() const { return part(CURLUPART_URL); }

 private:
  std::string part(CURLUPart what) const {
    char* text = nullptr;
    if (curl_url_get(url_.get(), what, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
    return text;
  }
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url_;
  bool valid_ = false;
};

class HttpCheck {
 public:
  HttpCheck(const HttpGetAction& action, const ProbeTarget& target, Duration timeout,
            const ProbeSurroundings& surroundings)
      : action_(action), target_(target), surroundings_(surroundings), transfer_(timeout) {
    if (const std::string* host = find(action, "Host")) host_header_ = *host;
  }

  ProbeOutcome run(const kube::CancelToken& cancel) {
    if (auto refused = check_headers()) return *refused;
    std::string url =
        (action_.tls ? "https://" : "http://") + to_string(target_) + wire_path(action_.path);
    for (int redirects = 0;; ++redirects) {
      prepare(url);
      const auto code = transfer_.run(cancel);
      if (!code) return {};
      if (*code != CURLE_OK) return failed(url, *code);
      if (!wants_redirect() || redirects == kMaxRedirects || !follow(url)) return judge();
    }
  }

 private:
  // Go's client refuses such a header before it connects.
  std::optional<ProbeOutcome> check_headers() const {
    for (const auto& [name, value] : action_.headers) {
      if (kube::fits_header(value)) continue;
      return ProbeOutcome{ProbeVerdict::kFailure,
                          "invalid header field value for \"" + name + "\""};
    }
    return {};
  }

  void prepare(const std::string& url) {
    const Url parts(url);
    transfer_.prepare(url, {.host = parts.host(), .port = parts.port()});
    transfer_.limit_body(kMaxBody);
    curl_easy_setopt(transfer_.easy(), CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set_headers();
  }

  void set_headers() {
    kube::CurlList& headers = transfer_.headers();
    headers.add("Connection: close");
    if (!host_header_.empty()) headers.add("Host: " + host_header_);
    const std::string* agent = find(action_, "User-Agent");
    const std::string own = "kube-probe/" + surroundings_.kubernetes_version;
    headers.add("User-Agent: " + (agent == nullptr ? own : *agent));
    const std::string* accept = find(action_, "Accept");
    // libcurl's own is */*; a name without a value takes a header out.
    if (accept != nullptr && accept->empty()) headers.add("Accept:");
    for (const auto& [name, value] : action_.headers) {
      if (same_name(name, "Host") || same_name(name, "User-Agent")) continue;
      if (same_name(name, "Accept") && accept->empty()) continue;
      headers.add(value.empty() ? name + ";" : name + ": " + value);
    }
  }

  std::string location() const {
    curl_header* found = nullptr;
    const auto code = curl_easy_header(transfer_.easy(), "Location", 0, CURLH_HEADER, -1, &found);
    return code == CURLHE_OK ? found->value : "";
  }

  bool wants_redirect() const {
    static constexpr std::array kRedirects = {301, 302, 303, 307, 308};
    for (const int status : kRedirects) {
      if (transfer_.status() == status) return !location().empty();
    }
    return false;
  }

  bool same_host(const std::string& host) const {
    if (same_name(host, target_.host)) return true;
    return target_.local && (host == "127.0.0.1" || host == "::1");
  }

  // Moves `url` to where the answer redirects; false if that is elsewhere.
  bool follow(std::string& url) {
    char* absolute = nullptr;
    curl_easy_getinfo(transfer_.easy(), CURLINFO_REDIRECT_URL, &absolute);
    Url next(absolute == nullptr ? "" : absolute);
    if (!next.is_http() || !same_host(next.host())) return false;
    // What the process believes to be its own port is that of the container.
    const std::uint16_t port = next.port();
    if (target_.local && port != target_.port) {
      next.set(CURLUPART_PORT, std::to_string(local_port(surroundings_, port)));
    }
    if (target_.local) next.set(CURLUPART_HOST, kLocalHost);
    // As Go's client: the caller's Host goes along with a relative redirect alone.
    const std::string where = location();
    if (where.find("://") != std::string::npos || where.compare(0, 2, "//") == 0) {
      host_header_.clear();
    }
    url = next.text();
    return true;
  }

  ProbeOutcome failed(const std::string& url, CURLcode code) const {
    // An answer whose body breaks off is neither a success nor a failure to the kubelet.
    if (transfer_.status() != 0) return {ProbeVerdict::kUnknown, transfer_.words(code)};
    std::string words = transfer_.words(code);
    if (code == CURLE_OPERATION_TIMEDOUT) {
      words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
    }
    return {ProbeVerdict::kFailure, "Get \"" + url + "\": " + words};
  }

  ProbeOutcome judge() const {
    const int status = transfer_.status();
    if (status < 200 || status >= 400) {
      return {ProbeVerdict::kFailure,
              "HTTP probe failed with statuscode: " + std::to_string(status)};
    }
    if (status < 300) return {ProbeVerdict::kSuccess, {}};
    return {ProbeVerdict::kWarning,
            "Probe terminated redirects, Response body: " + transfer_.body()};
  }

  const HttpGetAction& action_;
  const ProbeTarget& target_;
  const ProbeSurroundings& surroundings_;
  ProbeTransfer transfer_;
  std::string host_header_;  // empty: what the URL says
};

}  // namespace

ProbeOutcome check_http(const HttpGetAction& action, const ProbeTarget& target, Duration timeout,
                        const ProbeSurroundings& surroundings, const kube::CancelToken& cancel) {
  return HttpCheck(action, target, timeout, surroundings).run(cancel);
}

}  // namespace ferry::daemon
