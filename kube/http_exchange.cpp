#include "kube/http_exchange.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "kube/curl_error.h"
#include "kube/curl_transfer.h"
#include "kube/problems.h"

namespace ferry::kube {
namespace {

constexpr std::size_t kMaxBody = std::size_t{64} * 1024 * 1024;

// Where the body of an answer goes.
struct Receiver {
  CURL* easy;
  const HttpExchange::OnData& on_data;
  std::string body{};
  bool ended_by_us = false;
  bool too_large = false;

  // What libcurl takes for "all of it" or, with 0, for "stop".
  std::size_t take(std::string_view data) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (on_data && status >= 200 && status < 300) {
      ended_by_us = !on_data(data);
      return ended_by_us ? 0 : data.size();
    }
    too_large = body.size() + data.size() > kMaxBody;
    if (too_large) return 0;
    body.append(data);
    return data.size();
  }
};

std::size_t on_write(char* data, std::size_t size, std::size_t count, void* receiver) {
  return static_cast<Receiver*>(receiver)->take({data, size * count});
}

curl_blob blob_of(const std::string& text) {
  // With CURL_BLOB_NOCOPY libcurl only reads; its type has no const.
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

std::string authority(const std::string& host, std::uint16_t port) {
  return url_host(host) + ":" + std::to_string(port);
}

// libcurl takes the name for SNI and verification from the URL. So with tls-server-name the URL
// gets that name, CONNECT_TO leads the connection to the real host, and the header Host names it.
void set_url(CURL* easy, const ClusterConfig& config, const HttpRequest& request,
             CurlList& connect_to, CurlList& headers) {
  const auto& [host, port] = config.server.address;
  const bool renamed = config.server.tls && !config.tls_server_name.empty();
  const std::string& name = renamed ? config.tls_server_name : host;
  const std::string url = (config.server.tls ? "https://" : "http://") + authority(name, port) +
                          config.server.path_prefix + request.target;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  if (!renamed) return;
  connect_to.add(authority(name, port) + ":" + authority(host, port));
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
  headers.add("Host: " + authority(host, port));
}

void set_proxy(CURL* easy, const ClusterConfig& config) {
  if (!config.proxy) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // not what the process's environment says
    return;
  }
  const ProxyUrl& proxy = *config.proxy;
  std::string url = to_string(proxy);
  // libcurl's name for SOCKS5 where the proxy resolves the server's name, as Go does it.
  if (proxy.kind == ProxyUrl::Kind::kSocks5) url.insert(url.find(':'), "h");
  curl_easy_setopt(easy, CURLOPT_PROXY, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (proxy.username.empty()) return;
  curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, proxy.username.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, proxy.password.c_str());
}

void set_tls(CURL* easy, const ClusterConfig& config, const Credential& credential) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (config.insecure_skip_tls_verify) {
    // For an https proxy as well: kubectl uses one TLS configuration for both.
    for (const auto option : {CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST,
                              CURLOPT_PROXY_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYHOST}) {
      curl_easy_setopt(easy, option, 0L);
    }
  }
  if (!config.ca_pem.empty()) {
    curl_blob authorities = blob_of(config.ca_pem);
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &authorities);
    // Else the system's authorities would count beside the cluster's own. For an https proxy both
    // may do.
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &authorities);
  }
  if (credential.certificate_pem.empty()) return;
  curl_blob certificate = blob_of(credential.certificate_pem);
  curl_blob key = blob_of(credential.key_pem);
  curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
  curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
}

void set_message(CURL* easy, const Credential& credential, const HttpRequest& request,
                 CurlList& headers) {
  for (const auto& header : request.headers) headers.add(header);
  for (const auto& [name, value] : credential.headers) {
    headers.add(std::string(name).append(": ").append(value));
  }
  if (!credential.authorization.empty()) {
    headers.add("Authorization: " + credential.authorization);
  }
  headers.add("Expect:");  // no "100-continue": it costs a round trip
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, long{CURLHEADER_SEPARATE});  // none of it to a proxy
  if (request.method == "GET") return;
  if (request.has_body || request.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_habits(CURL* easy, const HttpRequest& request, CurlErrorBuffer& error_buffer) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_buffer.data());
  // One exchange at a time: HTTP/2 has nothing to add.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // large lists come compressed
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, curl_milliseconds(request.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, curl_milliseconds(request.timeout));
  // A watch on a link that died silently must not wait for events for ever.
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
  // Cancelling must not wait for the resolver's thread.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

HttpAnswer answer_of(CURL* easy, std::string body) {
  HttpAnswer answer;
  answer.body = std::move(body);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  answer.retry_after = std::chrono::seconds(seconds);
  curl_header* date = nullptr;
  if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
    answer.date = std::max<std::int64_t>(0, curl_getdate(date->value, nullptr));
  }
  return answer;
}

}  // namespace

HttpExchange::HttpExchange() : handles_(std::make_unique<CurlHandles>()) {}

HttpExchange::~HttpExchange() = default;

tl::expected<HttpAnswer, TransferFailure> HttpExchange::perform(const ClusterConfig& config,
                                                                const Credential& credential,
                                                                const HttpRequest& request,
                                                                const OnData& on_data,
                                                                const CancelToken& cancel) {
  CURL* easy = handles_->easy();
  CurlList headers;
  CurlList connect_to;
  CurlErrorBuffer error_buffer{};
  Receiver receiver{easy, on_data};
  curl_easy_reset(easy);
  set_url(easy, config, request, connect_to, headers);
  set_proxy(easy, config);
  set_tls(easy, config, credential);
  set_message(easy, credential, request, headers);
  set_habits(easy, request, error_buffer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receiver);

  const auto code = handles_->run(cancel);
  if (!code) return tl::unexpected(TransferFailure{cancelled_error({})});
  if (receiver.too_large) {
    return tl::unexpected(
        TransferFailure{{problem::kAnswerTooLarge, {}, "the answer is larger than 64 MiB", {}}});
  }
  if (*code == CURLE_OK || receiver.ended_by_us) return answer_of(easy, std::move(receiver.body));
  return tl::unexpected(failure_of(config, easy, *code, error_buffer.data()));
}

}  // namespace ferry::kube
