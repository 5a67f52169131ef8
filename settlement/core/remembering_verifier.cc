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

template <typename Ask>
bool RememberingVerifier::Remembered(const Hash256& memory, const Ask& verify) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (verified_.contains(memory)) return true;
  }
  if (!verify()) return false;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!verified_.insert(memory).second) return true;
  oldest_first_.push_back(memory);
  if (oldest_first_.size() > capacity_) {
    verified_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  CW_CHECK(verified_.size() == oldest_first_.size(), "the memory and its order hold the same");
  return true;
}

bool RememberingVerifier::Verify(const PublicKey& key, std::string_view message,
                                 std::string_view signature) const {
  // The stand-in of the simulator is verified in less time than is needed to remember it.
  if (key.suite == SuiteId::kModelled) return verifier_->Verify(key, message, signature);
  return Remembered(MemoryOf(kMessage, key, message, signature),
                    [&] { return verifier_->Verify(key, message, signature); });
}

bool RememberingVerifier::VerifySha256(const PublicKey& key, const Hash256& digest,
                                       std::string_view signature) const {
  return Remembered(MemoryOf(kDigest, key, digest.view(), signature),
                    [&] { return verifier_->VerifySha256(key, digest, signature); });
}

void RememberingVerifier::Remember(const PublicKey& key, std::string_view message,
                                   std::string_view signature) const {
  Remembered(MemoryOf(kMessage, key, message, signature), [] { return true; });
}

// Each part with its length, so that no two questions give the same bytes.
Hash256 RememberingVerifier::MemoryOf(Form form, const PublicKey& key, std::string_view message,
                                      std::string_view signature) {
  Writer lengths;
  lengths.U8(form).U8(static_cast<std::uint8_t>(key.suite));
  lengths.U64(key.bytes.size()).U64(message.size());
  Sha256Hasher hasher;
  hasher.Update(lengths.bytes()).Update(key.bytes).Update(message).Update(signature);
  return hasher.Finish();
}

}  // namespace causeway::core
