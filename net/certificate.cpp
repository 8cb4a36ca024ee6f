#include "net/certificate.h"

#include <openssl/pem.h>

#include <ctime>
#include <utility>

#include "net/hmac.h"
#include "net/openssl.h"
#include "net/problems.h"
#include "net/socket_address.h"

namespace ferry::net {
namespace {

constexpr long kVersion3 = 2;  // X.509 counts from 0

tl::unexpected<Error> cannot_make(const CertificateSpec& spec, const Problem& problem,
                                  std::string why) {
  return fail(problem, "making a certificate for '" + spec.common_name + "'", std::move(why));
}

std::string pem_of(const auto& write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

bool set_serial(X509* certificate) {
  std::array<std::uint8_t, 16> serial = {};
  fill_random(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7FU) | 0x40U);  // positive, full length
  const OpensslPtr<BIGNUM, &BN_free> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, const CertificateSpec& spec) {
  const auto begin = std::chrono::system_clock::to_time_t(spec.not_before);
  const auto end = std::chrono::system_clock::to_time_t(spec.not_after);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr;
}

bool set_subject(X509* certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context = {};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const OpensslPtr<X509_EXTENSION, &X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// The names in the form of OpenSSL's configuration; empty if one of them is none.
std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    if (name.empty() || name.find_first_of(",\n\r ") != std::string::npos) return {};
    const bool is_address = SocketAddress::from_literal(name, 0).has_value();
    if (!list.empty()) list += ',';
    list += is_address ? "IP:" : "DNS:";
    list += name;
  }
  return list;
}

bool add_leaf_extensions(X509* certificate, X509* issuer, const CertificateSpec& spec) {
  const bool server = spec.use == CertificateUse::kServer;
  return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, issuer, NID_ext_key_usage,
                       server ? "serverAuth" : "clientAuth") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
         (spec.names.empty() ||
          add_extension(certificate, issuer, NID_subject_alt_name, alternative_names(spec.names)));
}

bool add_authority_extensions(X509* certificate) {
  return add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") &&
         add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
}

Status check(const CertificateSpec& spec) {
  if (spec.common_name.empty() || spec.common_name.size() > 64) {
    return cannot_make(spec, problem::kCertificateImpossible,
                       "a common name has 1 to 64 characters");
  }
  if (spec.not_after <= spec.not_before) {
    return cannot_make(spec, problem::kCertificateImpossible, "it would end before it begins");
  }
  if (!spec.names.empty() && alternative_names(spec.names).empty()) {
    return cannot_make(spec, problem::kCertificateImpossible,
                       "one of its names is neither a name nor an address");
  }
  return {};
}

// `issuer` null: signs itself, as an authority.
Result<Identity> make(const CertificateSpec& spec, X509* issuer, EVP_PKEY* issuer_key) {
  if (auto ok = check(spec); !ok) return fail(ok.error());
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  X509* const x509 = certificate.get();
  const bool is_authority = issuer == nullptr;
  const bool built =
      key && x509 != nullptr && X509_set_version(x509, kVersion3) == 1 && set_serial(x509) &&
      set_validity(x509, spec) && set_subject(x509, spec.common_name) &&
      X509_set_issuer_name(x509, X509_get_subject_name(is_authority ? x509 : issuer)) == 1 &&
      X509_set_pubkey(x509, key.get()) == 1 &&
      (is_authority ? add_authority_extensions(x509) : add_leaf_extensions(x509, issuer, spec)) &&
      X509_sign(x509, is_authority ? key.get() : issuer_key, EVP_sha256()) > 0;
  if (!built) return cannot_make(spec, problem::kTlsLibrary, take_openssl_words("no reason given"));
  return Identity{
      pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); }), pem_of([&](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
      })};
}

}  // namespace

Result<Identity> make_authority(const CertificateSpec& spec) {
  return make(spec, nullptr, nullptr);
}

Result<Identity> make_certificate(const CertificateSpec& spec, const Identity& authority) {
  const auto issuer = read_certificates(authority.certificate_pem, "reading the authority");
  if (!issuer) return fail(issuer.error());
  const auto key = read_key(authority.key_pem, "reading the authority's key");
  if (!key) return fail(key.error());
  return make(spec, issuer->front().get(), key->get());
}

Result<WallTime> expiry_of(std::string_view certificate_pem) {
  const std::string what = "reading when a certificate ends";
  const auto certificates = read_certificates(certificate_pem, what);
  if (!certificates) return fail(certificates.error());
  std::tm broken_down = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificates->front().get()), &broken_down) != 1) {
    return fail(problem::kCertificateUnreadable, what, take_openssl_words("not a time"));
  }
  return std::chrono::system_clock::from_time_t(timegm(&broken_down));
}

}  // namespace ferry::net
