#include "fx-bridge/runtime/bridge_views.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/bytes.h"

namespace causeway::bridge {
namespace {

void ToProto(const CurrencyPair& pair, v1::CurrencyPair* out) {
  out->set_base(pair.base.ToString());
  out->set_quote(pair.quote.ToString());
}

void ToProto(const core::Money& money, v1::Money* out) {
  out->set_currency(money.currency.ToString());
  out->set_minor_units(money.amount.minor());
}

core::Rejection Malformed(std::string_view field, const absl::Status& status) {
  core::Rejection rejection;
  rejection.outcome = core::Outcome::kMalformed;
  rejection.message = fmt::format("{}: {}", field, std::string(status.message()));
  return rejection;
}

template <typename T>
bool Parse(std::string_view field, const std::string& text, T* out, core::Rejection* error) {
  absl::StatusOr<T> parsed = T::Parse(text);
  if (parsed.ok()) {
    *out = *parsed;
  } else {
    *error = Malformed(field, parsed.status());
  }
  return parsed.ok();
}

}  // namespace

bool IsFinal(SettlementState state) {
  return state == SettlementState::kSettled || state == SettlementState::kAborted;
}

bool IsDecided(SettlementState state) {
  return IsFinal(state) || state == SettlementState::kCommitted ||
         state == SettlementState::kAborting || state == SettlementState::kCertifying;
}

void ToProto(const SettlementView& view, v1::SettlementView* out) {
  out->set_settlement_id(std::string(view.settlement_id.view()));
  // The numbers are the same, by coordinator.h.
  out->set_state(static_cast<v1::SettlementState>(view.state));
  if (view.rejection.has_value()) codec::ToProto(*view.rejection, out->mutable_rejection());
  out->set_deadline_us(view.deadline.micros());
  out->set_submitted_us(view.submitted.micros());
  out->set_decided_us(view.decided.micros());
  for (const pvp::LedgerProgress& ledger : view.ledgers) {
    v1::LedgerProgress* progress = out->add_ledgers();
    progress->set_ledger(ledger.ledger.ToString());
    progress->set_prepared(ledger.prepared);
    progress->set_complete(ledger.complete);
  }
  for (const core::ParticipantId& participant : view.awaiting) {
    out->add_awaiting(participant.ToString());
  }
  out->set_list_count(view.list_count);
  if (IsDecided(view.state)) out->set_list_committed(view.list_committed.bits());
}

void ToOperatorView(const SettlementView& view, v1::SettlementView* out) {
  ToProto(view, out);
  for (std::size_t i = 0; i < view.ledgers.size(); ++i) {
    const pvp::LedgerProgress& ledger = view.ledgers[i];
    v1::LedgerProgress* progress = out->mutable_ledgers(static_cast<int>(i));
    progress->set_attempts(ledger.attempts);
    if (!ledger.failure.has_value()) continue;
    codec::ToProto(*ledger.failure, progress->mutable_failure());
    progress->set_failed_us(ledger.failed.micros());
  }
}

void ToProto(const SettlementView& view, const BridgeEngine& engine, v1::SettlementView* out) {
  ToProto(view, out);
  if (!IsDecided(view.state)) return;
  const absl::StatusOr<core::Certificate> certificate = engine.MakeCertificate(view.settlement_id);
  if (certificate.ok()) codec::ToProto(*certificate, out->mutable_certificate());
}

void ToProto(const Quote& quote, v1::Quote* out) {
  out->set_quote_id(quote.quote_id);
  out->set_provider(quote.provider.ToString());
  ToProto(quote.pair, out->mutable_pair());
  out->set_bid(quote.bid.ToString());
  out->set_ask(quote.ask.ToString());
  out->set_rate(quote.rate.ToString());
  ToProto(quote.sell, out->mutable_sell());
  ToProto(quote.buy, out->mutable_buy());
  out->set_expires_us(quote.expires.micros());
  out->set_value_date("T+0");
  out->set_terms(quote.terms);
  for (const std::string& leg : quote.legs) out->add_legs(leg);
  out->set_settlement_id(std::string(quote.settlement_id.view()));
}

std::variant<QuoteRequest, core::Rejection> FromProto(const v1::QuoteRequest& request) {
  QuoteRequest out;
  core::Rejection error;
  const bool parsed =
      Parse("taker", request.taker(), &out.taker, &error) &&
      Parse("sell_currency", request.sell_currency(), &out.sell_currency, &error) &&
      Parse("buy_currency", request.buy_currency(), &out.buy_currency, &error) &&
      Parse("sell_account", request.sell_account(), &out.sell_account, &error) &&
      Parse("buy_account", request.buy_account(), &out.buy_account, &error) &&
      Parse("instruction_id", request.instruction_id(), &out.instruction_id, &error);
  if (!parsed) return error;
  if (request.has_sell_minor_units()) {
    out.sell_amount = core::Amount::FromMinor(request.sell_minor_units());
  }
  if (request.has_buy_minor_units()) {
    out.buy_amount = core::Amount::FromMinor(request.buy_minor_units());
  }
  if (!request.uetr().empty()) {
    const absl::StatusOr<core::Uetr> uetr = core::Uetr::FromBytes(request.uetr());
    if (!uetr.ok()) return Malformed("uetr", uetr.status());
    out.uetr = *uetr;
  }
  return out;
}

std::variant<AbortOrder, core::Rejection> FromProto(const v1::Receipt& receipt) {
  AbortOrder order;
  order.entry = receipt.entry();
  order.entry_index = receipt.entry_index();
  order.checkpoint = receipt.checkpoint();
  for (const std::string& raw : receipt.entry_proof()) {
    const absl::StatusOr<core::Hash256> hash = codec::HashFrom(raw, "order.entry_proof");
    if (!hash.ok()) return Malformed("order.entry_proof", hash.status());
    order.proof.push_back(*hash);
  }
  return order;
}

std::string EncodePageToken(const OpenPlace& place) {
  core::Writer writer;
  writer.I64(place.submitted.micros()).Hash(place.id);
  return std::move(writer).Take();
}

std::optional<OpenPlace> DecodePageToken(std::string_view token) {
  core::Reader reader(token);
  OpenPlace place;
  place.submitted = core::LedgerTime::FromMicros(reader.I64());
  place.id = reader.Hash();
  if (!reader.Done()) return std::nullopt;
  return place;
}

void ToProto(const BridgeEngine& engine, v1::BridgeInfo* out) {
  const core::SettlementPolicy& policy = engine.policy();
  out->set_decision_log(policy.decision_log.ToString());
  out->set_policy(engine.policy_bytes());
  out->set_policy_hash(std::string(policy.hash.view()));
  for (const core::PolicyLedger& ledger : policy.ledgers) {
    out->add_ledgers(ledger.ledger.ToString());
  }
  for (const WitnessView& witness : engine.Witnesses()) {
    v1::BridgeWitness* added = out->add_witnesses();
    added->set_name(witness.name);
    added->set_reached(witness.reached);
    added->set_batches(witness.batches);
    added->set_cosigned(witness.cosigned);
    if (witness.refusal != core::WitnessRefusal::kNone) added->set_refusal(witness.message);
  }
  if (engine.venue() == nullptr) return;
  for (const CurrencyPair& pair : engine.venue()->pairs()) ToProto(pair, out->add_pairs());
}

}  // namespace causeway::bridge
