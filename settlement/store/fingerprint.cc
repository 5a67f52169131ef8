#include "settlement/store/fingerprint.h"

// The functions themselves, inlined, and not calls into a shared library.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string>

#include "settlement/core/hash.h"

namespace causeway::store {

absl::StatusOr<FingerprintKey> FingerprintKeyOf(const core::Signer& signer,
                                                std::string_view purpose) {
  const absl::StatusOr<std::string> secret = signer.Sign(purpose);
  if (!secret.ok()) return secret.status();
  const core::Hash256 hash = core::Sha256(*secret);
  FingerprintKey key{};
  std::copy_n(hash.bytes.begin(), key.size(), key.begin());
  return key;
}

KeyFingerprinter::KeyFingerprinter(const FingerprintKey& key) {
  std::string message = "causeway key fingerprint";
  message.append(reinterpret_cast<const char*>(key.data()), key.size());
  message.push_back('\0');
  for (std::size_t part = 0; part < secret_.size() / 32; ++part) {
    message.back() = static_cast<char>(part);
    const core::Hash256 digest = core::Sha256(message);
    std::copy(digest.bytes.begin(), digest.bytes.end(), secret_.begin() + 32 * part);
  }
}

std::uint64_t KeyFingerprinter::operator()(std::string_view bytes) const {
  return XXH3_64bits_withSecret(bytes.data(), bytes.size(), secret_.data(), secret_.size());
}

std::uint64_t Checksum64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

struct StreamedChecksum64::State {
  XXH3_state_t xxh3;
};

StreamedChecksum64::StreamedChecksum64(std::uint64_t seed) : state_(std::make_unique<State>()) {
  XXH3_INITSTATE(&state_->xxh3);
  XXH3_64bits_reset_withSeed(&state_->xxh3, seed);
}

StreamedChecksum64::~StreamedChecksum64() = default;

void StreamedChecksum64::Add(std::string_view bytes) {
  XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

std::uint64_t StreamedChecksum64::Value() const { return XXH3_64bits_digest(&state_->xxh3); }

}  // namespace causeway::store
