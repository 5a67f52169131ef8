#include "scenarios/live/certificate_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace causeway::sim {
namespace {

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

Owned<BIO> Reading(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
Owned<X509> ReadCertificate(const std::string& pem) {
  return Owned<X509>(PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr));
}

class CertificateAuthorityTest : public ::testing::Test {
 protected:
  CertificateAuthorityTest() : authority_(*CertificateAuthority::Create("a test")) {}

  IssuedCertificate Issue(bool on_loopback) {
    return *authority_.Issue(*core::ParticipantId::Parse("BANK-A"), on_loopback);
  }
  // Whether a peer that trusts `authority` would accept the certificate for that purpose.
  static bool Accepts(const CertificateAuthority& authority, X509* certificate, int purpose) {
    const Owned<X509> root = ReadCertificate(authority.certificate_pem());
    const Owned<X509_STORE> store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root.get());
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
    X509_STORE_CTX_set_purpose(context.get(), purpose);
    return X509_verify_cert(context.get()) == 1;
  }

  CertificateAuthority authority_;
};

TEST_F(CertificateAuthorityTest, AClientsCertificateIsNoServersCertificate) {
  const Owned<X509> certificate = ReadCertificate(Issue(false).certificate_pem);
  EXPECT_TRUE(Accepts(authority_, certificate.get(), X509_PURPOSE_SSL_CLIENT));
  EXPECT_FALSE(Accepts(authority_, certificate.get(), X509_PURPOSE_SSL_SERVER));
}

TEST_F(CertificateAuthorityTest, AServersCertificateIsForLoopbackAndServesAsAClientsToo) {
  const Owned<X509> certificate = ReadCertificate(Issue(true).certificate_pem);
  EXPECT_TRUE(Accepts(authority_, certificate.get(), X509_PURPOSE_SSL_SERVER));
  EXPECT_TRUE(Accepts(authority_, certificate.get(), X509_PURPOSE_SSL_CLIENT));
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0), 0);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
}

TEST_F(CertificateAuthorityTest, TheCertificateNamesItsParticipant) {
  const Owned<X509> certificate = ReadCertificate(Issue(false).certificate_pem);
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  ASSERT_NE(names, nullptr);
  ASSERT_EQ(sk_GENERAL_NAME_num(names), 1);
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, 0);
  ASSERT_EQ(name->type, GEN_URI);
  const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                        static_cast<std::size_t>(ASN1_STRING_length(uri))),
            "causeway://participant/BANK-A");
  GENERAL_NAMES_free(names);
}

TEST_F(CertificateAuthorityTest, TheKeyIsThatOfTheCertificateAndEachHasItsOwn) {
  const IssuedCertificate first = Issue(false);
  const IssuedCertificate second = Issue(false);
  const Owned<X509> certificate = ReadCertificate(first.certificate_pem);
  const auto key = [](const IssuedCertificate& issued) {
    return Owned<EVP_PKEY>(
        PEM_read_bio_PrivateKey(Reading(issued.private_key_pem).get(), nullptr, nullptr, nullptr));
  };
  EXPECT_EQ(X509_check_private_key(certificate.get(), key(first).get()), 1);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key(second).get()), 0);
}

TEST_F(CertificateAuthorityTest, AnotherAuthorityOfThatNameDoesNotAcceptIt) {
  const CertificateAuthority other = *CertificateAuthority::Create("a test");
  const Owned<X509> certificate = ReadCertificate(Issue(false).certificate_pem);
  EXPECT_FALSE(Accepts(other, certificate.get(), X509_PURPOSE_SSL_CLIENT));
}

}  // namespace
}  // namespace causeway::sim
