#include "scenarios/live/certificate_authority.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>
#include <vector>

#include "fmt/format.h"
#include "settlement/core/key_file.h"
#include "settlement/rpc/peer.h"

namespace causeway::sim {
namespace {

constexpr int kClockSkewSeconds = 300;
constexpr long kX509Version3 = 2;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

struct Extension {
  int nid = 0;
  std::string value;  // as in OpenSSL's x509v3_config(5)
};

struct Request {
  std::string subject;
  std::string issuer;
  EVP_PKEY* subject_key = nullptr;
  EVP_PKEY* issuer_key = nullptr;
  std::int64_t serial = 0;
  std::vector<Extension> extensions;
};

bool SetName(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, const Extension& extension) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> made(
      X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
  return made != nullptr && X509_add_ext(certificate, made.get(), -1) == 1;
}

absl::StatusOr<std::string> MakeCertificate(const Request& request) {
  const auto failed = [&](std::string_view what) {
    return absl::InternalError(
        fmt::format("certificate of {}: OpenSSL cannot {}", request.subject, what));
  };
  const Owned<X509> certificate(X509_new());
  if (certificate == nullptr) return failed("make one");
  X509* x509 = certificate.get();
  if (X509_set_version(x509, kX509Version3) != 1 ||
      ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), request.serial) != 1 ||
      X509_gmtime_adj(X509_getm_notBefore(x509), -kClockSkewSeconds) == nullptr ||
      X509_gmtime_adj(X509_getm_notAfter(x509), kCertificateValiditySeconds) == nullptr ||
      X509_set_pubkey(x509, request.subject_key) != 1) {
    return failed("fill in number, validity and key");
  }
  if (!SetName(X509_get_subject_name(x509), request.subject) ||
      !SetName(X509_get_issuer_name(x509), request.issuer)) {
    return failed("take this name");
  }
  for (const Extension& extension : request.extensions) {
    if (!AddExtension(x509, extension)) {
      return failed(
          fmt::format("add the extension {} = {}", OBJ_nid2sn(extension.nid), extension.value));
    }
  }
  if (X509_sign(x509, request.issuer_key, EVP_sha256()) == 0) return failed("sign it");
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), x509) != 1) return failed("write it as PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string name,
                                           std::unique_ptr<core::SoftwareSigner> key)
    : name_(std::move(name)), key_(std::move(key)) {}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(std::string_view name) {
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> key =
      core::SoftwareSigner::Generate(core::SuiteId::kP256Sha256);
  if (!key.ok()) return key.status();
  CertificateAuthority authority(std::string(name), *std::move(key));
  authority.serial_ = 1;
  absl::StatusOr<std::string> certificate =
      MakeCertificate({.subject = authority.name_,
                       .issuer = authority.name_,
                       .subject_key = authority.key_->pkey(),
                       .issuer_key = authority.key_->pkey(),
                       .serial = authority.serial_,
                       .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                      {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                      {NID_subject_key_identifier, "hash"}}});
  if (!certificate.ok()) return certificate.status();
  authority.certificate_pem_ = *std::move(certificate);
  return authority;
}

absl::StatusOr<IssuedCertificate> CertificateAuthority::Issue(
    const core::ParticipantId& participant, bool on_loopback) {
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> key =
      core::SoftwareSigner::Generate(core::SuiteId::kP256Sha256);
  if (!key.ok()) return key.status();
  std::string names = fmt::format("URI:{}{}", rpc::kParticipantUriPrefix, participant.text());
  std::string usage = "clientAuth";
  if (on_loopback) {
    names += ",DNS:localhost,IP:127.0.0.1,IP:::1";
    usage += ",serverAuth";
  }
  serial_ += 1;
  absl::StatusOr<std::string> certificate =
      MakeCertificate({.subject = std::string(participant.text()),
                       .issuer = name_,
                       .subject_key = (*key)->pkey(),
                       .issuer_key = key_->pkey(),
                       .serial = serial_,
                       .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                      {NID_key_usage, "critical,digitalSignature"},
                                      {NID_ext_key_usage, usage},
                                      {NID_subject_alt_name, names}}});
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> private_key = core::EncodePrivateKeyPem(**key, "");
  if (!private_key.ok()) return private_key.status();
  return IssuedCertificate{*std::move(certificate), *std::move(private_key)};
}

}  // namespace causeway::sim
