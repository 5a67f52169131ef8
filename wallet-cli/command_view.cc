#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wallet-cli/names.h"
#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

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
    const core::QueueRules& rules = set.rules;
    Json json = {{"discipline", std::string(core::QueueDisciplineName(rules.discipline))},
                 {"optimisation", std::string(core::QueueOptimisationName(rules.optimisation))},
                 {"optimise_every_us", rules.optimise_every.micros()},
                 {"queued_max", rules.queued_max}};
    if (!rules.NeedSelector()) return json;
    json.erase("optimisation");
    json.erase("optimise_every_us");
    json["normal_bypass"] = rules.normal_bypass;
    json["release"] = std::string(core::QueueReleaseName(rules.release));
    json["receipt_window_us"] = rules.receipt_window.micros();
    json["entry_offset"] = std::string(core::QueueEntryOffsetName(rules.entry_offset));
    json["entry_counter_payments_max"] = rules.entry_counter_payments_max;
    json["optimisations"] = Json::array();
    for (const core::QueueRun& run : rules.optimisations) {
      json["optimisations"].push_back(
          {{"algorithm", std::string(core::QueueAlgorithmName(run.algorithm))},
           {"first_us", run.first.micros()},
           {"every_us", run.every.micros()},
           {"only_if_previous_settled_nothing", run.only_if_previous_settled_nothing},
           {"wait_min_us", run.wait_min.micros()},
           {"counter_payments_max", run.counter_payments_max},
           {"cycle_banks_max", run.cycle_banks_max},
           {"exact_payments_max", run.exact_payments_max}});
    }
    // In minor units: the command does not name the ledger's currency.
    json["splitting"] = {{"threshold", rules.splitting.threshold.minor()},
                         {"part_min", rules.splitting.part_min.minor()},
                         {"part_max", rules.splitting.part_max.minor()}};
    json["limits_bind_all"] = rules.limits_bind_all;
    return json;
  }
  Json operator()(const core::Reprioritise& change) const {
    return {{"moves", InstructionKeyJson(change.instruction)},
            {"priority", std::string(core::PaymentPriorityName(change.priority))}};
  }
  Json operator()(const core::OptimiseQueue&) const { return Json::object(); }
  Json operator()(const core::SetReservations& set) const {
    return {{"account", set.address.ToString()},
            {"urgent", MoneyJson(set.address.currency(), set.urgent)},
            {"high", MoneyJson(set.address.currency(), set.high)}};
  }
  Json operator()(const core::SetReleaseThreshold& set) const {
    return {{"account", set.address.ToString()},
            {"threshold", MoneyJson(set.address.currency(), set.threshold)}};
  }
  Json operator()(const core::SetSenderLimit& set) const {
    return {{"account", set.address.ToString()},
            {"counterparty", TextOrNull(set.counterparty)},
            {"limit", set.limit.has_value() ? MoneyJson(set.address.currency(), *set.limit)
                                            : Json(nullptr)}};
  }
  Json operator()(const core::SetCredit& set) const {
    return {{"account", set.address.ToString()},
            {"collateral", MoneyJson(set.address.currency(), set.collateral)},
            {"haircut_basis_points", set.haircut_basis_points},
            {"uncollateralised", MoneyJson(set.address.currency(), set.uncollateralised)}};
  }
  Json operator()(const core::SetCreditPrice& set) const {
    return {{"ppm_per_day", set.ppm_per_day}, {"fees_account", set.fees_account.ToString()}};
  }

 private:
  static Json KeyIds(const std::vector<core::PublicKey>& keys) {
    Json ids = Json::array();
    for (const core::PublicKey& key : keys) ids.push_back(core::KeyIdOf(key).ToHex());
    return ids;
  }
};

}  // namespace

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

}  // namespace causeway::wallet
