// p256-sha256: DER SubjectPublicKeyInfo keys, DER ECDSA signatures over SHA-256, by OpenSSL.
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <string>

#include "fmt/format.h"
#include "settlement/core/suite_pkey.h"

namespace causeway::core::internal {
namespace {

constexpr std::size_t kPointBytes = 65;  // 0x04 || X || Y

// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of kPointBytes }, up to the point:
// all canonical keys begin with these bytes and have kPointBytes more.
constexpr std::string_view kSpkiPrefixHex = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

const std::string& SpkiPrefix() {
  static const std::string* const kPrefix = new std::string(*FromHex(kSpkiPrefixHex));
  return *kPrefix;
}

absl::Status NotCanonical(std::string_view what) {
  return absl::InvalidArgumentError(
      fmt::format("p256-sha256 public key {}; it must be a DER SubjectPublicKeyInfo of {} bytes, "
                  "named curve prime256v1, uncompressed point",
                  what, SpkiPrefix().size() + kPointBytes));
}

}  // namespace

absl::StatusOr<PkeyPtr> P256Parse(std::string_view key_bytes) {
  const std::string& prefix = SpkiPrefix();
  if (key_bytes.size() != prefix.size() + kPointBytes) {
    return NotCanonical(fmt::format("has {} bytes", key_bytes.size()));
  }
  if (key_bytes.substr(0, prefix.size()) != prefix || key_bytes[prefix.size()] != '\x04') {
    return NotCanonical("is not in canonical form");
  }
  const unsigned char* cursor = Octets(key_bytes);
  PkeyPtr pkey(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(key_bytes.size())));
  if (pkey == nullptr) return NotCanonical("is not a point on the curve: " + OpenSslReason());
  return pkey;
}

absl::StatusOr<std::string> P256PublicBytes(EVP_PKEY* pkey) {
  std::array<char, 64> group{};
  std::size_t group_size = 0;
  if (EVP_PKEY_get_group_name(pkey, group.data(), group.size(), &group_size) != 1 ||
      std::string_view(group.data(), group_size) != SN_X9_62_prime256v1) {
    return absl::InvalidArgumentError("EC key is on another curve; p256-sha256 needs prime256v1");
  }
  // A key file may have been written with a compressed point; the curve is what matters.
  if (EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                     OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1) {
    return absl::InvalidArgumentError("EC key refused: " + OpenSslReason());
  }
  std::array<unsigned char, kPointBytes> point{};
  std::size_t point_size = 0;
  if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                      &point_size) != 1 ||
      point_size != kPointBytes) {
    return absl::InvalidArgumentError("EC key without public part: " + OpenSslReason());
  }
  std::string bytes = SpkiPrefix();
  bytes.append(reinterpret_cast<const char*>(point.data()), point.size());
  return bytes;
}

absl::StatusOr<PkeyPtr> P256Generate() {
  PkeyPtr pkey(EVP_EC_gen(SN_X9_62_prime256v1));
  if (pkey == nullptr) return absl::InternalError("cannot make a P-256 key: " + OpenSslReason());
  return pkey;
}

}  // namespace causeway::core::internal
