#include "settlement/core/checkpoint.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/merkle.h"
#include "settlement/core/text_rules.h"

namespace causeway::core {
namespace {

absl::Status CheckLine(std::string_view field, std::string_view line, std::size_t bytes_max) {
  if (line.empty() || line.size() > bytes_max) {
    return absl::InvalidArgumentError(fmt::format(
        "checkpoint {} has {} bytes; it must have 1 to {}", field, line.size(), bytes_max));
  }
  if (!IsPlainText(line, /*newlines=*/false)) {
    return absl::InvalidArgumentError(
        fmt::format("checkpoint {} must be UTF-8 without control characters", field));
  }
  return absl::OkStatus();
}

// Takes one line off the front; the newline is not part of it.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> ParseSize(std::string_view line) {
  if (line.empty() || (line.size() > 1 && line.front() == '0')) return std::nullopt;
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size);
  if (error != std::errc() || end != line.data() + line.size()) return std::nullopt;
  return size;
}

}  // namespace

absl::Status CheckCheckpoint(const Checkpoint& checkpoint) {
  if (absl::Status origin = CheckLine("origin", checkpoint.origin, kOriginBytesMax); !origin.ok()) {
    return origin;
  }
  if (checkpoint.size == 0 && checkpoint.root != EmptyRoot()) {
    return absl::InvalidArgumentError(
        "checkpoint root at size 0 must be the empty tree's, SHA-256 of nothing");
  }
  if (checkpoint.extensions.size() > kCheckpointExtensionsMax) {
    return absl::InvalidArgumentError(
        fmt::format("checkpoint has {} extension lines; the most is {}",
                    checkpoint.extensions.size(), kCheckpointExtensionsMax));
  }
  for (const std::string& extension : checkpoint.extensions) {
    if (absl::Status line = CheckLine("extension line", extension, kCheckpointExtensionBytesMax);
        !line.ok()) {
      return line;
    }
  }
  return absl::OkStatus();
}

std::string CheckpointText(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin;
  text.append("\n").append(std::to_string(checkpoint.size)).append("\n");
  text.append(ToBase64(checkpoint.root.view())).append("\n");
  for (const std::string& extension : checkpoint.extensions) text.append(extension).append("\n");
  return text;
}

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, std::string_view key_name,
                                           const Signer& signer) {
  if (absl::Status checked = CheckCheckpoint(checkpoint); !checked.ok()) return checked;
  return SignNote(CheckpointText(checkpoint), key_name, signer);
}

absl::StatusOr<SignedCheckpoint> ParseCheckpoint(std::string_view note) {
  absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  std::string_view rest = parsed->text;
  const std::optional<std::string_view> origin = TakeLine(rest);
  const std::optional<std::string_view> size_line = TakeLine(rest);
  const std::optional<std::string_view> root_line = TakeLine(rest);
  if (!root_line.has_value()) {
    return absl::InvalidArgumentError(
        "checkpoint text is too short; it must have lines for origin, size and root");
  }
  const std::optional<std::uint64_t> size = ParseSize(*size_line);
  if (!size.has_value()) {
    return absl::InvalidArgumentError(
        "checkpoint size must be a decimal number below 2^64 without leading zeros");
  }
  const std::optional<std::string> root_bytes = FromBase64(*root_line);
  const std::optional<Hash256> root =
      root_bytes.has_value() ? Hash256::FromBytes(*root_bytes) : std::nullopt;
  if (!root.has_value()) {
    return absl::InvalidArgumentError("checkpoint root must be 32 bytes in padded base64");
  }
  SignedCheckpoint result{{std::string(*origin), *size, *root, {}}, std::move(parsed->signatures)};
  while (!rest.empty()) {
    if (result.checkpoint.extensions.size() == kCheckpointExtensionsMax) {
      return absl::InvalidArgumentError(
          fmt::format("checkpoint has more than {} extension lines", kCheckpointExtensionsMax));
    }
    result.checkpoint.extensions.emplace_back(*TakeLine(rest));
  }
  if (absl::Status checked = CheckCheckpoint(result.checkpoint); !checked.ok()) return checked;
  return result;
}

std::string FormatCheckpoint(const SignedCheckpoint& checkpoint) {
  return FormatNote({CheckpointText(checkpoint.checkpoint), checkpoint.signatures});
}

absl::Status VerifyCheckpoint(const SignedCheckpoint& checkpoint, std::string_view key_name,
                              const PublicKey& key, const SignatureVerifier& verifier) {
  return VerifyNoteSignature(CheckpointText(checkpoint.checkpoint), checkpoint.signatures, key_name,
                             key, verifier);
}

}  // namespace causeway::core
