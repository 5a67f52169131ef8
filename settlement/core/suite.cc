#include "settlement/core/suite.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/suite_pkey.h"

namespace causeway::core {
namespace {

struct NamedSuite {
  SuiteId id;
  std::string_view name;
};

constexpr std::array<NamedSuite, 4> kSuites = {{
    {SuiteId::kEd25519Sha256, "ed25519-sha256"},
    {SuiteId::kP256Sha256, "p256-sha256"},
    {SuiteId::kSm2Sm3, "sm2-sm3"},
    {SuiteId::kModelled, "modelled"},
}};

struct DigestContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, DigestContextDeleter>;

// Ed25519 hashes by itself and takes no digest name; ECDSA is told SHA-256.
const char* DigestName(SuiteId suite) { return suite == SuiteId::kP256Sha256 ? "SHA256" : nullptr; }

}  // namespace

namespace internal {

void PkeyDeleter::operator()(evp_pkey_st* pkey) const { EVP_PKEY_free(pkey); }

std::string OpenSslReason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given by OpenSSL";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

absl::Status SuiteNotBuiltIn(SuiteId suite) {
  if (SuiteFromNumber(static_cast<std::uint8_t>(suite)).has_value()) {
    return absl::UnimplementedError(
        fmt::format("suite {} is reserved but not built in; use ed25519-sha256 or p256-sha256",
                    SuiteName(suite)));
  }
  return absl::InvalidArgumentError(
      fmt::format("suite number {} is unknown", static_cast<int>(suite)));
}

absl::StatusOr<PublicKey> PublicKeyOfPkey(evp_pkey_st* pkey) {
  PublicKey key;
  absl::StatusOr<std::string> bytes;
  if (EVP_PKEY_is_a(pkey, "ED25519") == 1) {
    key.suite = SuiteId::kEd25519Sha256;
    bytes = Ed25519PublicBytes(pkey);
  } else if (EVP_PKEY_is_a(pkey, "EC") == 1) {
    key.suite = SuiteId::kP256Sha256;
    bytes = P256PublicBytes(pkey);
  } else {
    return absl::InvalidArgumentError("the key is neither Ed25519 nor EC on prime256v1");
  }
  if (!bytes.ok()) return bytes.status();
  key.bytes = *std::move(bytes);
  return key;
}

absl::StatusOr<PkeyPtr> PkeyOfPublicKey(const PublicKey& key) {
  switch (key.suite) {
    case SuiteId::kEd25519Sha256:
      return Ed25519Parse(key.bytes);
    case SuiteId::kP256Sha256:
      return P256Parse(key.bytes);
    case SuiteId::kSm2Sm3:
    case SuiteId::kModelled:
      break;
  }
  return SuiteNotBuiltIn(key.suite);
}

}  // namespace internal

std::string_view SuiteName(SuiteId suite) {
  for (const NamedSuite& known : kSuites) {
    if (known.id == suite) return known.name;
  }
  return "unknown";
}

std::optional<SuiteId> ParseSuiteName(std::string_view name) {
  for (const NamedSuite& known : kSuites) {
    if (known.name == name) return known.id;
  }
  return std::nullopt;
}

std::optional<SuiteId> SuiteFromNumber(std::uint8_t number) {
  for (const NamedSuite& known : kSuites) {
    if (static_cast<std::uint8_t>(known.id) == number) return known.id;
  }
  return std::nullopt;
}

KeyId KeyIdOf(const PublicKey& key) {
  std::string bytes(1, static_cast<char>(key.suite));
  bytes += key.bytes;
  return Sha256(bytes);
}

Verifier::Verifier(PublicKey key, internal::PkeyPtr pkey)
    : public_key_(std::move(key)), key_id_(KeyIdOf(public_key_)), pkey_(std::move(pkey)) {}

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Create(const PublicKey& key) {
  absl::StatusOr<internal::PkeyPtr> pkey = internal::PkeyOfPublicKey(key);
  if (!pkey.ok()) return pkey.status();
  return std::unique_ptr<Verifier>(new Verifier(key, *std::move(pkey)));
}

bool Verifier::Verify(std::string_view message, std::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  CW_CHECK(context != nullptr, "no memory for a verification context");
  CW_CHECK(EVP_DigestVerifyInit_ex(context.get(), nullptr, DigestName(public_key_.suite), nullptr,
                                   nullptr, pkey_.get(), nullptr) == 1,
           "libcrypto cannot verify with a key that it parsed");
  const int result = EVP_DigestVerify(context.get(), internal::Octets(signature), signature.size(),
                                      internal::Octets(message), message.size());
  // A wrong signature leaves its reasons in this thread's queue, where a later failure of something
  // else would report them as its own.
  if (result != 1) ERR_clear_error();
  return result == 1;
}

bool Verifier::VerifySha256(const Hash256& digest, std::string_view signature) const {
  CW_CHECK(SignsSha256(public_key_.suite), "the suite signs the SHA-256 of a message");
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, pkey_.get(), nullptr), &EVP_PKEY_CTX_free);
  CW_CHECK(context != nullptr && EVP_PKEY_verify_init(context.get()) == 1,
           "libcrypto cannot verify with a key that it parsed");
  const int result = EVP_PKEY_verify(context.get(), internal::Octets(signature), signature.size(),
                                     digest.bytes.data(), digest.bytes.size());
  if (result != 1) ERR_clear_error();
  return result == 1;
}

SoftwareSigner::SoftwareSigner(PublicKey key, internal::PkeyPtr pkey)
    : public_key_(std::move(key)), key_id_(KeyIdOf(public_key_)), pkey_(std::move(pkey)) {}

absl::StatusOr<std::unique_ptr<SoftwareSigner>> SoftwareSigner::FromPkey(internal::PkeyPtr pkey) {
  absl::StatusOr<PublicKey> key = internal::PublicKeyOfPkey(pkey.get());
  if (!key.ok()) return key.status();
  return std::unique_ptr<SoftwareSigner>(new SoftwareSigner(*std::move(key), std::move(pkey)));
}

absl::StatusOr<std::unique_ptr<SoftwareSigner>> SoftwareSigner::Generate(SuiteId suite) {
  absl::StatusOr<internal::PkeyPtr> pkey = internal::SuiteNotBuiltIn(suite);
  if (suite == SuiteId::kEd25519Sha256) pkey = internal::Ed25519Generate();
  if (suite == SuiteId::kP256Sha256) pkey = internal::P256Generate();
  if (!pkey.ok()) return pkey.status();
  return FromPkey(*std::move(pkey));
}

absl::StatusOr<std::unique_ptr<SoftwareSigner>> SoftwareSigner::FromEd25519Seed(
    std::string_view seed) {
  absl::StatusOr<internal::PkeyPtr> pkey = internal::Ed25519FromSeed(seed);
  if (!pkey.ok()) return pkey.status();
  return FromPkey(*std::move(pkey));
}

absl::StatusOr<std::string> SoftwareSigner::Sign(std::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get()));
  std::string signature(size, '\0');
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, DigestName(public_key_.suite), nullptr, nullptr,
                            pkey_.get(), nullptr) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     internal::Octets(message), message.size()) != 1) {
    return absl::InternalError("cannot sign: " + internal::OpenSslReason());
  }
  signature.resize(size);
  return signature;
}

absl::StatusOr<std::unique_ptr<SoftwareSigner>> GenerateKey(SuiteId suite) {
  return SoftwareSigner::Generate(suite);
}

absl::StatusOr<std::unique_ptr<SoftwareSigner>> Ed25519SignerFromSeed(std::string_view seed) {
  return SoftwareSigner::FromEd25519Seed(seed);
}

}  // namespace causeway::core
