#include "wallet-cli/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "settlement/core/quote.h"

namespace causeway::wallet {
namespace {

constexpr std::array<std::string_view, 7> kPurposeNames = {
    "none", "settlement", "wallet", "issuer-liability", "rtgs-backing", "credit", "fees"};
constexpr std::array<std::string_view, 9> kCodeNames = {"none",    "payment",    "return",
                                                        "issue",   "redemption", "hold",
                                                        "release", "settlement", "override"};
constexpr std::array<std::string_view, 3> kBucketNames = {"none", "available", "held"};
constexpr std::array<std::string_view, 8> kCauseNames = {
    "none", "command", "approval", "certificate", "release", "optimisation", "timer", "end-of-day"};

template <typename Names, typename Enum>
std::string Name(const Names& names, Enum value) {
  const auto number = static_cast<std::size_t>(value);
  return number < names.size() ? std::string(names[number]) : fmt::format("{}", number);
}

// Nothing where there is none: keeps text short and JSON regular.
Json HashOrNull(const core::Hash256& hash) {
  return hash.IsZero() ? Json(nullptr) : Json(hash.ToHex());
}

Json UetrOrNull(const core::Uetr& uetr) {
  return uetr.IsNil() ? Json(nullptr) : Json(uetr.ToString());
}

template <typename Id>
Json TextOrNull(const Id& id) {
  return id.IsEmpty() ? Json(nullptr) : Json(id.ToString());
}

Json RejectionOrNull(const core::Rejection& rejection) {
  return rejection.outcome == core::Outcome::kAccepted ? Json(nullptr) : RejectionJson(rejection);
}

Json PostingJson(const core::Posting& posting) {
  return {{"account", posting.address.ToString()},
          {"bucket", Name(kBucketNames, posting.bucket)},
          {"code", Name(kCodeNames, posting.code)},
          {"amount", MoneyJson(posting.address.currency(), posting.amount)},
          {"balance_after", MoneyJson(posting.address.currency(), posting.balance_after)},
          {"sequence", posting.sequence}};
}

// `parse` of the names from 1 to `last`.
template <typename Enum, typename NameOf>
absl::StatusOr<Enum> ParseName(std::string_view what, std::string_view name, Enum last,
                               NameOf name_of) {
  std::string known;
  for (int number = 1; number <= static_cast<int>(last); ++number) {
    const auto value = static_cast<Enum>(number);
    if (name_of(value) == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(name_of(value));
  }
  return absl::InvalidArgumentError(
      fmt::format("{} {}: must be one of {}", what, core::Quoted(name), known));
}

// What each action says, in the order in which a person asks.
struct ActionFields {
  Json operator()(const core::Pay& pay) const {
    Json json = {{"from", pay.debtor.ToString()},
                 {"to", pay.creditor.ToString()},
                 {"amount", MoneyJson(pay.amount)},
                 {"uetr", UetrOrNull(pay.uetr)},
                 {"purpose", pay.purpose.empty() ? Json(nullptr) : Json(pay.purpose)}};
    if (pay.cites.kind != core::ActionKind::kNone) json["returns"] = InstructionKeyJson(pay.cites);
    if (pay.priority != core::PaymentPriority::kNormal) {
      json["priority"] = std::string(core::PaymentPriorityName(pay.priority));
    }
    return json;
  }
  Json operator()(const core::PayBatch& batch) const {
    Json payments = Json::array();
    for (const core::Pay& pay : batch.payments) {
      Json line = {{"id", pay.id.ToString()}};
      line.update((*this)(pay));
      payments.push_back(std::move(line));
    }
    return {{"payments", std::move(payments)}};
  }
  Json operator()(const core::RequestIssue& issue) const {
    return {{"to", issue.creditor.ToString()},
            {"amount", MoneyJson(issue.amount)},
            {"rtgs_reference", issue.rtgs_reference}};
  }
  Json operator()(const core::Issue& issue) const {
    return {{"to", issue.creditor.ToString()},
            {"amount", MoneyJson(issue.amount)},
            {"rtgs_reference", issue.rtgs_reference}};
  }
  Json operator()(const core::Redeem& redeem) const {
    return {{"from", redeem.debtor.ToString()}, {"amount", MoneyJson(redeem.amount)}};
  }
  Json operator()(const core::Approve& approve) const {
    return {{"approves", InstructionKeyJson(approve.instruction)},
            {"rtgs_reference", approve.rtgs_reference}};
  }
  Json operator()(const core::Refuse& refuse) const {
    return {{"refuses", InstructionKeyJson(refuse.instruction)}, {"reason", refuse.reason}};
  }
  Json operator()(const core::Cancel& cancel) const {
    return {{"cancels", InstructionKeyJson(cancel.instruction)}};
  }
  Json operator()(const core::RegisterParticipant& participant) const {
    return {{"participant", participant.participant.ToString()},
            {"role", std::string(core::RoleName(participant.role))},
            {"country", TextOrNull(participant.country)},
            {"bic", TextOrNull(participant.bic)},
            {"lei", TextOrNull(participant.lei)},
            {"keys", KeyIds(participant.keys)}};
  }
  Json operator()(const core::UpdateKeys& update) const {
    Json revoked = Json::array();
    for (const core::KeyId& key : update.revoke) revoked.push_back(key.ToHex());
    return {{"participant", update.participant.ToString()},
            {"adds", KeyIds(update.add)},
            {"revokes", std::move(revoked)}};
  }
  Json operator()(const core::OpenAccount& account) const {
    return {{"account", account.address.ToString()},
            {"owner", account.owner.ToString()},
            {"account_purpose", std::string(PurposeName(account.purpose))},
            {"holding_limit", MoneyJson(account.address.currency(), account.holding_limit)},
            {"credit_line", MoneyJson(account.address.currency(), account.credit_line)}};
  }
  Json operator()(const core::CloseAccount& close) const {
    return {{"account", close.address.ToString()}};
  }
  Json operator()(const core::SetFreeze& freeze) const {
    return {{"account", freeze.address.ToString()},
            {"frozen", freeze.frozen},
            {"legal_basis", freeze.legal_basis}};
  }
  Json operator()(const core::SetLimits& limits) const {
    return {{"account", limits.address.ToString()},
            {"holding_limit", MoneyJson(limits.address.currency(), limits.holding_limit)},
            {"credit_line", MoneyJson(limits.address.currency(), limits.credit_line)}};
  }
  Json operator()(const core::SetDayPhase& day) const {
    return {{"business_date", day.date.ToString()},
            {"phase", std::string(core::DayPhaseName(day.phase))}};
  }
  Json operator()(const core::SetSettlementPolicy& set) const {
    Json ledgers = Json::array();
    for (const core::PolicyLedger& ledger : set.policy.ledgers) {
      ledgers.push_back(ledger.ledger.ToString());
    }
    return {{"policy_hash", set.policy.hash.ToHex()},
            {"withdraw", set.withdraw},
            {"epoch", set.policy.epoch},
            {"decision_log", set.policy.decision_log.ToString()},
            {"decision_log_key", core::KeyIdOf(set.policy.decision_log_key).ToHex()},
            {"ledgers", std::move(ledgers)},
            {"witnesses_needed", set.policy.witnesses_needed}};
  }
  Json operator()(const core::OperatorOverride& transfer) const {
    return {{"from", transfer.debtor.ToString()},
            {"to", transfer.creditor.ToString()},
            {"amount", MoneyJson(transfer.amount)},
            {"legal_basis", transfer.legal_basis}};
  }
  Json operator()(const core::OrderAbort& order) const {
    return {{"settlement_id", order.settlement_id.ToHex()}, {"legal_basis", order.legal_basis}};
  }
  Json operator()(const core::LockFunds& lock) const {
    return {{"from", lock.debtor.ToString()},
            {"to", lock.creditor.ToString()},
            {"amount", MoneyJson(lock.amount)},
            {"hash_lock", lock.hash_lock.ToHex()},
            {"expires", lock.expires.ToString()}};
  }
  Json operator()(const core::ClaimLock& claim) const {
    return {{"locking_party", claim.locking_party.ToString()}, {"lock", claim.lock.ToString()}};
  }
  Json operator()(const core::RefundLock& refund) const {
    return {{"lock", refund.lock.ToString()}};
  }
  Json operator()(const core::SetQueueRules& set) const {
    return {{"discipline", std::string(core::QueueDisciplineName(set.rules.discipline))},
            {"optimisation", std::string(core::QueueOptimisationName(set.rules.optimisation))},
            {"optimise_every_us", set.rules.optimise_every.micros()},
            {"queued_max", set.rules.queued_max}};
  }
  Json operator()(const core::Reprioritise& change) const {
    return {{"moves", InstructionKeyJson(change.instruction)},
            {"priority", std::string(core::PaymentPriorityName(change.priority))}};
  }
  Json operator()(const core::OptimiseQueue&) const { return Json::object(); }

 private:
  static Json KeyIds(const std::vector<core::PublicKey>& keys) {
    Json ids = Json::array();
    for (const core::PublicKey& key : keys) ids.push_back(core::KeyIdOf(key).ToHex());
    return ids;
  }
};

}  // namespace

Json MoneyJson(core::Currency currency, core::Amount amount) {
  return {{"currency", currency.ToString()},
          {"minor_units", amount.minor()},
          {"amount", core::FormatAmount(amount, currency.minor_digits())}};
}

Json MoneyJson(const core::Money& money) { return MoneyJson(money.currency, money.amount); }

Json InstructionKeyJson(const core::InstructionKey& key) {
  return {{"party", key.party.ToString()},
          {"kind", std::string(core::ActionKindName(key.kind))},
          {"id", key.id.ToString()}};
}

Json RejectionJson(const core::Rejection& rejection) {
  Json json = {{"outcome", std::string(core::OutcomeName(rejection.outcome))},
               {"code", static_cast<int>(rejection.outcome)},
               {"message", core::Describe(rejection)}};
  if (rejection.actual != 0 || rejection.required != 0) {
    json["actual"] = rejection.actual;
    json["required"] = rejection.required;
  }
  if (!rejection.rule.empty()) json["rule"] = rejection.rule;
  return json;
}

Json InfoJson(const client::LedgerInfo& info) {
  Json policies = Json::array();
  for (const core::Hash256& hash : info.settlement_policies) policies.push_back(hash.ToHex());
  return {{"ledger", info.genesis.ledger.ToString()},
          {"genesis_hash", info.genesis.hash.ToHex()},
          {"currency", info.genesis.currency.ToString()},
          {"central_bank", info.genesis.central_bank.participant.ToString()},
          {"ledger_key", core::KeyIdOf(info.genesis.ledger_key).ToHex()},
          {"suite", std::string(core::SuiteName(info.genesis.ledger_key.suite))},
          {"approvers_needed", info.genesis.approvers_needed},
          {"business_date", info.business_date.ToString()},
          {"phase", std::string(core::DayPhaseName(info.phase))},
          {"ledger_time", info.time.ToString()},
          {"batch_payments_max", info.batch_payments_max},
          {"settlement_policies", std::move(policies)}};
}

Json InstructionJson(const client::InstructionView& view) {
  return {{"instruction", InstructionKeyJson(view.key)},
          {"status", std::string(core::InstructionStatusName(view.status))},
          {"rejection", RejectionOrNull(view.rejection)},
          {"entry_index", view.entry_index},
          {"uetr", UetrOrNull(view.uetr)},
          {"settlement_id", HashOrNull(view.settlement_id)},
          {"ledger_time", view.time.ToString()},
          {"business_date", view.business_date.ToString()},
          {"repeated", view.repeated}};
}

Json AccountJson(const client::AccountView& account) {
  const core::Currency currency = account.address.currency();
  Json json = {
      {"account", account.address.ToString()},
      {"owner", account.owner.ToString()},
      {"purpose", std::string(PurposeName(account.purpose))},
      {"available", MoneyJson(currency, account.available)},
      {"held", MoneyJson(currency, account.held)},
      {"incoming_reserved", MoneyJson(currency, account.incoming_reserved)},
      {"holding_limit",
       account.holding_limit.IsZero() ? Json(nullptr) : MoneyJson(currency, account.holding_limit)},
      {"credit_line",
       account.credit_line.IsZero() ? Json(nullptr) : MoneyJson(currency, account.credit_line)}};
  json["state"] = account.closed ? "closed" : account.frozen ? "frozen" : "open";
  json["non_resident"] = account.non_resident;
  json["posting_count"] = account.posting_count;
  return json;
}

Json StatementJson(const client::Statement& statement) {
  const core::Currency currency = statement.address.currency();
  Json lines = Json::array();
  for (const client::StatementLine& line : statement.lines) {
    Json row = {{"value_date", line.value_date.ToString()}};
    Json posting = PostingJson(line.posting);
    posting.erase("account");
    row.update(posting);
    row["counterparty"] = TextOrNull(line.counterparty);
    row["instruction"] = InstructionKeyJson(line.instruction);
    row["uetr"] = UetrOrNull(line.uetr);
    row["entry_index"] = line.entry_index;
    lines.push_back(std::move(row));
  }
  return {{"account", statement.address.ToString()},
          {"from_date", statement.from.ToString()},
          {"to_date", statement.to.ToString()},
          {"opening_balance", MoneyJson(currency, statement.opening)},
          {"closing_balance", MoneyJson(currency, statement.closing)},
          {"lines", std::move(lines)}};
}

Json EntryJson(const client::EntryView& entry) {
  Json postings = Json::array();
  for (const core::Posting& posting : entry.postings) postings.push_back(PostingJson(posting));
  return {{"entry_index", entry.index},
          {"business_date", entry.business_date.ToString()},
          {"ledger_time", entry.time.ToString()},
          {"instruction", InstructionKeyJson(entry.instruction)},
          {"status", std::string(core::InstructionStatusName(entry.status))},
          {"cause", Name(kCauseNames, entry.cause)},
          {"rejection", RejectionOrNull(entry.rejection)},
          {"uetr", UetrOrNull(entry.uetr)},
          {"settlement_id", HashOrNull(entry.settlement_id)},
          {"payload_hash", HashOrNull(entry.payload_hash)},
          {"postings", std::move(postings)}};
}

Json EntrySummaryJson(const client::EntryView& entry) {
  Json json = {{"entry", entry.index},
               {"ledger_time", entry.time.ToString()},
               {"instruction", InstructionKeyJson(entry.instruction)},
               {"status", std::string(core::InstructionStatusName(entry.status))}};
  const core::Posting* from = nullptr;
  const core::Posting* to = nullptr;
  for (const core::Posting& posting : entry.postings) {
    if (posting.amount.IsNegative() && from == nullptr) from = &posting;
    if (posting.amount.IsPositive() && to == nullptr) to = &posting;
  }
  json["from"] = from == nullptr ? Json(nullptr) : Json(from->address.ToString());
  json["to"] = to == nullptr ? Json(nullptr) : Json(to->address.ToString());
  json["amount"] = to == nullptr ? Json(nullptr) : MoneyJson(to->address.currency(), to->amount);
  json["rejection"] = RejectionOrNull(entry.rejection);
  return json;
}

Json QuoteJson(const client::Quote& quote) {
  return {{"quote_id", quote.quote_id},
          {"provider", quote.provider.ToString()},
          {"sell", MoneyJson(quote.sell)},
          {"buy", MoneyJson(quote.buy)},
          {"rate", fmt::format("{} {}/{}", quote.rate.ToString(), quote.pair.base.code(),
                               quote.pair.quote.code())},
          {"bid", quote.bid.ToString()},
          {"ask", quote.ask.ToString()},
          {"value_date", quote.value_date},
          {"expires", quote.expires.ToString()},
          {"settlement_id", quote.settlement_id.ToHex()}};
}

namespace {

// "4 d 02:03:04", without days "02:03:04". Never below zero: clocks differ.
std::string AgeText(core::Duration age) {
  const std::int64_t seconds = std::max<std::int64_t>(0, age.micros()) / 1'000'000;
  const std::string time =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
  const std::int64_t days = seconds / 86'400;
  return days == 0 ? time : fmt::format("{} d {}", days, time);
}

Json ProgressJson(const client::LedgerProgress& progress) {
  Json json = {{"ledger", progress.ledger.ToString()},
               {"prepared", progress.prepared},
               {"complete", progress.complete}};
  if (progress.attempts != 0) json["attempts"] = progress.attempts;
  if (progress.failure.has_value()) {
    json["failure"] = RejectionJson(*progress.failure);
    json["failed"] = progress.failed.ToString();
  }
  return json;
}

// What it waits for, with the latest failures, in one line.
std::string WaitsForText(const client::SettlementView& view) {
  std::string text;
  for (const std::string& reason : client::WaitsFor(view)) {
    text += (text.empty() ? "" : "; ") + reason;
  }
  for (const client::LedgerProgress& progress : view.ledgers) {
    if (progress.complete || !progress.failure.has_value()) continue;
    text += fmt::format("; {} failed after {} attempts: {}", progress.ledger.text(),
                        progress.attempts, core::Describe(*progress.failure));
  }
  return text;
}

}  // namespace

Json OpenSettlementJson(const client::SettlementView& view, core::LedgerTime now, bool details) {
  Json json = {{"settlement_id", view.settlement_id.ToHex()},
               {"state", std::string(client::SettlementStateName(view.state))},
               {"age", AgeText(now - view.submitted)},
               {"deadline", view.deadline.ToString()},
               {"past_deadline", now > view.deadline},
               {"waits_for", WaitsForText(view)}};
  if (!details) return json;
  json["waits_for"] = client::WaitsFor(view);
  json["submitted"] = view.submitted.ToString();
  json["decided"] =
      view.decided == core::LedgerTime() ? Json(nullptr) : Json(view.decided.ToString());
  json["ledgers"] = Json::array();
  for (const client::LedgerProgress& progress : view.ledgers) {
    json["ledgers"].push_back(ProgressJson(progress));
  }
  return json;
}

Json OpenHoldJson(const client::LedgerSettlementView& view, core::LedgerTime now) {
  return {{"settlement_id", view.settlement_id.ToHex()},
          {"age", AgeText(now - view.prepared)},
          {"prepared", view.prepared.ToString()},
          {"deadline", view.deadline.ToString()},
          {"past_deadline", now > view.deadline},
          {"waits_for", fmt::format("certificate of {}", view.decision_log.has_value()
                                                             ? view.decision_log->text()
                                                             : "its decision log")},
          {"entry_index", view.entry_index},
          {"legs", view.legs.size()}};
}

Json SettlementJson(const client::SettlementView& view) {
  Json ledgers = Json::array();
  for (const client::LedgerProgress& progress : view.ledgers) {
    ledgers.push_back(ProgressJson(progress));
  }
  Json awaiting = Json::array();
  for (const core::ParticipantId& party : view.awaiting) awaiting.push_back(party.ToString());
  return {{"settlement_id", view.settlement_id.ToHex()},
          {"state", std::string(client::SettlementStateName(view.state))},
          {"rejection", RejectionOrNull(view.rejection)},
          {"awaiting_signatures_of", std::move(awaiting)},
          {"deadline", view.deadline.ToString()},
          {"decided",
           view.decided == core::LedgerTime() ? Json(nullptr) : Json(view.decided.ToString())},
          {"ledgers", std::move(ledgers)}};
}

namespace {

Json AccountRefJson(const core::AccountRef& account) {
  return {{"account_number", account.number}, {"check", account.check}};
}

// What the leaf of a leg of a settlement list says; `list_id` is of the entry that it follows.
Json LegLeafJson(const client::VerifiedReceipt& receipt) {
  Json json = {{"business_date", receipt.header.date.ToString()},
               {"ledger_time", receipt.header.time.ToString()},
               {"list_id", HashOrNull(receipt.entry.settlement_id)},
               {"payload_hash", HashOrNull(receipt.entry.payload_hash)}};
  const auto add = [&](std::uint64_t index, std::uint32_t position, core::InstructionStatus status,
                       core::Amount amount) {
    json["entry_index"] = index;
    json["position"] = position;
    json["settlement_id"] = core::ListedSettlementId(receipt.entry.settlement_id, position).ToHex();
    json["status"] = std::string(core::InstructionStatusName(status));
    json["amount"] = MoneyJson(receipt.genesis.currency, amount);
  };
  if (receipt.resolved.has_value()) {
    const core::ResolvedLeaf& leaf = *receipt.resolved;
    const bool settled = leaf.leg.outcome == core::Outcome::kAccepted;
    add(leaf.index, leaf.leg.position,
        settled ? core::InstructionStatus::kSettled : core::InstructionStatus::kAborted,
        leaf.leg.leg.amount);
    json["hold"] = leaf.leg.hold;
    json["debtor"] = {{"number", leaf.leg.leg.debtor}};
    json["creditor"] = {{"number", leaf.leg.leg.creditor}};
    return json;
  }
  const core::PaymentLeaf& leaf = *receipt.payment;
  const bool held = leaf.result.outcome == core::Outcome::kAccepted;
  core::Rejection rejection{.outcome = leaf.result.outcome};
  if (!held) rejection.actual = leaf.result.debtor_after;
  if (!held) rejection.required = leaf.result.creditor_after;
  add(leaf.index, leaf.position,
      held ? core::InstructionStatus::kPrepared : core::InstructionStatus::kRejected,
      leaf.payment.amount);
  json["instruction_id"] = core::InstructionIdOf(leaf.payment.id).ToString();
  json["uetr"] = UetrOrNull(leaf.payment.uetr);
  json["rejection"] = RejectionOrNull(rejection);
  json["debtor"] = AccountRefJson(leaf.payment.debtor);
  json["creditor"] = AccountRefJson(leaf.payment.creditor);
  return json;
}

// What the leaf of a payment in a bulk says, with the party that the entry of the bulk names.
Json PaymentLeafJson(const client::VerifiedReceipt& receipt) {
  const core::PaymentLeaf& leaf = *receipt.payment;
  const core::PaymentResult& result = leaf.result;
  const core::Currency currency = receipt.genesis.currency;
  const bool settled = result.outcome == core::Outcome::kAccepted;
  core::Rejection rejection{.outcome = result.outcome};
  if (!settled) rejection.actual = result.debtor_after;
  if (!settled) rejection.required = result.creditor_after;
  Json debtor = AccountRefJson(leaf.payment.debtor);
  Json creditor = AccountRefJson(leaf.payment.creditor);
  const auto after = [&](std::int64_t minor) {
    return settled ? MoneyJson(currency, core::Amount::FromMinor(minor)) : Json(nullptr);
  };
  debtor["balance_after"] = after(result.debtor_after);
  creditor["balance_after"] = after(result.creditor_after);
  return {
      {"entry_index", leaf.index},
      {"business_date", receipt.header.date.ToString()},
      {"ledger_time", receipt.header.time.ToString()},
      {"instruction", InstructionKeyJson({receipt.entry.instruction.party, core::ActionKind::kPay,
                                          core::InstructionIdOf(leaf.payment.id)})},
      {"status",
       std::string(core::InstructionStatusName(settled ? core::InstructionStatus::kSettled
                                                       : core::InstructionStatus::kRejected))},
      {"rejection", RejectionOrNull(rejection)},
      {"uetr", UetrOrNull(leaf.payment.uetr)},
      {"amount", MoneyJson(currency, leaf.payment.amount)},
      {"debtor", std::move(debtor)},
      {"creditor", std::move(creditor)},
      {"payload_hash", HashOrNull(receipt.entry.payload_hash)},
      {"bulk", InstructionKeyJson(receipt.entry.instruction)},
      {"bulk_position", leaf.position}};
}

}  // namespace

Json BridgeWitnessJson(const client::BridgeWitness& witness, std::uint64_t log_size) {
  return {{"name", witness.name},
          {"reached", witness.reached},
          {"batches", witness.batches},
          {"cosigned", witness.cosigned},
          {"behind", log_size - std::min(log_size, witness.cosigned)},
          {"refusal", witness.refusal.empty() ? Json(nullptr) : Json(witness.refusal)}};
}

Json WitnessJson(const client::WitnessState& state, std::optional<std::uint64_t> log_size,
                 bool details) {
  Json json = {
      {"name", state.name},
      {"decision_log", state.decision_log.ToString()},
      {"batches", state.batches},
      {"size", state.size},
      {"behind", log_size ? Json(*log_size - std::min(*log_size, state.size)) : Json(nullptr)},
      {"refusing", state.refusing},
      {"evidence", nullptr}};
  if (!state.evidence) return json;
  const client::WitnessEvidence& found = *state.evidence;
  const std::string kind(client::WitnessEvidenceKindName(found.kind));
  if (!details) {
    json["evidence"] = kind + ": " + found.message;
    return json;
  }
  json["evidence"] = {
      {"kind", kind},       {"epoch", found.epoch},   {"message", found.message},
      {"ours", found.ours}, {"theirs", found.theirs}, {"batch", core::ToHex(found.batch)}};
  return json;
}

Json ReceiptJson(const client::VerifiedReceipt& receipt) {
  client::EntryView entry{
      receipt.entry.index,         receipt.entry.instruction, receipt.entry.status,
      receipt.entry.cause,         receipt.entry.rejection,   receipt.entry.uetr,
      receipt.entry.settlement_id, receipt.entry.postings,    receipt.header.time,
      receipt.header.date,         receipt.entry.payload_hash};
  Json json = {{"proven", true},
               {"ledger", receipt.genesis.ledger.ToString()},
               {"genesis_hash", receipt.genesis.hash.ToHex()},
               {"checkpoint_size", receipt.checkpoint.size},
               {"checkpoint_root", receipt.checkpoint.root.ToHex()}};
  if (receipt.resolved.has_value() || (receipt.payment.has_value() && receipt.payment->is_hold)) {
    json.update(LegLeafJson(receipt));
  } else {
    json.update(receipt.payment.has_value() ? PaymentLeafJson(receipt) : EntryJson(entry));
  }
  return json;
}

Json CommandJson(const core::Command& command) {
  Json json = {{"action", std::string(core::ActionKindName(core::KindOf(command.action)))},
               {"instructing_party", command.party.ToString()},
               {"instruction_id", TextOrNull(command.id)},
               {"ledger", command.ledger.ToString()},
               {"genesis_hash", command.genesis_hash.ToHex()},
               {"valid_until", command.valid_until.ToString()}};
  json.update(std::visit(ActionFields{}, command.action));
  return json;
}

std::string FormatEnvelope(const core::Envelope& envelope) {
  Json signatures = Json::array();
  for (const core::Signature& signature : envelope.signatures) {
    signatures.push_back({{"key_id", core::ToBase64(signature.key_id.view())},
                          {"signature", core::ToBase64(signature.signature)}});
  }
  const Json json = {{"payload_type", envelope.payload_type},
                     {"payload", core::ToBase64(envelope.payload)},
                     {"signatures", std::move(signatures)}};
  return json.dump(2) + "\n";
}

absl::StatusOr<core::Envelope> ParseEnvelope(std::string_view text) {
  const auto wrong = [](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format(
        "{}; must be the JSON of a signed envelope, as `--out` of a command writes it", what));
  };
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return wrong("not a JSON object");
  const auto field = [](const Json& object, const char* name) -> std::string {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  core::Envelope envelope;
  envelope.payload_type = field(json, "payload_type");
  const auto payload = core::FromBase64(field(json, "payload"));
  if (!payload.has_value()) return wrong("payload: not base64");
  envelope.payload = *payload;
  const auto signatures = json.find("signatures");
  if (signatures == json.end() || !signatures->is_array()) return wrong("signatures: not a list");
  for (const Json& signature : *signatures) {
    if (!signature.is_object()) return wrong("signatures: not a list of objects");
    const auto key_id = core::FromBase64(field(signature, "key_id"));
    const auto bytes = core::FromBase64(field(signature, "signature"));
    const auto hash = key_id.has_value() ? core::Hash256::FromBytes(*key_id) : std::nullopt;
    if (!hash.has_value()) return wrong("signatures: a key_id is not base64 of 32 bytes");
    if (!bytes.has_value()) return wrong("signatures: a signature is not base64");
    envelope.signatures.push_back({*hash, *bytes});
  }
  if (absl::Status status = core::CheckEnvelope(envelope); !status.ok()) return status;
  return envelope;
}

std::string_view PurposeName(core::AccountPurpose purpose) {
  const auto number = static_cast<std::size_t>(purpose);
  return number < kPurposeNames.size() ? kPurposeNames[number] : "unknown";
}

absl::StatusOr<core::ActionKind> ParseActionKind(std::string_view name) {
  return ParseName("kind of instruction", name, core::kActionKindLast, core::ActionKindName);
}

absl::StatusOr<core::Role> ParseRole(std::string_view name) {
  return ParseName("role", name, core::Role::kObserver, core::RoleName);
}

absl::StatusOr<core::AccountPurpose> ParsePurpose(std::string_view name) {
  return ParseName("purpose of the account", name, core::AccountPurpose::kFees, PurposeName);
}

}  // namespace causeway::wallet
