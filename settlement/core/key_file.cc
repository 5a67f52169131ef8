#include "settlement/core/key_file.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <cstdint>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/suite_pkey.h"

namespace causeway::core {
namespace {

using internal::OpenSslReason;
using internal::PkeyPtr;

// OWASP's equivalents of 2^17 x 1 within OpenSSL's default memory limit of 32 MiB.
constexpr std::uint64_t kScryptCost = 1U << 14;
constexpr std::uint64_t kScryptBlockSize = 8;
constexpr std::uint64_t kScryptParallel = 5;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(PKCS8_PRIV_KEY_INFO* info) const { PKCS8_PRIV_KEY_INFO_free(info); }
  void operator()(X509_SIG* encrypted) const { X509_SIG_free(encrypted); }
  void operator()(X509_ALGOR* algorithm) const { X509_ALGOR_free(algorithm); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// The first PEM block of a text. Its bytes are wiped on destruction: they may be a private key.
struct PemBlock {
  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock() {
    OPENSSL_free(label);
    OPENSSL_free(header);
    if (data != nullptr) OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }

  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
};

absl::Status ReadPem(std::string_view pem, PemBlock& block) {
  if (pem.size() > kKeyFileBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("key file has {} bytes; the most is {}", pem.size(), kKeyFileBytesMax));
  }
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr ||
      PEM_read_bio(bio.get(), &block.label, &block.header, &block.data, &block.size) != 1) {
    return absl::InvalidArgumentError("key file holds no PEM block: " + OpenSslReason());
  }
  return absl::OkStatus();
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

absl::StatusOr<Owned<X509_SIG>> Encrypt(PKCS8_PRIV_KEY_INFO* info, std::string_view passphrase) {
  Owned<X509_ALGOR> scheme(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr,
                                                 kScryptCost, kScryptBlockSize, kScryptParallel));
  if (scheme == nullptr) return absl::InternalError("cannot set up scrypt: " + OpenSslReason());
  Owned<X509_SIG> encrypted(
      PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()), info, scheme.get()));
  if (encrypted == nullptr) {
    return absl::InternalError("cannot encrypt the private key: " + OpenSslReason());
  }
  static_cast<void>(scheme.release());  // now part of `encrypted`
  return encrypted;
}

absl::StatusOr<PkeyPtr> Decrypt(const PemBlock& block, std::string_view passphrase) {
  const unsigned char* cursor = block.data;
  const Owned<X509_SIG> encrypted(d2i_X509_SIG(nullptr, &cursor, block.size));
  if (encrypted == nullptr) {
    return absl::InvalidArgumentError("encrypted key file is damaged: " + OpenSslReason());
  }
  const Owned<PKCS8_PRIV_KEY_INFO> info(
      PKCS8_decrypt(encrypted.get(), passphrase.data(), static_cast<int>(passphrase.size())));
  PkeyPtr pkey(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()));
  if (pkey == nullptr) {
    return absl::UnauthenticatedError(fmt::format(
        "wrong passphrase for the key file, or the file is damaged ({})", OpenSslReason()));
  }
  return pkey;
}

absl::StatusOr<PkeyPtr> ParsePlain(const PemBlock& block, std::string_view label) {
  const unsigned char* cursor = block.data;
  PkeyPtr pkey;
  if (label == PEM_STRING_ECPRIVATEKEY) {
    pkey.reset(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &cursor, block.size));
  } else {
    const Owned<PKCS8_PRIV_KEY_INFO> info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, block.size));
    if (info != nullptr) pkey.reset(EVP_PKCS82PKEY(info.get()));
  }
  if (pkey == nullptr) {
    return absl::InvalidArgumentError("private key in the key file is damaged: " + OpenSslReason());
  }
  return pkey;
}

// A file may carry a public part that is not the private part's; its signer would sign under an
// identity that no signature of it verifies for.
bool PartsMatch(const PkeyPtr& pkey) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr);
  const bool match = context != nullptr && EVP_PKEY_pairwise_check(context) == 1;
  EVP_PKEY_CTX_free(context);
  return match;
}

}  // namespace

absl::StatusOr<std::string> EncodePrivateKeyPem(const SoftwareSigner& signer,
                                                std::string_view passphrase) {
  if (passphrase.size() > kPassphraseBytesMax) {
    return absl::InvalidArgumentError(fmt::format("passphrase has {} bytes; the most is {}",
                                                  passphrase.size(), kPassphraseBytesMax));
  }
  const Owned<PKCS8_PRIV_KEY_INFO> info(EVP_PKEY2PKCS8(signer.pkey()));
  const Owned<BIO> bio(BIO_new(BIO_s_secmem()));
  if (info == nullptr || bio == nullptr) {
    return absl::InternalError("cannot encode the private key: " + OpenSslReason());
  }
  int written = 0;
  if (passphrase.empty()) {
    written = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio.get(), info.get());
  } else {
    const absl::StatusOr<Owned<X509_SIG>> encrypted = Encrypt(info.get(), passphrase);
    if (!encrypted.ok()) return encrypted.status();
    written = PEM_write_bio_PKCS8(bio.get(), encrypted->get());
  }
  if (written != 1) return absl::InternalError("cannot write the key as PEM: " + OpenSslReason());
  return Contents(bio.get());
}

absl::StatusOr<std::unique_ptr<SoftwareSigner>> DecodePrivateKeyPem(std::string_view pem,
                                                                    std::string_view passphrase) {
  if (passphrase.size() > kPassphraseBytesMax) {
    return absl::InvalidArgumentError(fmt::format("passphrase has {} bytes; the most is {}",
                                                  passphrase.size(), kPassphraseBytesMax));
  }
  PemBlock block;
  if (absl::Status read = ReadPem(pem, block); !read.ok()) return read;
  const std::string_view label = block.label;
  absl::StatusOr<PkeyPtr> pkey;
  if (label == PEM_STRING_PKCS8) {
    if (passphrase.empty()) {
      return absl::FailedPreconditionError("key file is encrypted; give its passphrase");
    }
    pkey = Decrypt(block, passphrase);
  } else if ((label == PEM_STRING_PKCS8INF || label == PEM_STRING_ECPRIVATEKEY) &&
             std::string_view(block.header).empty()) {
    if (!passphrase.empty()) {
      return absl::FailedPreconditionError("key file is not encrypted; give no passphrase");
    }
    pkey = ParsePlain(block, label);
  } else {
    return absl::InvalidArgumentError(
        fmt::format("key file holds a \"{}\"; it must be a PKCS#8 \"{}\" or \"{}\"", label,
                    PEM_STRING_PKCS8, PEM_STRING_PKCS8INF));
  }
  if (!pkey.ok()) return pkey.status();
  if (!PartsMatch(*pkey)) {
    return absl::InvalidArgumentError("public and private part in the key file do not match: " +
                                      OpenSslReason());
  }
  return SoftwareSigner::FromPkey(*std::move(pkey));
}

absl::StatusOr<std::string> EncodePublicKeyPem(const PublicKey& key) {
  absl::StatusOr<PkeyPtr> pkey = internal::PkeyOfPublicKey(key);
  if (!pkey.ok()) return pkey.status();
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), pkey->get()) != 1) {
    return absl::InternalError("cannot write the public key as PEM: " + OpenSslReason());
  }
  return Contents(bio.get());
}

absl::StatusOr<PublicKey> DecodePublicKeyPem(std::string_view pem) {
  PemBlock block;
  if (absl::Status read = ReadPem(pem, block); !read.ok()) return read;
  if (std::string_view(block.label) != PEM_STRING_PUBLIC) {
    return absl::InvalidArgumentError(
        fmt::format("file holds a \"{}\"; it must be a \"{}\"", block.label, PEM_STRING_PUBLIC));
  }
  const unsigned char* cursor = block.data;
  const PkeyPtr pkey(d2i_PUBKEY(nullptr, &cursor, block.size));
  if (pkey == nullptr || cursor != block.data + block.size) {
    return absl::InvalidArgumentError("public key is damaged: " + OpenSslReason());
  }
  absl::StatusOr<PublicKey> key = internal::PublicKeyOfPkey(pkey.get());
  if (!key.ok()) return key;
  // The same questions as to a key that arrives in a message.
  if (absl::StatusOr<PkeyPtr> checked = internal::PkeyOfPublicKey(*key); !checked.ok()) {
    return checked.status();
  }
  return key;
}

}  // namespace causeway::core
