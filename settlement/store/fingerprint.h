// 64-bit fingerprints of keys, and 64-bit checksums of pages of derived data: XXH3 (version 0.8 of
// its specification), the same on every compiler and machine.
//
// Neither is cryptographic. Fingerprints are keyed with a secret, so that whoever chooses the keys
// cannot aim at a collision; a collision costs a look into the journal and never a wrong answer.
//
// Thread-safe.
#ifndef CAUSEWAY_SETTLEMENT_STORE_FINGERPRINT_H_
#define CAUSEWAY_SETTLEMENT_STORE_FINGERPRINT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/suite.h"

namespace causeway::store {

using FingerprintKey = std::array<std::uint8_t, 16>;

// What keys are fingerprinted with by the owner of a signing key: known to nobody who chooses them.
// The same each time where signatures are deterministic (Ed25519); with another one each time runs
// of keys are made anew. `purpose` is signed, and shown to nobody. An error is the signer's.
absl::StatusOr<FingerprintKey> FingerprintKeyOf(const core::Signer& signer,
                                                std::string_view purpose);

class KeyFingerprinter {
 public:
  // The 192 bytes of XXH3's secret are SHA-256("causeway key fingerprint" || key || n) for the
  // bytes n = 0 to 5, joined.
  explicit KeyFingerprinter(const FingerprintKey& key);

  // Of a key of any length; about 4 ns for 16 to 32 bytes.
  std::uint64_t operator()(std::string_view bytes) const;

 private:
  std::array<std::uint8_t, 192> secret_;
};

// XXH3_64bits_withSeed.
std::uint64_t Checksum64(std::string_view bytes, std::uint64_t seed);

// The same of bytes that come piece by piece. One thread.
class StreamedChecksum64 {
 public:
  explicit StreamedChecksum64(std::uint64_t seed);
  ~StreamedChecksum64();
  StreamedChecksum64(const StreamedChecksum64&) = delete;
  StreamedChecksum64& operator=(const StreamedChecksum64&) = delete;

  void Add(std::string_view bytes);
  std::uint64_t Value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_FINGERPRINT_H_
