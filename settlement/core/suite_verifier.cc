// OpenSslSignatureVerifier: parsed keys, first in, first out.
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/suite.h"

namespace causeway::core {

OpenSslSignatureVerifier::OpenSslSignatureVerifier(std::size_t capacity) : capacity_(capacity) {
  CW_CHECK(capacity >= 1, "the cache of parsed keys needs room for one");
}

bool OpenSslSignatureVerifier::Verify(const PublicKey& key, std::string_view message,
                                      std::string_view signature) const {
  const std::shared_ptr<const Verifier> verifier = Find(key);
  return verifier != nullptr && verifier->Verify(message, signature);
}

bool OpenSslSignatureVerifier::VerifySha256(const PublicKey& key, const Hash256& digest,
                                            std::string_view signature) const {
  const std::shared_ptr<const Verifier> verifier = Find(key);
  return verifier != nullptr && verifier->VerifySha256(digest, signature);
}

std::shared_ptr<const Verifier> OpenSslSignatureVerifier::Find(const PublicKey& key) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = parsed_.find(key);
    if (found != parsed_.end()) return found->second;
  }
  // Parsed outside the lock: two threads may both parse a new key, and the first to come back wins.
  absl::StatusOr<std::unique_ptr<Verifier>> created = Verifier::Create(key);
  if (!created.ok()) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto [position, inserted] =
      parsed_.try_emplace(key, std::shared_ptr<const Verifier>(*std::move(created)));
  std::shared_ptr<const Verifier> verifier = position->second;
  if (inserted) {
    oldest_first_.push_back(key);
    if (oldest_first_.size() > capacity_) {
      parsed_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
  }
  CW_CHECK(parsed_.size() == oldest_first_.size(), "the cache and its order hold the same keys");
  return verifier;
}

}  // namespace causeway::core
