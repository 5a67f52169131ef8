// Remembers which signatures were verified, so that one that comes again and again (a statement
// that covers many votes, a checkpoint under many certificates) costs a hash instead of a
// verification.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CACHING_VERIFIER_H_
#define CAUSEWAY_SETTLEMENT_CORE_CACHING_VERIFIER_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "settlement/core/bytes.h"
#include "settlement/core/suite.h"

namespace causeway::core {

// What is remembered changes the speed only, never an answer: only signatures that verified are
// kept, by a hash of key, message and signature. Thread-safe.
class CachingVerifier final : public SignatureVerifier {
 public:
  static constexpr std::size_t kCapacityDefault = 16384;

  // Keeps the last `capacity` to 2 * `capacity` signatures. `verifier` does the work.
  explicit CachingVerifier(std::shared_ptr<const SignatureVerifier> verifier,
                           std::size_t capacity = kCapacityDefault);

  bool Verify(const PublicKey& key, std::string_view message,
              std::string_view signature) const override;

 private:
  const std::shared_ptr<const SignatureVerifier> verifier_;
  const std::size_t capacity_;

  // Of two generations the older is forgotten when the younger is full.
  mutable std::mutex mutex_;
  mutable absl::flat_hash_set<Hash256> younger_;
  mutable absl::flat_hash_set<Hash256> older_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_CACHING_VERIFIER_H_
