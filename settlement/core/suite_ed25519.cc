// ed25519-sha256: raw 32-byte keys, 64-byte signatures (RFC 8032), by OpenSSL.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "fmt/format.h"
#include "settlement/core/suite_pkey.h"

namespace causeway::core::internal {
namespace {

constexpr std::size_t kKeyBytes = 32;

// The encodings, without the sign bit, of the points of order 1, 2, 4 and 8 and of their
// non-canonical forms. OpenSSL takes such keys, but their holder could show one signature for many
// messages and so deny all of them.
constexpr std::array<std::string_view, 7> kSmallOrderPoints = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

bool HasSmallOrder(std::string_view key_bytes) {
  std::string unsigned_point(key_bytes);
  unsigned_point.back() = static_cast<char>(unsigned_point.back() & 0x7f);
  const std::string hex = ToHex(unsigned_point);
  return std::find(kSmallOrderPoints.begin(), kSmallOrderPoints.end(), hex) !=
         kSmallOrderPoints.end();
}

}  // namespace

absl::StatusOr<PkeyPtr> Ed25519Parse(std::string_view key_bytes) {
  if (key_bytes.size() != kKeyBytes) {
    return absl::InvalidArgumentError(fmt::format(
        "ed25519-sha256 public key has {} bytes; it must have {}", key_bytes.size(), kKeyBytes));
  }
  if (HasSmallOrder(key_bytes)) {
    return absl::InvalidArgumentError(
        "ed25519-sha256 public key is a point of small order; it must be a generated key");
  }
  PkeyPtr pkey(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, Octets(key_bytes),
                                              key_bytes.size()));
  if (pkey == nullptr) {
    return absl::InvalidArgumentError("ed25519-sha256 public key refused: " + OpenSslReason());
  }
  return pkey;
}

absl::StatusOr<std::string> Ed25519PublicBytes(EVP_PKEY* pkey) {
  std::string bytes(kKeyBytes, '\0');
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(pkey, reinterpret_cast<unsigned char*>(bytes.data()), &size) !=
          1 ||
      size != kKeyBytes) {
    return absl::InvalidArgumentError("ed25519-sha256 key without public part: " + OpenSslReason());
  }
  return bytes;
}

absl::StatusOr<PkeyPtr> Ed25519FromSeed(std::string_view seed) {
  if (seed.size() != kKeyBytes) {
    return absl::InvalidArgumentError(
        fmt::format("Ed25519 seed has {} bytes; it must have {}", seed.size(), kKeyBytes));
  }
  PkeyPtr pkey(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, Octets(seed), seed.size()));
  if (pkey == nullptr) return absl::InternalError("Ed25519 seed refused: " + OpenSslReason());
  return pkey;
}

absl::StatusOr<PkeyPtr> Ed25519Generate() {
  PkeyPtr pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (pkey == nullptr) return absl::InternalError("cannot make an Ed25519 key: " + OpenSslReason());
  return pkey;
}

}  // namespace causeway::core::internal
