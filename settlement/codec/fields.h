// The checks that all decoders of this module share: each names the field by its path when it
// fails. Internal to settlement/codec.
#ifndef CAUSEWAY_SETTLEMENT_CODEC_FIELDS_H_
#define CAUSEWAY_SETTLEMENT_CODEC_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "google/protobuf/message.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"

namespace causeway::codec {

// Where a field stands, such as pay_batch.payments[3].amount: a chain on the stack, spelled out
// only when something is wrong, so that a good message pays nothing for it. Each link borrows.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;  // in a repeated field

  std::string ToString() const;
};

// Keeps the first fault. After one, further checks return empty values; whoever decodes reads all
// fields and asks once.
class Fields {
 public:
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

  // "<path>: <what>", as InvalidArgument unless told otherwise.
  void Fail(const Path& path, std::string_view what,
            absl::StatusCode code = absl::StatusCode::kInvalidArgument);

  // Parses `bytes` of at most `bytes_max`; false (and a fault) if they are no such message.
  bool ParseMessage(const Path& path, std::string_view bytes, std::size_t bytes_max,
                    google::protobuf::Message* message);
  // To be called for every message that is decoded: nobody signs what a reader would ignore.
  void RefuseUnknown(const Path& path, const google::protobuf::Message& message);
  // For a submessage that must be there.
  bool Require(const Path& path, bool present);

  // By T::Parse.
  template <typename T>
  T Parse(const Path& path, std::string_view text) {
    absl::StatusOr<T> value = T::Parse(text);
    if (value.ok()) return *std::move(value);
    Fail(path, std::string(value.status().message()));
    return T{};
  }
  template <typename T>
  T ParseOptional(const Path& path, std::string_view text) {
    return text.empty() ? T{} : Parse<T>(path, text);
  }
  // Exactly 32 bytes.
  core::Hash256 Hash(const Path& path, std::string_view raw);
  // Empty is the zero hash; 32 zero bytes are refused, as one value has one spelling.
  core::Hash256 OptionalHash(const Path& path, std::string_view raw);
  core::Uetr Uetr(const Path& path, std::string_view raw);
  std::string Raw(const Path& path, std::string_view raw, std::size_t size);
  // Readable text without control characters, its length in characters (code points).
  std::string Text(const Path& path, std::string_view text, std::size_t min, std::size_t max);
  // A number of a closed set that begins at 1.
  template <typename Enum>
  Enum Closed(const Path& path, int number, Enum last) {
    if (number >= 1 && number <= static_cast<int>(last)) return static_cast<Enum>(number);
    Fail(path, fmt::format("is {}; must be 1 to {}", number, static_cast<int>(last)));
    return Enum{};
  }
  // The same of a set in which 0 has a meaning.
  template <typename Enum>
  Enum ClosedOrNone(const Path& path, int number, Enum last) {
    if (number >= 0 && number <= static_cast<int>(last)) return static_cast<Enum>(number);
    Fail(path, fmt::format("is {}; must be 0 to {}", number, static_cast<int>(last)));
    return Enum{};
  }
  // False, and a fault, unless min <= count <= max.
  bool Count(const Path& path, std::size_t count, std::size_t min, std::size_t max);
  // A list of hashes of 32 bytes each, at most `max`.
  template <typename List>
  std::vector<core::Hash256> Hashes(const Path& parent, std::string_view name, const List& list,
                                    std::size_t max) {
    std::vector<core::Hash256> hashes;
    const auto count = static_cast<std::size_t>(list.size());
    if (!Count({&parent, name}, count, 0, max)) return hashes;
    hashes.reserve(count);
    for (const std::string& raw : list) {
      hashes.push_back(Hash({&parent, name, static_cast<std::int64_t>(hashes.size())}, raw));
    }
    return hashes;
  }

 private:
  absl::Status status_;
};

}  // namespace causeway::codec

#endif  // CAUSEWAY_SETTLEMENT_CODEC_FIELDS_H_
