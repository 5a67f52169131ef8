// A SignatureVerifier that verifies the same signature once: for those who meet one statement or
// checkpoint many times, as when many certificates rest on one. Thread-safe.
#ifndef CAUSEWAY_SETTLEMENT_CORE_REMEMBERING_VERIFIER_H_
#define CAUSEWAY_SETTLEMENT_CORE_REMEMBERING_VERIFIER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "settlement/core/bytes.h"
#include "settlement/core/suite.h"

namespace causeway::core {

// Remembers the last `capacity` signatures that verified, by the SHA-256 of key, message and
// signature. What is remembered changes the speed only, never an answer.
class RememberingVerifier final : public SignatureVerifier {
 public:
  static constexpr std::size_t kCapacityDefault = 4096;  // signatures, about 80 bytes each

  // `capacity` is at least 1.
  explicit RememberingVerifier(std::shared_ptr<const SignatureVerifier> verifier,
                               std::size_t capacity = kCapacityDefault);

  bool Verify(const PublicKey& key, std::string_view message,
              std::string_view signature) const override;
  bool VerifySha256(const PublicKey& key, const Hash256& digest,
                    std::string_view signature) const override;
  // As if Verify had been asked and found it good: for who made the signature.
  void Remember(const PublicKey& key, std::string_view message, std::string_view signature) const;

 private:
  enum Form : std::uint8_t { kMessage = 0, kDigest = 1 };
  static Hash256 MemoryOf(Form form, const PublicKey& key, std::string_view message,
                          std::string_view signature);
  // Whether that was verified before, or is now.
  template <typename Ask>
  bool Remembered(const Hash256& memory, const Ask& verify) const;

  const std::shared_ptr<const SignatureVerifier> verifier_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable absl::flat_hash_set<Hash256> verified_;
  mutable std::deque<Hash256> oldest_first_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_REMEMBERING_VERIFIER_H_
