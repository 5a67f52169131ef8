// How suite_*.cc hold OpenSSL keys. Internal to settlement/core; includes OpenSSL's headers.
#ifndef CAUSEWAY_SETTLEMENT_CORE_SUITE_PKEY_H_
#define CAUSEWAY_SETTLEMENT_CORE_SUITE_PKEY_H_

#include <openssl/evp.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/suite.h"

namespace causeway::core::internal {

// OpenSSL's oldest queued error as text, the queue emptied. For messages only.
std::string OpenSslReason();

// "suite sm2-sm3 is reserved but not built in".
absl::Status SuiteNotBuiltIn(SuiteId suite);

inline const unsigned char* Octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// ed25519-sha256. The key bytes of PublicKey, and the reverse; a private key from its seed.
absl::StatusOr<PkeyPtr> Ed25519Parse(std::string_view key_bytes);
absl::StatusOr<std::string> Ed25519PublicBytes(EVP_PKEY* pkey);
absl::StatusOr<PkeyPtr> Ed25519FromSeed(std::string_view seed);
absl::StatusOr<PkeyPtr> Ed25519Generate();

// p256-sha256.
absl::StatusOr<PkeyPtr> P256Parse(std::string_view key_bytes);
absl::StatusOr<std::string> P256PublicBytes(EVP_PKEY* pkey);
absl::StatusOr<PkeyPtr> P256Generate();

}  // namespace causeway::core::internal

#endif  // CAUSEWAY_SETTLEMENT_CORE_SUITE_PKEY_H_
