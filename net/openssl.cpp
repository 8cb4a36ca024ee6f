#include "net/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/problems.h"

namespace ferry::net {
namespace {

BioPtr bio_over(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

std::string take_openssl_words(std::string_view otherwise) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* const reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  return reason != nullptr ? reason : std::string(otherwise);
}

Result<std::vector<CertificatePtr>> read_certificates(std::string_view pem,
                                                      const std::string& what) {
  ERR_clear_error();
  const BioPtr bio = bio_over(pem);
  std::vector<CertificatePtr> certificates;
  while (auto* const one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(one);
  }
  // The end of the text shows as "no start line"; anything else is a certificate that is broken.
  const auto error = ERR_peek_last_error();
  const bool at_end = ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (certificates.empty() || !at_end) {
    return fail(problem::kCertificateUnreadable, what, take_openssl_words("no certificate"),
                "a certificate is expected as PEM text (-----BEGIN CERTIFICATE-----)");
  }
  ERR_clear_error();
  return certificates;
}

Result<KeyPtr> read_key(std::string_view pem, const std::string& what) {
  ERR_clear_error();
  const BioPtr bio = bio_over(pem);
  // An empty passphrase, so that an encrypted key fails instead of asking at a terminal.
  char no_passphrase[] = "";
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase));
  if (!key) {
    return fail(problem::kKeyUnreadable, what, take_openssl_words("no private key"),
                "a private key is expected as unencrypted PEM text");
  }
  return key;
}

}  // namespace ferry::net
