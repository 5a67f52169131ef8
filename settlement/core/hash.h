// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (FIPS 198-1), by OpenSSL.
//
// SHA-256 comes from libcrypto's low-level functions: through EVP a small message costs more in
// allocations and look-ups than in hashing.
//
// The functions and Sha256Hasher cannot fail on valid input. The free functions may be called from
// any thread; a Sha256Hasher belongs to one thread at a time.
#ifndef CAUSEWAY_SETTLEMENT_CORE_HASH_H_
#define CAUSEWAY_SETTLEMENT_CORE_HASH_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "settlement/core/bytes.h"

namespace causeway::core {

// Incremental SHA-256.
//
//   Sha256Hasher hasher;
//   hasher.Update(a).Update(b);
//   Hash256 digest = hasher.Finish();  // SHA-256(a || b); the hasher is then as new
class Sha256Hasher {
 public:
  Sha256Hasher() { Reset(); }

  // Forgets what was given since the last Finish.
  void Reset();
  // Appends to the message.
  Sha256Hasher& Update(std::string_view bytes);
  // The digest of the message so far; the next Update begins a new message.
  Hash256 Finish();

 private:
  // OpenSSL's SHA256_CTX: no OpenSSL header reaches our users.
  alignas(std::uint64_t) std::array<std::byte, 112> context_;
};

inline constexpr std::size_t kSha256BlockBytes = 64;

// Messages of `kMessageBytes` bytes, up to `kCount` of them, whose padding is written once: for
// leaves and nodes of trees, of which there are millions.
template <std::size_t kMessageBytes, std::size_t kCount>
class Sha256Messages {
 public:
  static constexpr std::size_t kBlocks =
      (kMessageBytes + 9 + kSha256BlockBytes - 1) / kSha256BlockBytes;
  static constexpr std::size_t kStride = kBlocks * kSha256BlockBytes;

  Sha256Messages();

  // Where message `position` is written; its bytes are what was written there before.
  char* at(std::size_t position) { return bytes_.data() + position * kStride; }
  // The digests of the first digests.size() messages.
  void Hash(std::span<Hash256> digests) const;

 private:
  alignas(kSha256BlockBytes) std::array<char, kCount * kStride> bytes_{};
};

// The digests of messages that lie one after the other, each of `blocks` blocks with its padding.
void Sha256Padded(const char* messages, std::size_t blocks, std::span<Hash256> digests);

// SHA-256 of `bytes`.
Hash256 Sha256(std::string_view bytes);

// HMAC-SHA-256 of `message` under `key`, which may have any length but should have 32 bytes or
// more.
Hash256 HmacSha256(std::string_view key, std::string_view message);

template <std::size_t kMessageBytes, std::size_t kCount>
Sha256Messages<kMessageBytes, kCount>::Sha256Messages() {
  static_assert(kMessageBytes < 8192, "the length in bits fits the last two bytes");
  for (std::size_t i = 0; i < kCount; ++i) {
    at(i)[kMessageBytes] = '\x80';
    at(i)[kStride - 2] = static_cast<char>(kMessageBytes * 8 >> 8);
    at(i)[kStride - 1] = static_cast<char>(kMessageBytes * 8 & 0xff);
  }
}

template <std::size_t kMessageBytes, std::size_t kCount>
void Sha256Messages<kMessageBytes, kCount>::Hash(std::span<Hash256> digests) const {
  Sha256Padded(bytes_.data(), kBlocks, digests.first(std::min(digests.size(), kCount)));
}

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_HASH_H_
