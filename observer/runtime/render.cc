#include "observer/runtime/render.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/currency.h"
#include "settlement/core/quote.h"
#include "settlement/core/time.h"

namespace causeway::observer {
namespace {

namespace v1 = causeway::v1;
using Json = nlohmann::ordered_json;

// "FORKED_LOG" without its prefix as "forked-log": the names that are used everywhere else.
std::string Dashed(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
  std::string dashed(name);
  std::transform(dashed.begin(), dashed.end(), dashed.begin(), [](char c) {
    if (c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return dashed;
}
std::string NameOf(v1::ActionKind kind) {
  return Dashed(v1::ActionKind_Name(kind), "ACTION_KIND_");
}
std::string NameOf(v1::AlertKind kind) { return Dashed(v1::AlertKind_Name(kind), "ALERT_KIND_"); }
std::string NameOf(v1::InstructionStatus status) {
  return Dashed(v1::InstructionStatus_Name(status), "INSTRUCTION_STATUS_");
}
std::string NameOf(v1::WitnessEvidence::Kind kind) {
  return Dashed(v1::WitnessEvidence::Kind_Name(kind), "KIND_");
}
std::string NameOf(v1::AccountPurpose purpose) {
  return Dashed(v1::AccountPurpose_Name(purpose), "ACCOUNT_PURPOSE_");
}

// "10.00 HKD"; in minor units when the currency is unknown here.
std::string Money(std::int64_t minor_units, const std::string& currency) {
  const absl::StatusOr<core::Currency> known = core::Currency::Parse(currency);
  if (!known.ok()) return fmt::format("{} minor units of '{}'", minor_units, currency);
  return fmt::format(
      "{} {}", core::FormatAmount(core::Amount::FromMinor(minor_units), known->minor_digits()),
      known->code());
}
std::string Time(std::int64_t micros) { return core::LedgerTime::FromMicros(micros).ToString(); }

std::string TextOf(const v1::WatchedWitness& witness) {
  std::string text = fmt::format("  {}  {}", witness.name(),
                                 witness.reached() ? fmt::format("holds {} records, cosigned {}",
                                                                 witness.size(), witness.cosigned())
                                                   : "does not answer");
  if (witness.refusing()) {
    text += fmt::format("  SIGNS NO MORE: {}", NameOf(witness.evidence().kind()));
  }
  if (!witness.message().empty()) text += fmt::format("  ({})", witness.message());
  return text + "\n";
}

std::string What(const v1::Override& order) {
  const std::string name = fmt::format("{} {}", NameOf(order.instruction().kind()),
                                       order.instruction().instruction_id());
  if (order.instruction().kind() == v1::ACTION_KIND_ORDER_ABORT) {
    return fmt::format("{} of settlement {}", name, core::ToHex(order.settlement_id()));
  }
  if (order.instruction().kind() == v1::ACTION_KIND_SET_FREEZE) {
    return fmt::format("{}: {} is {}", name, order.account(),
                       order.frozen() ? "frozen" : "free again");
  }
  return fmt::format("{} of {} from {} to {}", name,
                     Money(order.amount().minor_units(), order.amount().currency()),
                     order.debtor_account(), order.creditor_account());
}

}  // namespace

v1::Override ViewOf(const LedgerOverride& seen) {
  const Override& order = seen.order;
  v1::Override view;
  view.set_ledger(seen.ledger.ToString());
  view.set_entry_index(order.entry_index);
  view.set_ledger_time_us(order.time.micros());
  codec::ToProto(order.instruction, view.mutable_instruction());
  view.set_legal_basis(order.legal_basis);
  if (order.instruction.kind == core::ActionKind::kOrderAbort) {
    view.set_settlement_id(std::string(order.settlement_id.view()));
  } else if (order.instruction.kind == core::ActionKind::kSetFreeze) {
    view.set_account(order.account.ToString());
    view.set_frozen(order.frozen);
  } else {
    view.set_debtor_account(order.debtor.ToString());
    view.set_creditor_account(order.creditor.ToString());
    codec::ToProto(order.amount, view.mutable_amount());
  }
  return view;
}

v1::RepeatedReference ViewOf(const LedgerRepeatedReference& seen) {
  const ReferenceUse& use = seen.repeated.use;
  v1::RepeatedReference view;
  view.set_ledger(seen.ledger.ToString());
  view.set_entry_index(use.entry_index);
  view.set_ledger_time_us(use.time.micros());
  codec::ToProto(use.instruction, view.mutable_instruction());
  view.set_rtgs_reference(use.reference);
  view.set_account(use.account.ToString());
  codec::ToProto(use.amount, view.mutable_amount());
  view.set_first_entry_index(seen.repeated.first_entry_index);
  return view;
}

std::string NameOf(const v1::Alert& alert) {
  return fmt::format("{} (kind {}), number {}", NameOf(alert.kind()),
                     static_cast<int>(alert.kind()), alert.number());
}

std::string TextOf(const v1::ObserverStatus& status) {
  std::string text = "Logs, verified from their first leaf:\n";
  auto out = std::back_inserter(text);
  for (const v1::VerifiedLog& log : status.logs()) {
    fmt::format_to(out, "  {}  {} leaves{}{}\n", log.origin(), log.size(),
                   log.connected() ? "" : "  not connected",
                   log.halted() ? "  HALTED: nothing after this is believed" : "");
    fmt::format_to(out, "    root        {}\n", core::ToHex(log.root()));
    if (!log.state_root().empty()) {
      fmt::format_to(out, "    state root  {}\n", core::ToHex(log.state_root()));
    }
  }
  text += "Supply, counted from the entries:\n";
  for (const v1::CurrencySupply& supply : status.supplies()) {
    fmt::format_to(out, "  issued {}  in circulation {}\n",
                   Money(supply.issued(), supply.currency()),
                   Money(supply.in_circulation(), supply.currency()));
  }
  fmt::format_to(out, "Settlements: {} settled on all ledgers, {} aborted on all, {} open\n",
                 status.settlements_settled(), status.settlements_aborted(),
                 status.settlements_open());
  if (status.witnesses_size() > 0) text += "Witnesses:\n";
  for (const v1::WatchedWitness& witness : status.witnesses()) text += TextOf(witness);
  fmt::format_to(out, "Orders of central banks: {}\nRepeated RTGS references: {}\nAlerts: {}\n",
                 status.overrides(), status.repeated_references(), status.alerts());
  return text;
}

std::string TextOf(const v1::Override& order) {
  return fmt::format("OVERRIDE on {}, entry {} at {}\n  {}, on the basis of: {}\n", order.ledger(),
                     order.entry_index(), Time(order.ledger_time_us()), What(order),
                     order.legal_basis());
}

std::string TextOf(const v1::RepeatedReference& repeated) {
  const v1::InstructionReference& instruction = repeated.instruction();
  const bool redemption = instruction.kind() == v1::ACTION_KIND_REDEEM;
  return fmt::format(
      "REPEATED RTGS REFERENCE on {}, entry {} at {}\n"
      "  {} {} of {}: {} {} {}, under {}, which entry {} named before\n",
      repeated.ledger(), repeated.entry_index(), Time(repeated.ledger_time_us()),
      NameOf(instruction.kind()), instruction.instruction_id(), instruction.instructing_party(),
      Money(repeated.amount().minor_units(), repeated.amount().currency()),
      redemption ? "from" : "to", repeated.account(), core::Quoted(repeated.rtgs_reference()),
      repeated.first_entry_index());
}

std::string TextOfUnlisted(std::uint64_t listed, std::uint64_t count, std::uint64_t forgotten) {
  std::string text;
  if (count > listed) {
    text += fmt::format("Of {} repeated RTGS references the first {} are listed.\n", count, listed);
  }
  if (forgotten > 0) {
    text += fmt::format("The {} oldest RTGS references were compared with no longer.\n", forgotten);
  }
  return text;
}

std::string TextOf(const v1::Alert& alert) {
  std::string text = fmt::format("ALERT {}, about {} at {}\n  {}\n", NameOf(alert), alert.origin(),
                                 Time(alert.raised_us()), alert.message());
  for (const v1::Evidence& piece : alert.evidence()) {
    fmt::format_to(std::back_inserter(text), "    evidence: {} ({} bytes)\n", piece.name(),
                   piece.content().size());
  }
  return text;
}

std::string TextOf(const v1::ObservedSettlement& settlement) {
  std::string text =
      fmt::format("{}  {}{}\n", core::ToHex(settlement.settlement_id()),
                  settlement.verdict().empty() ? "no decision yet" : settlement.verdict(),
                  settlement.complete() ? ", complete" : ", open");
  for (const v1::ObservedLeg& leg : settlement.ledgers()) {
    fmt::format_to(std::back_inserter(text), "  {}  {}, entry {}\n", leg.ledger(),
                   NameOf(leg.status()), leg.entry_index());
  }
  return text;
}

std::string TextOf(const v1::Account& account) {
  return fmt::format("{}  {}  {}  available {}  held {}{}{}\n", account.address(), account.owner(),
                     NameOf(account.purpose()), Money(account.available(), account.currency()),
                     Money(account.held(), account.currency()), account.frozen() ? "  FROZEN" : "",
                     account.closed() ? "  closed" : "");
}

Json JsonOf(const v1::ObserverStatus& status) {
  Json json;
  json["logs"] = Json::array();
  for (const v1::VerifiedLog& log : status.logs()) {
    Json each = {{"origin", log.origin()}, {"size", log.size()}, {"root", core::ToHex(log.root())}};
    if (!log.state_root().empty()) each["state_root"] = core::ToHex(log.state_root());
    each["checkpoint"] = log.checkpoint();
    each["connected"] = log.connected();
    each["halted"] = log.halted();
    json["logs"].push_back(std::move(each));
  }
  json["supplies"] = Json::array();
  for (const v1::CurrencySupply& supply : status.supplies()) {
    json["supplies"].push_back({{"currency", supply.currency()},
                                {"ledger", supply.ledger()},
                                {"issued", supply.issued()},
                                {"in_circulation", supply.in_circulation()}});
  }
  json["settlements"] = {{"settled", status.settlements_settled()},
                         {"aborted", status.settlements_aborted()},
                         {"open", status.settlements_open()}};
  json["witnesses"] = Json::array();
  for (const v1::WatchedWitness& witness : status.witnesses()) {
    Json each = {{"name", witness.name()},         {"reached", witness.reached()},
                 {"size", witness.size()},         {"cosigned", witness.cosigned()},
                 {"refusing", witness.refusing()}, {"message", witness.message()}};
    if (witness.has_evidence()) each["evidence"] = NameOf(witness.evidence().kind());
    json["witnesses"].push_back(std::move(each));
  }
  json["overrides"] = status.overrides();
  json["repeated_references"] = status.repeated_references();
  json["alerts"] = status.alerts();
  return json;
}

Json JsonOf(const v1::Override& order) {
  Json json;
  json["ledger"] = order.ledger();
  json["entry_index"] = order.entry_index();
  json["ledger_time"] = Time(order.ledger_time_us());
  json["kind"] = NameOf(order.instruction().kind());
  json["instruction_id"] = order.instruction().instruction_id();
  json["legal_basis"] = order.legal_basis();
  if (order.instruction().kind() == v1::ACTION_KIND_ORDER_ABORT) {
    json["settlement_id"] = core::ToHex(order.settlement_id());
  } else if (order.instruction().kind() == v1::ACTION_KIND_SET_FREEZE) {
    json["account"] = order.account();
    json["frozen"] = order.frozen();
  } else {
    json["debtor_account"] = order.debtor_account();
    json["creditor_account"] = order.creditor_account();
    json["currency"] = order.amount().currency();
    json["minor_units"] = order.amount().minor_units();
  }
  return json;
}

Json JsonOf(const v1::RepeatedReference& repeated) {
  return {{"ledger", repeated.ledger()},
          {"entry_index", repeated.entry_index()},
          {"ledger_time", Time(repeated.ledger_time_us())},
          {"kind", NameOf(repeated.instruction().kind())},
          {"party", repeated.instruction().instructing_party()},
          {"instruction_id", repeated.instruction().instruction_id()},
          {"rtgs_reference", repeated.rtgs_reference()},
          {"account", repeated.account()},
          {"currency", repeated.amount().currency()},
          {"minor_units", repeated.amount().minor_units()},
          {"first_entry_index", repeated.first_entry_index()}};
}

Json JsonOf(const v1::Alert& alert) {
  Json json;
  json["number"] = alert.number();
  json["kind"] = NameOf(alert.kind());
  json["origin"] = alert.origin();
  json["message"] = alert.message();
  json["raised"] = Time(alert.raised_us());
  json["evidence"] = Json::array();
  for (const v1::Evidence& piece : alert.evidence()) {
    json["evidence"].push_back({{"name", piece.name()}, {"content", core::ToHex(piece.content())}});
  }
  return json;
}

Json JsonOf(const v1::ObservedSettlement& settlement) {
  Json json;
  json["settlement_id"] = core::ToHex(settlement.settlement_id());
  json["verdict"] = settlement.verdict();
  json["complete"] = settlement.complete();
  json["ledgers"] = Json::array();
  for (const v1::ObservedLeg& leg : settlement.ledgers()) {
    json["ledgers"].push_back({{"ledger", leg.ledger()},
                               {"status", NameOf(leg.status())},
                               {"entry_index", leg.entry_index()}});
  }
  return json;
}

Json JsonOf(const v1::Account& account) {
  return {{"address", account.address()},         {"owner", account.owner()},
          {"purpose", NameOf(account.purpose())}, {"currency", account.currency()},
          {"available", account.available()},     {"held", account.held()},
          {"frozen", account.frozen()},           {"closed", account.closed()}};
}

}  // namespace causeway::observer
