#include "settlement/core/caching_verifier.h"

#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::core {

CachingVerifier::CachingVerifier(std::shared_ptr<const SignatureVerifier> verifier,
                                 std::size_t capacity)
    : verifier_(std::move(verifier)), capacity_(capacity) {
  CW_CHECK(verifier_ != nullptr && capacity > 0, "there is something to remember with");
}

bool CachingVerifier::Verify(const PublicKey& key, std::string_view message,
                             std::string_view signature) const {
  // Lengths before parts: no two triples share a hash.
  const std::string head = std::move(Writer()
                                         .U8(static_cast<std::uint8_t>(key.suite))
                                         .Sized(key.bytes)
                                         .Sized(signature))
                               .Take();
  Sha256Hasher hasher;
  const Hash256 hash = hasher.Update(head).Update(message).Finish();
  {
    const std::lock_guard lock(mutex_);
    if (younger_.contains(hash) || older_.contains(hash)) return true;
  }
  if (!verifier_->Verify(key, message, signature)) return false;
  const std::lock_guard lock(mutex_);
  if (younger_.size() >= capacity_) {
    older_ = std::move(younger_);
    younger_.clear();
  }
  younger_.insert(hash);
  return true;
}

}  // namespace causeway::core
