#include "settlement/core/cosignature.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/bytes.h"
#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

constexpr std::string_view kTypeByte = "\x04";
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kEd25519Bytes = 64;

}  // namespace

std::uint32_t CosignatureKeyId(std::string_view key_name, const PublicKey& key) {
  Sha256Hasher hasher;
  hasher.Update(key_name).Update("\n").Update(kTypeByte).Update(key.bytes);
  return Reader(hasher.Finish().view()).U32();
}

std::string CosignatureText(std::string_view checkpoint_text, std::uint64_t seconds) {
  std::string text = "cosignature/v1\ntime ";
  text.reserve(text.size() + 21 + checkpoint_text.size());
  return text.append(std::to_string(seconds)).append("\n").append(checkpoint_text);
}

absl::StatusOr<NoteSignature> Cosign(std::string_view checkpoint_text, std::string_view key_name,
                                     const Signer& signer, std::uint64_t seconds) {
  if (absl::Status checked = CheckNoteKeyName(key_name); !checked.ok()) return checked;
  if (seconds > kCosignatureSecondsMax) {
    return absl::InvalidArgumentError(
        fmt::format("cosignature time is {} s; the most is 2^63 - 1", seconds));
  }
  absl::StatusOr<std::string> signature = signer.Sign(CosignatureText(checkpoint_text, seconds));
  if (!signature.ok()) return signature.status();
  Writer writer;
  writer.U64(seconds).Raw(*signature);
  return NoteSignature{std::string(key_name), CosignatureKeyId(key_name, signer.public_key()),
                       std::move(writer).Take()};
}

absl::StatusOr<std::uint64_t> CosignatureSeconds(const NoteSignature& cosignature) {
  if (cosignature.signature.size() <= kTimeBytes) {
    return absl::InvalidArgumentError(
        fmt::format("cosignature of {} has {} bytes; it must have {}", cosignature.key_name,
                    cosignature.signature.size(), kTimeBytes + kEd25519Bytes));
  }
  const std::uint64_t seconds = Reader(cosignature.signature).U64();
  if (seconds > kCosignatureSecondsMax) {
    return absl::InvalidArgumentError(fmt::format(
        "cosignature of {} is of time {} s; the most is 2^63 - 1", cosignature.key_name, seconds));
  }
  return seconds;
}

absl::Status VerifyCosignature(std::string_view checkpoint_text, const NoteSignature& cosignature,
                               std::string_view key_name, const PublicKey& key,
                               const SignatureVerifier& verifier) {
  const std::uint32_t key_id = CosignatureKeyId(key_name, key);
  if (cosignature.key_name != key_name || cosignature.key_id != key_id) {
    return absl::NotFoundError(
        fmt::format("signature line of {} (key id {:08x}) is not by {} "
                    "(key id {:08x})",
                    cosignature.key_name, cosignature.key_id, key_name, key_id));
  }
  const absl::StatusOr<std::uint64_t> seconds = CosignatureSeconds(cosignature);
  if (!seconds.ok()) return absl::UnauthenticatedError(seconds.status().message());
  const std::string_view signature = std::string_view(cosignature.signature).substr(kTimeBytes);
  if (!verifier.Verify(key, CosignatureText(checkpoint_text, *seconds), signature)) {
    return absl::UnauthenticatedError(
        fmt::format("cosignature of {} (key id {:08x}) does not verify", key_name, key_id));
  }
  return absl::OkStatus();
}

}  // namespace causeway::core
