// Reads the fields of a canonical encoding (bytes.h) and keeps the first fault with its field's
// name. Decoders read all fields, then ask Finish once.
#ifndef CAUSEWAY_SETTLEMENT_CORE_FIELD_READER_H_
#define CAUSEWAY_SETTLEMENT_CORE_FIELD_READER_H_

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"
#include "settlement/core/time.h"

namespace causeway::core {

class FieldReader {
 public:
  // `what` is encoded in `bytes`, for messages; both are borrowed.
  FieldReader(std::string_view what, std::string_view bytes) : what_(what), reader_(bytes) {}

  Reader& raw() { return reader_; }
  // So far.
  bool ok() const { return fault_.ok() && reader_.ok(); }

  // The first fault; also when bytes are missing or left over.
  absl::Status Finish() const {
    if (!fault_.ok()) return fault_;
    if (reader_.Done()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        reader_.ok() ? fmt::format("{} has {} bytes too many", what_, reader_.remaining())
                     : fmt::format("{} ends too early", what_));
  }

  void Fault(std::string_view field, std::string_view fault) {
    if (!ok()) return;
    fault_ = absl::InvalidArgumentError(fmt::format("{}: {}: {}", what_, field, fault));
  }

  // A number of a closed set, from `first` to `last`.
  template <typename Enum>
  Enum Closed(std::string_view field, Enum first, Enum last) {
    const std::uint8_t number = reader_.U8();
    if (number < static_cast<std::uint8_t>(first) || number > static_cast<std::uint8_t>(last)) {
      Fault(field, fmt::format("is {}; must be {} to {}", number, static_cast<int>(first),
                               static_cast<int>(last)));
    }
    return static_cast<Enum>(number);
  }

  // An identifier in its own spelling.
  template <typename Id>
  Id Parsed(std::string_view field) {
    return ParseText<Id>(field, reader_.Sized());
  }
  // As Parsed, or no characters for one that is empty.
  template <typename Id>
  Id ParsedOrEmpty(std::string_view field) {
    const std::string_view text = reader_.Sized();
    return text.empty() ? Id{} : ParseText<Id>(field, text);
  }

  // How many elements follow, each of at least `bytes_min` bytes: 0 when there is no room for them.
  std::size_t Count(std::string_view field, std::size_t bytes_min) {
    const std::size_t count = reader_.U32();
    if (count > reader_.remaining() / bytes_min) {
      Fault(field, fmt::format("count {} is more than the bytes that follow hold", count));
    }
    return ok() ? count : 0;
  }

  // Nil is sixteen zeros.
  Uetr ReadUetr(std::string_view field) {
    const std::string_view raw = reader_.Raw(16);
    if (!reader_.ok() || raw == Uetr{}.view()) return Uetr{};
    const absl::StatusOr<Uetr> uetr = Uetr::FromBytes(raw);
    if (!uetr.ok()) Fault(field, std::string(uetr.status().message()));
    return uetr.value_or(Uetr{});
  }

  BusinessDate ReadDate(std::string_view field) {
    const auto days = static_cast<std::int32_t>(reader_.U32());
    const std::optional<BusinessDate> date = BusinessDate::FromDays(days);
    if (!date.has_value()) {
      Fault(field, fmt::format("{} days after 1970-01-01 is outside the calendar; must be within "
                               "the years 1 to 9999",
                               days));
    }
    return date.value_or(BusinessDate{});
  }

 private:
  template <typename Id>
  Id ParseText(std::string_view field, std::string_view text) {
    absl::StatusOr<Id> id = Id::Parse(text);
    if (!id.ok()) Fault(field, std::string(id.status().message()));
    return id.ok() ? *std::move(id) : Id{};
  }

  std::string_view what_;
  Reader reader_;
  absl::Status fault_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_FIELD_READER_H_
