// The genesis of a ledger.
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decoders.h"
#include "settlement/codec/fields.h"
#include "settlement/core/hash.h"

namespace causeway::codec {
namespace {

constexpr std::uint32_t kApproversMin = 2;  // four eyes
constexpr std::size_t kSuitesMax = 8;
constexpr Path kRoot{};

std::vector<core::SuiteId> DecodeSuites(Fields& fields, const v1::Genesis& message) {
  std::vector<core::SuiteId> suites;
  if (!fields.Count({&kRoot, "suites"}, static_cast<std::size_t>(message.suites_size()), 1,
                    kSuitesMax)) {
    return suites;
  }
  for (const int number : message.suites()) {
    const Path place{&kRoot, "suites", static_cast<std::int64_t>(suites.size())};
    const std::optional<core::SuiteId> suite =
        number > 0 && number <= 255 ? core::SuiteFromNumber(static_cast<std::uint8_t>(number))
                                    : std::nullopt;
    if (!suite.has_value()) {
      fields.Fail(place, fmt::format("is {}, which is no suite", number));
      return suites;
    }
    for (const core::SuiteId earlier : suites) {
      if (earlier == *suite) fields.Fail(place, "stands in the list twice; name each suite once");
    }
    suites.push_back(*suite);
  }
  return suites;
}

}  // namespace

absl::StatusOr<core::Genesis> DecodeGenesis(std::string_view bytes) {
  Fields fields;
  v1::Genesis message;
  if (!fields.ParseMessage(kRoot, bytes, kMessageBytesMax, &message)) return fields.status();
  fields.RefuseUnknown(kRoot, message);
  core::Genesis genesis;
  genesis.ledger = fields.Parse<core::LedgerOrigin>({&kRoot, "ledger"}, message.ledger());
  genesis.currency = fields.Parse<core::Currency>({&kRoot, "currency"}, message.currency());
  if (fields.Require({&kRoot, "ledger_key"}, message.has_ledger_key())) {
    genesis.ledger_key = DecodeKey(fields, {&kRoot, "ledger_key"}, message.ledger_key());
  }
  if (fields.Require({&kRoot, "central_bank"}, message.has_central_bank())) {
    genesis.central_bank =
        DecodeRegisterParticipant(fields, {&kRoot, "central_bank"}, message.central_bank());
  }
  genesis.liability_account = fields.Parse<core::AccountAddress>({&kRoot, "liability_account"},
                                                                 message.liability_account());
  genesis.suites = DecodeSuites(fields, message);
  genesis.business_date =
      fields.Parse<core::BusinessDate>({&kRoot, "business_date"}, message.business_date());
  genesis.approvers_needed = message.approvers_needed();
  if (genesis.approvers_needed < kApproversMin || genesis.approvers_needed > kKeysMax) {
    fields.Fail(
        {&kRoot, "approvers_needed"},
        fmt::format("is {}; must be {} to {}", genesis.approvers_needed, kApproversMin, kKeysMax));
  }
  if (message.created_us() <= 0) {
    fields.Fail({&kRoot, "created_us"},
                fmt::format("is {}; must be microseconds since 1970-01-01T00:00:00Z",
                            message.created_us()));
  }
  genesis.created = core::LedgerTime::FromMicros(message.created_us());
  if (!fields.ok()) return fields.status();
  genesis.hash = core::Sha256(bytes);
  genesis.bytes = bytes;
  return genesis;
}

std::string EncodeGenesis(const core::Genesis& genesis) {
  v1::Genesis message;
  message.set_ledger(genesis.ledger.ToString());
  message.set_currency(genesis.currency.ToString());
  ToProto(genesis.ledger_key, message.mutable_ledger_key());
  EncodeRegisterParticipant(genesis.central_bank, message.mutable_central_bank());
  message.set_liability_account(genesis.liability_account.ToString());
  for (const core::SuiteId suite : genesis.suites) {
    message.add_suites(static_cast<v1::Suite>(suite));
  }
  message.set_business_date(genesis.business_date.ToString());
  message.set_approvers_needed(genesis.approvers_needed);
  message.set_created_us(genesis.created.micros());
  return message.SerializeAsString();
}

}  // namespace causeway::codec
