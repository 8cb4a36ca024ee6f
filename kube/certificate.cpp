#include "kube/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>

#include "kube/problems.h"

namespace ferry::kube {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::unique_ptr<BIO, Free> reader_of(const std::string& pem) {
  return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Result<std::unique_ptr<X509, Free>> parse_certificate(const std::string& pem) {
  const auto reader = reader_of(pem);
  std::unique_ptr<X509, Free> certificate(
      PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate) {
    return fail(problem::kCertificateInvalid, "", "it holds no certificate in PEM form");
  }
  return certificate;
}

// Instead of OpenSSL's own callback, which would ask on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string formatted(std::int64_t seconds, const char* format) {
  const auto value = static_cast<std::time_t>(seconds);
  std::tm time{};
  gmtime_r(&value, &time);
  std::array<char, 64> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), format, &time);
  return {text.data(), n};
}

}  // namespace

Status check_key(const std::string& certificate_pem, const std::string& key_pem) {
  const auto certificate = parse_certificate(certificate_pem);
  if (!certificate) return fail(certificate.error());
  const auto reader = reader_of(key_pem);
  bool asked = false;
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, &asked));
  const bool fits = key && X509_check_private_key(certificate->get(), key.get()) == 1;
  ERR_clear_error();
  if (asked) return fail(problem::kClientKeyEncrypted, "", "the client key is encrypted");
  if (!key)
    return fail(problem::kCertificateInvalid, "",
                "the client key is not a private key in PEM form");
  if (!fits)
    return fail(problem::kCertificateInvalid, "", "the client key is another certificate's");
  return {};
}

Result<std::int64_t> parse_time(const std::string& text) {
  const auto bad = [&] {
    return fail(problem::kValueMalformed, "", "'" + text + "' is not a time");
  };
  std::tm time{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return bad();
  if (*rest == '.') {
    do ++rest;
    while (*rest >= '0' && *rest <= '9');
  }
  std::tm offset{};
  std::int64_t shift = 0;
  if (*rest == '+' || *rest == '-') {
    const bool east = *rest == '+';
    rest = strptime(rest + 1, "%H:%M", &offset);
    if (rest == nullptr) return bad();
    shift =
        (std::int64_t{offset.tm_hour} * 3600 + std::int64_t{offset.tm_min} * 60) * (east ? -1 : 1);
  } else if (*rest == 'Z' || *rest == 'z') {
    ++rest;
  } else {
    return bad();
  }
  if (*rest != '\0') return bad();
  return static_cast<std::int64_t>(timegm(&time)) + shift;
}

std::string rfc3339_time(std::int64_t seconds) { return formatted(seconds, "%Y-%m-%dT%H:%M:%SZ"); }

std::string format_time(std::int64_t seconds) {
  return formatted(seconds, "%Y-%m-%d %H:%M:%S UTC");
}

}  // namespace ferry::kube
