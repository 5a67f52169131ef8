#include "settlement/codec/fields.h"

#include <optional>

#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/unknown_field_set.h"
#include "settlement/core/text_rules.h"

namespace causeway::codec {

std::string Path::ToString() const {
  std::string text = parent == nullptr ? std::string() : parent->ToString();
  if (!text.empty() && !name.empty()) text += '.';
  text += name;
  if (index >= 0) text += fmt::format("[{}]", index);
  return text;
}

void Fields::Fail(const Path& path, std::string_view what, absl::StatusCode code) {
  if (!status_.ok()) return;
  const std::string place = path.ToString();
  status_ =
      absl::Status(code, place.empty() ? std::string(what) : fmt::format("{}: {}", place, what));
}

void Fields::RefuseUnknown(const Path& path, const google::protobuf::Message& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) return;
  Fail(path, fmt::format("has field number {}, which is unknown in {}; leave it out, or send it to "
                         "a node that knows it",
                         unknown.field(0).number(), message.GetTypeName()));
}

bool Fields::ParseMessage(const Path& path, std::string_view bytes, std::size_t bytes_max,
                          google::protobuf::Message* message) {
  if (bytes.size() > bytes_max) {
    Fail(path, fmt::format("{} has {} bytes; the most is {}", message->GetTypeName(), bytes.size(),
                           bytes_max));
    return false;
  }
  // The library would write a line to stderr for text that is not UTF-8: not for strangers to
  // cause.
  const google::protobuf::LogSilencer silencer;
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    Fail(path, fmt::format("the bytes are not a well-formed {}", message->GetTypeName()));
    return false;
  }
  return true;
}

bool Fields::Require(const Path& path, bool present) {
  if (!present) Fail(path, "is missing; must be set");
  return present;
}

core::Hash256 Fields::Hash(const Path& path, std::string_view raw) {
  const std::optional<core::Hash256> hash = core::Hash256::FromBytes(raw);
  if (!hash.has_value()) Fail(path, fmt::format("has {} bytes; must have 32", raw.size()));
  return hash.value_or(core::Hash256{});
}

core::Hash256 Fields::OptionalHash(const Path& path, std::string_view raw) {
  if (raw.empty()) return core::Hash256{};
  const core::Hash256 hash = Hash(path, raw);
  if (ok() && hash.IsZero()) Fail(path, "is 32 zero bytes; must be a hash, or empty for none");
  return hash;
}

core::Uetr Fields::Uetr(const Path& path, std::string_view raw) {
  const absl::StatusOr<core::Uetr> uetr = core::Uetr::FromBytes(raw);
  if (!uetr.ok()) Fail(path, std::string(uetr.status().message()));
  return uetr.value_or(core::Uetr{});
}

std::string Fields::Raw(const Path& path, std::string_view raw, std::size_t size) {
  if (raw.size() != size) {
    Fail(path, fmt::format("has {} bytes; must have {}", raw.size(), size));
  }
  return std::string(raw);
}

std::string Fields::Text(const Path& path, std::string_view text, std::size_t min,
                         std::size_t max) {
  if (!core::IsPlainText(text, /*newlines=*/false)) {
    Fail(path, "must be UTF-8 text on one line without control characters");
    return {};
  }
  const std::size_t count = core::CountCharacters(text);
  if (count < min || count > max) {
    Fail(path, fmt::format("has {} characters; must have {} to {}", count, min, max));
  }
  return std::string(text);
}

bool Fields::Count(const Path& path, std::size_t count, std::size_t min, std::size_t max) {
  if (count >= min && count <= max) return true;
  Fail(path, fmt::format("has {} elements; must have {} to {}", count, min, max));
  return false;
}

}  // namespace causeway::codec
