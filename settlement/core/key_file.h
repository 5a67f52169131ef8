// Keys as PEM text: private keys as PKCS#8 (RFC 5958), public keys as SubjectPublicKeyInfo
// (RFC 5280), so that `openssl pkey` and HSM tools read what we write and the other way round.
// Strings in and out: reading and writing files is the caller's business.
#ifndef CAUSEWAY_SETTLEMENT_CORE_KEY_FILE_H_
#define CAUSEWAY_SETTLEMENT_CORE_KEY_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/suite.h"

namespace causeway::core {

inline constexpr std::size_t kKeyFileBytesMax = 16 * 1024;
inline constexpr std::size_t kPassphraseBytesMax = 1024;

// The signer's private key, encrypted under `passphrase` with PBES2 (RFC 8018): AES-256-CBC, key
// derived by scrypt (RFC 7914; N = 2^14, r = 8, p = 5, about a quarter of a second). An empty
// passphrase gives an unencrypted file: for servers whose key file the system protects, and tests.
// InvalidArgument when the passphrase is longer than kPassphraseBytesMax.
absl::StatusOr<std::string> EncodePrivateKeyPem(const SoftwareSigner& signer,
                                                std::string_view passphrase);

// The reverse. Also reads an unencrypted P-256 key in the older "EC PRIVATE KEY" form.
//   Unauthenticated     the passphrase is wrong (or the ciphertext is damaged: they look the same)
//   FailedPrecondition  the file is encrypted and no passphrase was given, or the other way round
//   InvalidArgument     not PEM, too long, damaged, or a key of no suite that is built in
absl::StatusOr<std::unique_ptr<SoftwareSigner>> DecodePrivateKeyPem(std::string_view pem,
                                                                    std::string_view passphrase);

// "-----BEGIN PUBLIC KEY-----". InvalidArgument when `key` is not a valid key.
absl::StatusOr<std::string> EncodePublicKeyPem(const PublicKey& key);
// The reverse; the suite follows from the key. A P-256 key with a compressed point is taken and put
// into canonical form. InvalidArgument when it is no key of a suite that is built in.
absl::StatusOr<PublicKey> DecodePublicKeyPem(std::string_view pem);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_KEY_FILE_H_
