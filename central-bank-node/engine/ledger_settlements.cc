// Settlements that have ended, as the log has them.
#include <optional>
#include <utility>
#include <variant>

#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/codec/codec.h"

namespace causeway::node {

absl::StatusOr<std::optional<core::SettlementState>> LedgerEngine::ReadSettlement(
    const core::Hash256& settlement_id) const {
  std::optional<core::SettlementState> none;
  const auto ended = ledger_->FindEnded(settlement_id);
  if (!ended.ok()) return ended.status();
  if (!ended->has_value() || (*ended)->legs.empty()) return none;
  const core::EndedSettlement& end = **ended;
  // Terms and legs stand in what was to be prepared: with the hold, or with the rejection.
  const absl::StatusOr<std::uint64_t> number =
      FindBatch(end.hold != 0 ? end.hold : end.entry_index);
  if (!number.ok()) return number.status();
  const LogReads::SharedBatch batch = BatchAt(*number);
  if (!batch.ok()) return batch.status();
  for (const core::Item& item : (*batch)->items) {
    if (core::PayloadHash(item.envelope) != end.legs.front().payload_hash) continue;
    absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
    if (!body.ok()) return Damaged(*number, std::string(body.status().message()));
    auto* prepare = std::get_if<core::PrepareSettlement>(&*body);
    if (prepare == nullptr || prepare->terms.settlement_id != settlement_id) continue;
    core::SettlementState state{.settlement_id = settlement_id,
                                .status = end.status,
                                .terms = std::move(prepare->terms),
                                .rejection = end.rejection,
                                .hold = end.hold,
                                .entry_index = end.entry_index,
                                .prepared = (*batch)->header.time};
    for (core::ProvenLeg& leg : prepare->legs) state.legs.push_back(std::move(leg.leg));
    return std::optional(std::move(state));
  }
  return Damaged(*number, "it has the legs of a settlement and not its terms");
}

}  // namespace causeway::node
