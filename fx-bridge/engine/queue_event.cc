#include "fx-bridge/engine/queue_event.h"

#include <array>
#include <type_traits>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/bytes.h"
#include "settlement/core/settlement.h"

namespace causeway::bridge {
namespace {

constexpr std::uint8_t kQueueLogVersion = 1;
// An event is its kind, its time and at least four bytes.
constexpr std::uint32_t kQueueEventBytesMin = 13;

class EventWriter {
 public:
  explicit EventWriter(core::Writer& out) : out_(out) {}

  void operator()(const QueueRuled& event) {
    const fx_queue::QueueRules& rules = event.rules;
    out_.I64(rules.every.micros()).U8(static_cast<std::uint8_t>(rules.selection));
    out_.U8(rules.bypass ? 1 : 0).I64(rules.answer_timeout.micros());
    out_.U8(rules.wait_max ? 1 : 0).I64(rules.wait_max ? rules.wait_max->micros() : 0);
    out_.U32(rules.exact_max);
  }
  void operator()(const TradeEntered& event) {
    out_.Sized(event.by.text()).Sized(core::EncodeEnvelope(event.trade));
  }
  void operator()(const TradeWithdrawn& event) {
    out_.Sized(event.by.text()).Sized(core::EncodeEnvelope(event.withdrawal));
  }
  void operator()(const TradeExpired& event) { out_.Hash(event.trade); }
  void operator()(const RunBegan& event) { out_.U64(event.run); }
  void operator()(const FundsTold& event) {
    out_.U64(event.run).Sized(event.by.text()).Sized(event.ledger.text());
    out_.I64(event.funds.minor());
  }
  void operator()(const FundsTimeOver& event) { out_.U64(event.run); }
  void operator()(const AttemptMade& event) {
    out_.U32(event.attempt).Sized(event.terms.terms);
    out_.U32(static_cast<std::uint32_t>(event.terms.legs.size()));
    for (const std::string& leg : event.terms.legs) out_.Sized(leg);
  }
  void operator()(const AttemptSigned& event) {
    out_.U32(event.attempt).Sized(event.by.text());
    out_.Hash(event.signature.key_id).Sized(event.signature.signature);
  }
  void operator()(const SigningTimeOver& event) { out_.U32(event.attempt); }
  void operator()(const AttemptEnded& event) {
    out_.U32(event.attempt).U16(static_cast<std::uint16_t>(event.outcome.outcome));
    out_.I64(event.outcome.actual).I64(event.outcome.required);
    out_.Sized(event.outcome.rule).Sized(event.outcome.message);
    out_.U8(event.blamed ? 1 : 0);
    if (event.blamed) out_.U32(event.blamed->first).Sized(event.blamed->second.text());
  }

 private:
  core::Writer& out_;
};

// Overloads read one kind each; what is wrong makes the reader fail.
class EventReader {
 public:
  explicit EventReader(core::Reader& in) : in_(in) {}

  void Read(QueueRuled& event) {
    fx_queue::QueueRules& rules = event.rules;
    rules.every = core::Duration::FromMicros(in_.I64());
    const auto selection = fx_queue::SettlementSelectionFromNumber(in_.U8());
    if (!selection) in_.Fail();
    rules.selection = selection.value_or(fx_queue::SettlementSelection::kNone);
    rules.bypass = Flag();
    rules.answer_timeout = core::Duration::FromMicros(in_.I64());
    const bool has_wait_max = Flag();
    const core::Duration wait_max = core::Duration::FromMicros(in_.I64());
    if (has_wait_max) rules.wait_max = wait_max;
    if (!has_wait_max && wait_max != core::Duration::Zero()) in_.Fail();
    rules.exact_max = in_.U32();
  }
  void Read(TradeEntered& event) {
    Text(event.by);
    Signed(event.trade);
  }
  void Read(TradeWithdrawn& event) {
    Text(event.by);
    Signed(event.withdrawal);
  }
  void Read(TradeExpired& event) { event.trade = in_.Hash(); }
  void Read(RunBegan& event) { event.run = in_.U64(); }
  void Read(FundsTold& event) {
    event.run = in_.U64();
    Text(event.by);
    Text(event.ledger);
    event.funds = core::Amount::FromMinor(in_.I64());
  }
  void Read(FundsTimeOver& event) { event.run = in_.U64(); }
  void Read(AttemptMade& event) {
    event.attempt = in_.U32();
    event.terms.terms = in_.Sized();
    const std::uint32_t count = in_.U32();
    if (count > core::kSettlementLegsMax) in_.Fail();
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
      event.terms.legs.emplace_back(in_.Sized());
    }
  }
  void Read(AttemptSigned& event) {
    event.attempt = in_.U32();
    Text(event.by);
    event.signature.key_id = in_.Hash();
    event.signature.signature = in_.Sized();
  }
  void Read(SigningTimeOver& event) { event.attempt = in_.U32(); }
  void Read(AttemptEnded& event) {
    event.attempt = in_.U32();
    const auto outcome = core::OutcomeFromNumber(in_.U16());
    if (!outcome) in_.Fail();
    event.outcome.outcome = outcome.value_or(core::Outcome::kMalformed);
    event.outcome.actual = in_.I64();
    event.outcome.required = in_.I64();
    event.outcome.rule = in_.Sized();
    event.outcome.message = in_.Sized();
    if (!Flag()) return;
    event.blamed.emplace();
    event.blamed->first = in_.U32();
    Text(event.blamed->second);
  }

 private:
  bool Flag() {
    const std::uint8_t flag = in_.U8();
    if (flag > 1) in_.Fail();
    return flag == 1;
  }
  template <typename Id>
  void Text(Id& out) {
    const absl::StatusOr<Id> id = Id::Parse(in_.Sized());
    if (id.ok()) {
      out = *id;
    } else {
      in_.Fail();
    }
  }
  void Signed(core::Envelope& out) {
    absl::StatusOr<core::Envelope> envelope = core::DecodeEnvelope(in_.Sized());
    if (envelope.ok()) {
      out = *std::move(envelope);
    } else {
      in_.Fail();
    }
  }

  core::Reader& in_;
};

using What = decltype(QueueEvent::what);

// Kinds are numbered from 1, in the order of the variant, which never changes.
template <std::size_t kKind = 0>
bool ReadWhat(std::uint8_t kind, EventReader& reader, What& what) {
  if constexpr (kKind == std::variant_size_v<What>) {
    return false;
  } else {
    if (kind != kKind + 1) return ReadWhat<kKind + 1>(kind, reader, what);
    reader.Read(what.emplace<kKind>());
    return true;
  }
}

}  // namespace

std::string EncodeQueueEvents(const std::vector<QueueEvent>& events) {
  core::Writer writer;
  writer.U8(kQueueLogVersion).U32(static_cast<std::uint32_t>(events.size()));
  for (const QueueEvent& event : events) {
    writer.U8(static_cast<std::uint8_t>(event.what.index() + 1)).I64(event.at.micros());
    std::visit(EventWriter(writer), event.what);
  }
  return std::move(writer).Take();
}

absl::StatusOr<std::vector<QueueEvent>> DecodeQueueEvents(std::string_view body) {
  core::Reader reader(body);
  if (reader.U8() != kQueueLogVersion) {
    return absl::InvalidArgumentError("version: is not one that this program reads (1)");
  }
  const std::uint32_t count = reader.U32();
  if (!reader.ok() || count > reader.remaining() / kQueueEventBytesMin) {
    return absl::InvalidArgumentError("count: more events than there are bytes for");
  }
  std::vector<QueueEvent> events(count);
  EventReader fields(reader);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t kind = reader.U8();
    events[i].at = core::LedgerTime::FromMicros(reader.I64());
    if (!ReadWhat(kind, fields, events[i].what) || !reader.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("event {}: is of no known kind, or does not decode", i));
    }
  }
  if (!reader.Done()) return absl::InvalidArgumentError("has bytes too many");
  return events;
}

}  // namespace causeway::bridge
