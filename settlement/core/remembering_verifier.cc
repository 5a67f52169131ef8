#include "settlement/core/remembering_verifier.h"

#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::core {

RememberingVerifier::RememberingVerifier(std::shared_ptr<const SignatureVerifier> verifier,
                                         std::size_t capacity)
    : verifier_(std::move(verifier)), capacity_(capacity) {
  CW_CHECK(capacity >= 1, "the memory of signatures needs room for one");
}

bool RememberingVerifier::Verify(const PublicKey& key, std::string_view message,
                                 std::string_view signature) const {
  // Each part with its length, so that no two triples give the same bytes.
  Writer lengths;
  lengths.U8(static_cast<std::uint8_t>(key.suite)).U64(key.bytes.size()).U64(message.size());
  Sha256Hasher hasher;
  hasher.Update(lengths.bytes()).Update(key.bytes).Update(message).Update(signature);
  const Hash256 digest = hasher.Finish();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (verified_.contains(digest)) return true;
  }
  if (!verifier_->Verify(key, message, signature)) return false;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!verified_.insert(digest).second) return true;
  oldest_first_.push_back(digest);
  if (oldest_first_.size() > capacity_) {
    verified_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  CW_CHECK(verified_.size() == oldest_first_.size(), "the memory and its order hold the same");
  return true;
}

}  // namespace causeway::core
