// What happened to the bridge's settlement queue, as its log keeps it: enough to compute the same
// state again. Format: docs/formats/queue-log.md. Plain values; pure functions.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_EVENT_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "fx-bridge/engine/netted_terms.h"
#include "fx-bridge/queue/rules.h"
#include "settlement/core/envelope.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::bridge {

// The rules from now on; the first event of every log.
struct QueueRuled {
  fx_queue::QueueRules rules;
  friend bool operator==(const QueueRuled&, const QueueRuled&) = default;
};
// A party's word: the signed trade, with its signature among others perhaps.
struct TradeEntered {
  core::ParticipantId by;
  core::Envelope trade;
  friend bool operator==(const TradeEntered&, const TradeEntered&) = default;
};
struct TradeWithdrawn {
  core::ParticipantId by;
  core::Envelope withdrawal;
  friend bool operator==(const TradeWithdrawn&, const TradeWithdrawn&) = default;
};
// A trade's time is over.
struct TradeExpired {
  core::Hash256 trade;
  friend bool operator==(const TradeExpired&, const TradeExpired&) = default;
};
struct RunBegan {
  std::uint64_t run = 0;
  friend bool operator==(const RunBegan&, const RunBegan&) = default;
};
// A member says what it can pay with from its account on that ledger.
struct FundsTold {
  std::uint64_t run = 0;
  core::ParticipantId by;
  core::LedgerOrigin ledger;
  core::Amount funds;
  friend bool operator==(const FundsTold&, const FundsTold&) = default;
};
struct FundsTimeOver {
  std::uint64_t run = 0;
  friend bool operator==(const FundsTimeOver&, const FundsTimeOver&) = default;
};
// The terms that the payers of an attempt are asked to sign.
struct AttemptMade {
  std::uint32_t attempt = 0;
  NettedTerms terms;
  friend bool operator==(const AttemptMade&, const AttemptMade&) = default;
};
struct AttemptSigned {
  std::uint32_t attempt = 0;
  core::ParticipantId by;
  core::Signature signature;
  friend bool operator==(const AttemptSigned&, const AttemptSigned&) = default;
};
struct SigningTimeOver {
  std::uint32_t attempt = 0;
  friend bool operator==(const SigningTimeOver&, const SigningTimeOver&) = default;
};
// How its settlement ended: kAccepted when it settled. `blamed`: the leg and participant whose
// payment was refused, if one was.
struct AttemptEnded {
  std::uint32_t attempt = 0;
  core::Rejection outcome;
  std::optional<std::pair<std::uint32_t, core::ParticipantId>> blamed;
  friend bool operator==(const AttemptEnded&, const AttemptEnded&) = default;
};

struct QueueEvent {
  core::LedgerTime at;
  std::variant<QueueRuled, TradeEntered, TradeWithdrawn, TradeExpired, RunBegan, FundsTold,
               FundsTimeOver, AttemptMade, AttemptSigned, SigningTimeOver, AttemptEnded>
      what;

  friend bool operator==(const QueueEvent&, const QueueEvent&) = default;
};

// The body of one block.
std::string EncodeQueueEvents(const std::vector<QueueEvent>& events);
// InvalidArgument for anything that EncodeQueueEvents would not have written.
absl::StatusOr<std::vector<QueueEvent>> DecodeQueueEvents(std::string_view body);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_EVENT_H_
