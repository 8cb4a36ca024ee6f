#include "net/tls_error.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <array>
#include <utility>

#include "net/problems.h"
#include "net/socket_address.h"

namespace ferry::net {
namespace {

std::string text_of_address(const ASN1_OCTET_STRING* octets) {
  const auto* const data = ASN1_STRING_get0_data(octets);
  sockaddr_storage storage = {};
  auto* const native = reinterpret_cast<sockaddr*>(&storage);
  if (ASN1_STRING_length(octets) == 4) {
    native->sa_family = AF_INET;
    std::copy_n(
        data, 4,
        reinterpret_cast<unsigned char*>(&reinterpret_cast<sockaddr_in*>(native)->sin_addr));
  } else if (ASN1_STRING_length(octets) == 16) {
    native->sa_family = AF_INET6;
    std::copy_n(
        data, 16,
        reinterpret_cast<unsigned char*>(&reinterpret_cast<sockaddr_in6*>(native)->sin6_addr));
  }
  const auto address = SocketAddress::from_native(native);
  return address ? address->host_port().host : std::string();
}

// "kubernetes, kubernetes.default, 10.96.0.1", at most a handful.
std::string names_in(const X509* certificate) {
  constexpr int kAtMost = 8;
  const OpensslPtr<GENERAL_NAMES, &GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string list;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && i < kAtMost; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (name->type == GEN_DNS) {
      const auto* const data = ASN1_STRING_get0_data(name->d.dNSName);
      text.assign(data, data + ASN1_STRING_length(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      text = text_of_address(name->d.iPAddress);
    }
    if (!text.empty()) list += (list.empty() ? "" : ", ") + text;
  }
  if (count > kAtMost) list += ", ...";
  return list.empty() ? "no name at all" : list;
}

Error verification_error(const SSL* ssl, std::string what, const std::string& shown_names) {
  const long verdict = SSL_get_verify_result(ssl);
  Error error{problem::kPeerCertificateRefused,
              std::move(what),
              X509_verify_cert_error_string(verdict),
              {}};
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      error.fix = "have the other side's certificate renewed, and check this machine's clock";
      break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      error.why += ": the certificate is for " + shown_names;
      error.fix = "use one of the certificate's names as the server's name";
      break;
    default: error.fix = "trust the authority that issued the other side's certificate"; break;
  }
  return error;
}

// Alerts that are about a certificate of ours (RFC 8446, section 6.2).
bool is_about_our_certificate(int alert) {
  switch (alert) {
    case SSL3_AD_NO_CERTIFICATE:
    case SSL3_AD_BAD_CERTIFICATE:
    case SSL3_AD_UNSUPPORTED_CERTIFICATE:
    case SSL3_AD_CERTIFICATE_REVOKED:
    case SSL3_AD_CERTIFICATE_EXPIRED:
    case SSL3_AD_CERTIFICATE_UNKNOWN:
    case TLS1_AD_UNKNOWN_CA:
    case TLS1_AD_ACCESS_DENIED:
    case TLS13_AD_CERTIFICATE_REQUIRED: return true;
    default: return false;
  }
}

}  // namespace

int remember_names(int verdict, X509_STORE_CTX* check) {
  const void* const ssl = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
  auto* const names = static_cast<std::string*>(SSL_get_ex_data(static_cast<const SSL*>(ssl), 0));
  const X509* const shown = X509_STORE_CTX_get0_cert(check);
  if (verdict == 0 && names != nullptr && shown != nullptr) *names = names_in(shown);
  return verdict;
}

Error tls_error(const SSL* ssl, const std::string& peer, const std::string& shown_names) {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  const std::string what = "TLS with " + peer;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return verification_error(ssl, what, shown_names);
  std::string words = take_openssl_words("the connection broke the protocol");
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return Error{problem::kNoPeerCertificate, what, std::move(words), {}};
  }
  if (reason >= SSL_AD_REASON_OFFSET && is_about_our_certificate(reason - SSL_AD_REASON_OFFSET)) {
    return Error{problem::kOwnCertificateRefused, what,
                 "the other side does not accept this side's certificate: " + words,
                 "check that both sides belong to the same installation and that the certificate "
                 "has not expired"};
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
    return Error{problem::kNotTls, what, std::move(words), "check that TLS is spoken there"};
  }
  return Error{problem::kTlsBroken, what, std::move(words), {}};
}

}  // namespace ferry::net
