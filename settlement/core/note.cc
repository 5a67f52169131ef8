#include "settlement/core/note.h"

#include <optional>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/text_rules.h"

namespace causeway::core {
namespace {

constexpr std::string_view kSignatureLineStart = "\xe2\x80\x94 ";  // em dash U+2014, space
constexpr std::size_t kKeyIdBytes = 4;

std::uint32_t LeadingU32(std::string_view bytes) { return Reader(bytes).U32(); }

// The key id of all types but ECDSA. `type` of two parts, the second of which may be empty.
std::uint32_t TypedKeyId(std::string_view key_name, std::string_view type, std::string_view name,
                         std::string_view key) {
  Sha256Hasher hasher;
  hasher.Update(key_name).Update("\n").Update(type).Update(name).Update(key);
  return LeadingU32(hasher.Finish().view());
}

absl::Status CheckText(std::string_view text) {
  if (text.empty() || text.back() != '\n') {
    return absl::InvalidArgumentError("note text must end in a newline");
  }
  if (!IsPlainText(text, /*newlines=*/true)) {
    return absl::InvalidArgumentError(
        "note text must be UTF-8 without control characters other than newline");
  }
  return absl::OkStatus();
}

absl::StatusOr<NoteSignature> ParseSignatureLine(std::string_view line, std::size_t number) {
  const auto refuse = [number](std::string_view why) {
    return absl::InvalidArgumentError(fmt::format(
        "note signature line {} {}; it must read \"\u2014 <key name> <base64>\"", number, why));
  };
  if (line.substr(0, kSignatureLineStart.size()) != kSignatureLineStart) {
    return refuse("does not begin with an em dash and a space");
  }
  line.remove_prefix(kSignatureLineStart.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return refuse("has no signature");
  NoteSignature signature;
  signature.key_name = line.substr(0, space);
  if (!CheckNoteKeyName(signature.key_name).ok()) return refuse("has a bad key name");
  const std::optional<std::string> bytes = FromBase64(line.substr(space + 1));
  if (!bytes.has_value()) return refuse("is not in base64");
  if (bytes->size() <= kKeyIdBytes) return refuse("is too short for a key id and a signature");
  signature.key_id = LeadingU32(*bytes);
  signature.signature = bytes->substr(kKeyIdBytes);
  return signature;
}

absl::StatusOr<NoteSignature> Sign(std::string_view text, std::string_view key_name,
                                   const Signer& signer) {
  absl::StatusOr<std::string> bytes = signer.Sign(text);
  if (!bytes.ok()) return bytes.status();
  return NoteSignature{std::string(key_name), NoteKeyId(key_name, signer.public_key()),
                       *std::move(bytes)};
}

}  // namespace

absl::Status CheckNoteKeyName(std::string_view name) {
  if (name.empty() || name.size() > kNoteKeyNameBytesMax) {
    return absl::InvalidArgumentError(fmt::format(
        "note key name has {} bytes; it must have 1 to {}", name.size(), kNoteKeyNameBytesMax));
  }
  if (!IsPlainText(name, /*newlines=*/false) || HasUnicodeSpace(name) ||
      name.find('+') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "note key name must be UTF-8 without spaces, control characters and plus signs, such as "
        "\"bank.example/ledger\"");
  }
  return absl::OkStatus();
}

std::uint32_t NoteKeyId(std::string_view key_name, const PublicKey& key) {
  switch (key.suite) {
    case SuiteId::kEd25519Sha256:
      return TypedKeyId(key_name, "\x01", "", key.bytes);
    case SuiteId::kP256Sha256:
      return LeadingU32(Sha256(key.bytes).view());
    case SuiteId::kSm2Sm3:
    case SuiteId::kModelled:
      break;
  }
  return TypedKeyId(key_name, "\xff", SuiteName(key.suite), key.bytes);
}

absl::StatusOr<std::string> SignNote(std::string_view text, std::string_view key_name,
                                     const Signer& signer) {
  if (absl::Status checked = CheckText(text); !checked.ok()) return checked;
  if (absl::Status checked = CheckNoteKeyName(key_name); !checked.ok()) return checked;
  absl::StatusOr<NoteSignature> signature = Sign(text, key_name, signer);
  if (!signature.ok()) return signature.status();
  std::string note = FormatNote({std::string(text), {*std::move(signature)}});
  if (note.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("note has {} bytes; the most is {}", note.size(), kNoteBytesMax));
  }
  return note;
}

absl::StatusOr<std::string> AddNoteSignature(std::string_view note, std::string_view key_name,
                                             const Signer& signer) {
  if (absl::Status checked = CheckNoteKeyName(key_name); !checked.ok()) return checked;
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  const std::uint32_t key_id = NoteKeyId(key_name, signer.public_key());
  for (const NoteSignature& signature : parsed->signatures) {
    if (signature.key_name == key_name && signature.key_id == key_id) {
      return absl::AlreadyExistsError(fmt::format("note is already signed by {}", key_name));
    }
  }
  if (parsed->signatures.size() == kNoteSignaturesMax) {
    return absl::InvalidArgumentError(
        fmt::format("note has the most signatures allowed, {}", kNoteSignaturesMax));
  }
  absl::StatusOr<NoteSignature> signature = Sign(parsed->text, key_name, signer);
  if (!signature.ok()) return signature.status();
  std::string longer = std::string(note) + FormatNoteSignature(*signature);
  if (longer.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("note would have {} bytes; the most is {}", longer.size(), kNoteBytesMax));
  }
  return longer;
}

absl::StatusOr<Note> ParseNote(std::string_view note) {
  if (note.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("note has {} bytes; the most is {}", note.size(), kNoteBytesMax));
  }
  if (absl::Status checked = CheckText(note); !checked.ok()) return checked;
  // The text may have empty lines; the last one is what separates it from the signatures.
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) {
    return absl::InvalidArgumentError("note has no empty line between text and signatures");
  }
  Note parsed;
  parsed.text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  if (rest.empty()) return absl::InvalidArgumentError("note has no signature line");
  while (!rest.empty()) {
    if (parsed.signatures.size() == kNoteSignaturesMax) {
      return absl::InvalidArgumentError(
          fmt::format("note has more than {} signatures", kNoteSignaturesMax));
    }
    const std::size_t end = rest.find('\n');
    absl::StatusOr<NoteSignature> signature =
        ParseSignatureLine(rest.substr(0, end), parsed.signatures.size() + 1);
    if (!signature.ok()) return signature.status();
    parsed.signatures.push_back(*std::move(signature));
    rest.remove_prefix(end + 1);
  }
  return parsed;
}

std::string FormatNote(const Note& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) text += FormatNoteSignature(signature);
  return text;
}

std::string FormatNoteSignature(const NoteSignature& signature) {
  Writer writer;
  writer.U32(signature.key_id).Raw(signature.signature);
  std::string line(kSignatureLineStart);
  line.append(signature.key_name).append(" ").append(ToBase64(writer.bytes())).append("\n");
  return line;
}

absl::StatusOr<NoteSignature> ParseNoteSignature(std::string_view line) {
  if (line.size() > kNoteBytesMax || line.empty() || line.back() != '\n') {
    return absl::InvalidArgumentError("note signature line must end in its one newline");
  }
  line.remove_suffix(1);
  if (!IsPlainText(line, /*newlines=*/false)) {
    return absl::InvalidArgumentError("note signature line must be one line of plain UTF-8");
  }
  return ParseSignatureLine(line, 1);
}

absl::Status VerifyNoteSignature(std::string_view text,
                                 const std::vector<NoteSignature>& signatures,
                                 std::string_view key_name, const PublicKey& key,
                                 const SignatureVerifier& verifier) {
  const std::uint32_t key_id = NoteKeyId(key_name, key);
  bool found = false;
  for (const NoteSignature& signature : signatures) {
    if (signature.key_name != key_name || signature.key_id != key_id) continue;
    if (!verifier.Verify(key, text, signature.signature)) {
      return absl::UnauthenticatedError(
          fmt::format("note signature of {} (key id {:08x}) does not verify", key_name, key_id));
    }
    found = true;
  }
  if (!found) {
    return absl::NotFoundError(
        fmt::format("note has no signature of {} (key id {:08x})", key_name, key_id));
  }
  return absl::OkStatus();
}

}  // namespace causeway::core
