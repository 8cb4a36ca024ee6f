#include "kube/credentials.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "kube/certificate.h"
#include "kube/exec_plugin.h"
#include "kube/problems.h"
#include "kube/resource.h"
#include "kube/text.h"
#include "net/certificate.h"

namespace ferry::kube {
namespace {

constexpr std::int64_t kRefreshEarly = 60;         // seconds before it expires
constexpr std::int64_t kReadFilesAgainAfter = 60;  // seconds; as client-go does for tokenFile

std::int64_t seconds_since_1970(net::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool uses_plugin(const UserConfig& user) {
  return user.exec && user.token.empty() && user.token_file.empty() && user.username.empty();
}

bool uses_files(const UserConfig& user) {
  return !user.token_file.empty() ||
         (user.client_certificate.data.empty() && !user.client_certificate.file.empty());
}

Result<std::string> read_pem(const PemSource& source) {
  if (!source.data.empty() || source.file.empty()) return source.data;
  return read_file(source.file);
}

Result<std::string> read_token(const UserConfig& user) {
  if (user.token_file.empty()) return user.token;
  auto text = read_file(user.token_file);
  if (!text) return text;
  if (trim(*text).empty()) {
    return fail(problem::kTokenFileEmpty, "reading " + user.token_file, "the file is empty",
                "have a token written to it, or correct tokenFile");
  }
  return std::string(trim(*text));
}

Status set_authorization(const ClusterConfig& config, const std::string& token,
                         Credential& credential) {
  const UserConfig& user = config.user;
  if (!token.empty()) {
    credential.authorization = "Bearer " + token;
  } else if (!user.username.empty()) {
    credential.authorization = "Basic " + base64_encode(user.username + ":" + user.password);
  }
  if (fits_header(credential.authorization)) return {};
  return fail(problem::kUserEntryInvalid, "using the token of user '" + config.user_name + "'",
              "it holds a line break or another control character", "correct the token");
}

Status set_impersonation(const ClusterConfig& config, Credential& credential) {
  const Impersonation& as = config.user.impersonation;
  auto& headers = credential.headers;
  if (as.user.empty()) return {};
  headers.emplace_back("Impersonate-User", as.user);
  if (!as.uid.empty()) headers.emplace_back("Impersonate-Uid", as.uid);
  for (const auto& group : as.groups) headers.emplace_back("Impersonate-Group", group);
  for (const auto& [key, values] : as.extra) {
    const std::string name = "Impersonate-Extra-" + percent_encode(to_lower(key));
    for (const auto& value : values) headers.emplace_back(name, value);
  }
  for (const auto& [name, value] : headers) {
    if (fits_header(value)) continue;
    return fail(problem::kUserEntryInvalid, "impersonating for user '" + config.user_name + "'",
                name + " holds a control character", "correct the user entry");
  }
  return {};
}

// The moment until which the client certificate may be used.
Result<std::int64_t> check_certificate(const ClusterConfig& config, const Credential& credential,
                                       std::int64_t now) {
  const PemSource& source = config.user.client_certificate;
  const bool from_file = source.data.empty() && !source.file.empty();
  const std::string what = "using the client certificate of user '" + config.user_name + "'" +
                           (from_file ? " (" + source.file + ")" : "");
  const std::string fix = "correct the user entry of the kubeconfig";
  const auto fits = check_key(credential.certificate_pem, credential.key_pem);
  if (!fits) return fail(Error{fits.error(), what, fits.error().why, fix});
  const auto not_after = net::expiry_of(credential.certificate_pem);
  if (!not_after) return fail(Error{not_after.error(), what, not_after.error().why, fix});
  const std::int64_t expiry = seconds_since_1970(*not_after);
  if (expiry < now) {
    return fail(problem::kCredentialExpired, what, "it expired on " + format_time(expiry),
                "get a new one from whoever issued it, and put it into the kubeconfig");
  }
  return expiry;
}

Status set_tls(const ClusterConfig& config, Credential& credential) {
  const bool proxy_tls = config.proxy && config.proxy->kind == ProxyUrl::Kind::kHttps;
  if (!config.server.tls && !proxy_tls) return {};
  net::TlsClientOptions options;
  options.trusted_pem = config.ca_pem;
  options.insecure = config.insecure_skip_tls_verify;
  options.alpn = {"http/1.1"};  // WebSockets aren't served over HTTP/2
  if (!credential.certificate_pem.empty()) {
    options.identity = net::Identity{credential.certificate_pem, credential.key_pem};
  }
  auto context = net::TlsContext::client(options);
  if (!context) {
    return fail(Error{context.error(), "preparing TLS for " + to_string(config.server),
                      context.error().summary(),
                      "check the cluster and user entries of the kubeconfig"});
  }
  credential.tls = std::move(*context);
  return {};
}

Status read_user(const UserConfig& user, std::string& token, Credential& credential) {
  auto token_text = read_token(user);
  if (!token_text) return fail(token_text.error());
  auto certificate = read_pem(user.client_certificate);
  if (!certificate) return fail(certificate.error());
  auto key = read_pem(user.client_key);
  if (!key) return fail(key.error());
  token = std::move(*token_text);
  credential.certificate_pem = std::move(*certificate);
  if (!credential.certificate_pem.empty()) credential.key_pem = std::move(*key);
  return {};
}

}  // namespace

struct Credentials::Refreshed {
  Credential credential;
  std::int64_t expires_at = 0;
};

Credentials::Credentials(ClusterConfig config, CredentialsOptions options)
    : config_(std::move(config)), options_(std::move(options)) {}

std::int64_t Credentials::wall_now() const {
  if (options_.wall_clock) return options_.wall_clock();
  return seconds_since_1970(std::chrono::system_clock::now());
}

bool Credentials::fresh_locked() const {
  if (!credential_ || stale_) return false;
  const std::int64_t now = wall_now();
  // In the last quarter of what was left when it was read, if that is the same one again.
  const std::int64_t early =
      std::clamp((expires_at_ - read_at_) / 4, std::int64_t{0}, kRefreshEarly);
  if (expires_at_ != 0 && now >= expires_at_ - early) return false;
  if (!uses_files(config_.user)) return true;
  // A clock that was set back must not keep an old file's content for ever.
  return now >= read_at_ && now - read_at_ < kReadFilesAgainAfter;
}

std::optional<std::chrono::seconds> Credentials::expires_in() const {
  const std::lock_guard lock(mutex_);
  if (!credential_ || expires_at_ == 0) return std::nullopt;
  return std::chrono::seconds(expires_at_ - wall_now());
}

Result<Credentials::Refreshed> Credentials::refresh(std::int64_t now,
                                                    const CancelToken& cancel) const {
  Refreshed out;
  std::string token;
  if (auto status = read_user(config_.user, token, out.credential); !status) {
    return fail(status.error());
  }
  if (uses_plugin(config_.user)) {
    auto answer = run_plugin(config_, options_, cancel);
    if (!answer) return fail(answer.error());
    token = trim(answer->token);
    out.expires_at = answer->expires_at;
    if (!answer->certificate_pem.empty()) {
      out.credential.certificate_pem = std::move(answer->certificate_pem);
      out.credential.key_pem = std::move(answer->key_pem);
    }
  }
  if (auto status = set_authorization(config_, token, out.credential); !status) {
    return fail(status.error());
  }
  if (auto status = set_impersonation(config_, out.credential); !status) {
    return fail(status.error());
  }
  if (!out.credential.certificate_pem.empty()) {
    const auto until = check_certificate(config_, out.credential, now);
    if (!until) return fail(until.error());
    if (out.expires_at == 0 || *until < out.expires_at) out.expires_at = *until;
  }
  if (auto status = set_tls(config_, out.credential); !status) return fail(status.error());
  return out;
}

Result<Credential> Credentials::settle_locked(Result<Refreshed> outcome, std::int64_t now) {
  refreshing_ = false;
  ++attempts_;
  settled_.notify_all();
  if (!outcome) {
    failure_ = outcome.error();
    // A file that is being replaced is missing for a moment: what it held goes on until a 401.
    const bool usable = credential_ && !stale_ && (expires_at_ == 0 || now < expires_at_);
    if (!usable) return fail(failure_);
    spdlog::warn("credentials of user '{}': {}", config_.user_name, failure_.summary());
    read_at_ = now;
    return *credential_;
  }
  credential_ = std::move(outcome->credential);
  credential_->generation = attempts_;
  expires_at_ = outcome->expires_at;
  read_at_ = now;
  stale_ = false;
  return *credential_;
}

Result<Credential> Credentials::get(const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  const std::uint64_t seen = attempts_;
  while (refreshing_ && !fresh_locked()) {
    // The condition can't be woken by the token, hence the short sleeps.
    settled_.wait_for(lock, std::chrono::milliseconds(20));
    if (cancel.cancelled()) return fail(cancelled_error("waiting for credentials"));
  }
  if (fresh_locked()) return *credential_;
  if (attempts_ != seen && failure_.code != ErrorCode::kCancelled) return fail(failure_);

  refreshing_ = true;
  const std::int64_t now = wall_now();
  lock.unlock();
  auto outcome = refresh(now, cancel);
  lock.lock();
  return settle_locked(std::move(outcome), now);
}

std::optional<Credential> Credentials::cached() const {
  const std::lock_guard lock(mutex_);
  return fresh_locked() ? credential_ : std::nullopt;
}

bool Credentials::reject(const Credential& credential) {
  if (!uses_plugin(config_.user) && !uses_files(config_.user)) return false;
  const std::lock_guard lock(mutex_);
  if (credential_ && credential_->generation == credential.generation) stale_ = true;
  return true;
}

}  // namespace ferry::kube
