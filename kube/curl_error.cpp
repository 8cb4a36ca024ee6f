#include "kube/curl_error.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "kube/problems.h"

namespace ferry::kube {
namespace {

// Of the last system call that failed; 0: none did.
long system_error(CURL* easy) {
  long number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  return number;
}

// The network's doing, in the middle of a handshake; not what another of the server's addresses
// answered before.
bool was_cut(CURL* easy) {
  const long number = system_error(easy);
  return number == ECONNRESET || number == EPIPE || number == ETIMEDOUT;
}

// The kernel's words for a connection that did not come about; libcurl's lack them.
std::string with_system_error(CURL* easy, std::string text) {
  const long number = system_error(easy);
  if (number == 0) return text;
  const std::string words = std::strerror(static_cast<int>(number));
  return text.find(words) == std::string::npos ? text + ": " + words : text;
}

std::string where(const ClusterConfig& config) {
  const std::string server = "the server " + to_string(config.server);
  return config.proxy ? server + " and the proxy " + to_string(*config.proxy) : server;
}

TransferFailure unreachable(const ClusterConfig& config, std::string why) {
  return {{problem::kApiUnreachable,
           {},
           std::move(why),
           "check that " + where(config) + " is right and can be reached from here"},
          true,
          true};
}

TransferFailure certificate_refused(const ClusterConfig& config, std::string why) {
  std::string fix =
      "check the cluster entry of the kubeconfig: certificate-authority must be the "
      "authority of this server, and the server's URL (or tls-server-name) a name in "
      "its certificate";
  if (why.find("expired") != std::string::npos) {
    fix = "renew the server's certificate, and check this machine's clock";
  }
  return {{problem::kApiCertificateRefused,
           {},
           to_string(config.server) + ": " + std::move(why),
           std::move(fix)},
          false,
          true};
}

TransferFailure refused_by_proxy(const ClusterConfig& config, long status) {
  const std::string proxy = config.proxy ? to_string(*config.proxy) : "the proxy";
  return {{status == 407 ? problem::kProxyWantsPassword : problem::kProxyRefuses,
           {},
           proxy + " answered " + std::to_string(status) + " to CONNECT",
           status == 407 ? "give the proxy's user name and password in its URL"
                         : "check whether this proxy lets connections to " +
                               to_string(config.server) + " through"},
          status >= 500,
          true};
}

TransferFailure cut(const ClusterConfig& config, std::string why) {
  return {{problem::kConnectionLost,
           {},
           std::move(why),
           "check the network and what stands between here and " + to_string(config.server)},
          true,
          false};
}

TransferFailure timed_out(const ClusterConfig& config, CURL* easy, std::string why) {
  curl_off_t connected = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
  return {{problem::kApiTimedOut,
           {},
           std::move(why),
           "check that " + where(config) + " can be reached from here (VPN, firewall)"},
          true,
          connected == 0};
}

}  // namespace

TransferFailure failure_of(const ClusterConfig& config, CURL* easy, CURLcode code,
                           const std::string& detail) {
  const std::string why = detail.empty() ? curl_easy_strerror(code) : detail;
  long connect_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  if (connect_status >= 300) return refused_by_proxy(config, connect_status);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return unreachable(config, why);
    case CURLE_COULDNT_CONNECT: return unreachable(config, with_system_error(easy, why));
    case CURLE_PROXY: {
      auto failure = unreachable(config, why);
      failure.worth_retrying = false;
      return failure;
    }
    case CURLE_OPERATION_TIMEDOUT: return timed_out(config, easy, why);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return certificate_refused(config, why);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      if (was_cut(easy)) return unreachable(config, with_system_error(easy, why));
      return {{problem::kTlsFailed,
               {},
               why,
               "check that " + to_string(config.server) +
                   " speaks TLS, and the client certificate in the kubeconfig"},
              false,
              true};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: return cut(config, with_system_error(easy, why));
    default:
      return {{problem::kAnswerMalformed,
               {},
               why,
               "check the server's URL " + to_string(config.server)},
              false,
              false};
  }
}

}  // namespace ferry::kube
