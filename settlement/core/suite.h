// Signature suites: which signature scheme and which hash a ledger uses, and keys, signers and
// verifiers for them. A ledger names one suite and all its participants sign with it.
//
// Everything here may be used from any thread. Making keys and signing with P-256 draw randomness
// from OpenSSL, so neither is called from within the state machines; verifying is deterministic.
#ifndef CAUSEWAY_SETTLEMENT_CORE_SUITE_H_
#define CAUSEWAY_SETTLEMENT_CORE_SUITE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY: no OpenSSL header reaches our users

namespace causeway::core {

// The numbers are part of key ids and of stored formats: they never change meaning.
enum class SuiteId : std::uint8_t {
  kEd25519Sha256 = 1,  // Ed25519 (RFC 8032) and SHA-256
  kP256Sha256 = 2,     // ECDSA on NIST P-256 (FIPS 186-5) over SHA-256
  kSm2Sm3 = 3,         // reserved: SM2 and SM3 (GB/T 32918, GB/T 32905); not built in
  kModelled = 255,     // reserved: a stand-in for signatures in simulations; no live program has it
};

// "ed25519-sha256", "p256-sha256", "sm2-sm3", "modelled"; "unknown" for any other number.
std::string_view SuiteName(SuiteId suite);
// The reverse, exact. Reserved suites parse: that they are not built in is said on use.
std::optional<SuiteId> ParseSuiteName(std::string_view name);
// For decoders: the suite with that number, if there is one.
std::optional<SuiteId> SuiteFromNumber(std::uint8_t number);

// Whether signatures of that suite depend on the message by its SHA-256 alone.
inline bool SignsSha256(SuiteId suite) { return suite == SuiteId::kP256Sha256; }

// A public key in its one canonical form:
//   ed25519-sha256  the 32 bytes of RFC 8032
//   p256-sha256     DER SubjectPublicKeyInfo (RFC 5480), named curve, uncompressed point: 91 bytes
// The struct is a plain value and may hold anything; Verifier::Create tells whether it is a key.
struct PublicKey {
  SuiteId suite = SuiteId::kEd25519Sha256;
  std::string bytes;

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const PublicKey& key) {
    return H::combine(std::move(state), key.suite, key.bytes);
  }
};

// SHA-256(suite number as one byte || key bytes): what envelopes and registers call a key by.
using KeyId = Hash256;
KeyId KeyIdOf(const PublicKey& key);

namespace internal {
struct PkeyDeleter {
  void operator()(evp_pkey_st* pkey) const;
};
using PkeyPtr = std::unique_ptr<evp_pkey_st, PkeyDeleter>;
// For key_file.cc. InvalidArgument unless the key is of a suite that is built in.
absl::StatusOr<PublicKey> PublicKeyOfPkey(evp_pkey_st* pkey);
absl::StatusOr<PkeyPtr> PkeyOfPublicKey(const PublicKey& key);
}  // namespace internal

// A public key, parsed and checked once. Immutable.
class Verifier {
 public:
  // InvalidArgument says what is wrong with the key: its length, its form, a point that is not on
  // the curve, an Ed25519 point of small order (under which one signature fits many messages).
  // Unimplemented for the reserved suites.
  static absl::StatusOr<std::unique_ptr<Verifier>> Create(const PublicKey& key);

  // Whether `signature` is this key's over exactly `message`. Signatures are 64 bytes for Ed25519
  // and DER for ECDSA. A signature is not unique to its message: never use one as an identifier.
  bool Verify(std::string_view message, std::string_view signature) const;
  // The same for a message of which the SHA-256 is known. Only of suites that SignsSha256.
  bool VerifySha256(const Hash256& digest, std::string_view signature) const;

  const PublicKey& public_key() const { return public_key_; }
  const KeyId& key_id() const { return key_id_; }

 private:
  Verifier(PublicKey key, internal::PkeyPtr pkey);

  PublicKey public_key_;
  KeyId key_id_;
  internal::PkeyPtr pkey_;
};

// Something that signs: a key in memory, a hardware security module, a simulator's model.
// Implementations may be called from several threads at once.
class Signer {
 public:
  virtual ~Signer() = default;

  // The signature over exactly `message`, in the form that Verifier::Verify takes. An error means
  // that nothing was signed as far as is known (a module out of reach, a refused session).
  virtual absl::StatusOr<std::string> Sign(std::string_view message) const = 0;
  virtual const PublicKey& public_key() const = 0;
  virtual const KeyId& key_id() const = 0;
};

// A signer whose private key is in this process's memory, by OpenSSL. key_file.h saves and loads
// it.
class SoftwareSigner final : public Signer {
 public:
  // A new random key. Unimplemented for the reserved suites.
  static absl::StatusOr<std::unique_ptr<SoftwareSigner>> Generate(SuiteId suite);
  // The Ed25519 key with that RFC 8032 seed, exactly 32 bytes. Its signatures are deterministic.
  static absl::StatusOr<std::unique_ptr<SoftwareSigner>> FromEd25519Seed(std::string_view seed);
  // For key_file.cc: takes a private key of a suite that is built in.
  static absl::StatusOr<std::unique_ptr<SoftwareSigner>> FromPkey(internal::PkeyPtr pkey);

  absl::StatusOr<std::string> Sign(std::string_view message) const override;
  const PublicKey& public_key() const override { return public_key_; }
  const KeyId& key_id() const override { return key_id_; }

  // For key_file.cc: the private key, still owned by the signer.
  evp_pkey_st* pkey() const { return pkey_.get(); }

 private:
  SoftwareSigner(PublicKey key, internal::PkeyPtr pkey);

  PublicKey public_key_;
  KeyId key_id_;
  internal::PkeyPtr pkey_;
};

// The same two factories as functions.
absl::StatusOr<std::unique_ptr<SoftwareSigner>> GenerateKey(SuiteId suite);
absl::StatusOr<std::unique_ptr<SoftwareSigner>> Ed25519SignerFromSeed(std::string_view seed);

// How the state machines and services check signatures. The live programs link only
// OpenSslSignatureVerifier; the simulator may link another that knows SuiteId::kModelled.
class SignatureVerifier {
 public:
  virtual ~SignatureVerifier() = default;

  // Whether `signature` is `key`'s over exactly `message`; false too when `key` is not a valid key
  // or its suite is not built in. Depends on the arguments alone.
  virtual bool Verify(const PublicKey& key, std::string_view message,
                      std::string_view signature) const = 0;
  // The same for a message of which the SHA-256 is known: whoever needs that hash anyway does not
  // pay for another. Only for keys of suites that SignsSha256.
  virtual bool VerifySha256(const PublicKey& key, const Hash256& digest,
                            std::string_view signature) const = 0;
};

// Verifies with OpenSSL and keeps the last `capacity` parsed keys, because parsing one costs a good
// part of a verification. Which keys are kept changes the speed only, never an answer.
class OpenSslSignatureVerifier final : public SignatureVerifier {
 public:
  static constexpr std::size_t kCapacityDefault = 16384;  // keys

  // `capacity` is at least 1.
  explicit OpenSslSignatureVerifier(std::size_t capacity = kCapacityDefault);

  bool Verify(const PublicKey& key, std::string_view message,
              std::string_view signature) const override;
  bool VerifySha256(const PublicKey& key, const Hash256& digest,
                    std::string_view signature) const override;

 private:
  std::shared_ptr<const Verifier> Find(const PublicKey& key) const;

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable absl::flat_hash_map<PublicKey, std::shared_ptr<const Verifier>> parsed_;
  mutable std::deque<PublicKey> oldest_first_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_SUITE_H_
