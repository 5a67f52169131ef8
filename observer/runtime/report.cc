#include "observer/runtime/report.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "fmt/format.h"
#include "observer/runtime/render.h"

namespace causeway::observer {
namespace {

using Json = nlohmann::ordered_json;

Json LogJson(const LogStatus& log) {
  Json json;
  json["origin"] = log.origin;
  json["kind"] = log.is_ledger ? "ledger" : "decision-log";
  json["size"] = log.size;
  json["batches"] = log.batches;
  json["root"] = log.root.ToHex();
  if (log.state_root.has_value()) json["state_root"] = log.state_root->ToHex();
  json["checkpoint"] = log.checkpoint;
  json["halted"] = log.halted;
  return json;
}

}  // namespace

std::string TextReport(const AuditEngine& engine) {
  const CorridorStatus status = engine.corridor().Status();
  std::string text = "Logs, verified from their first leaf:\n";
  auto out = std::back_inserter(text);
  for (const LogStatus& log : status.logs) {
    fmt::format_to(out, "  {}  {} leaves in {} batches{}\n", log.origin, log.size, log.batches,
                   log.halted ? "  HALTED: nothing after this is believed" : "");
    fmt::format_to(out, "    root        {}\n", log.root.ToHex());
    if (log.state_root.has_value()) {
      fmt::format_to(out, "    state root  {}\n", log.state_root->ToHex());
    }
  }
  text += "Supply, counted from the entries:\n";
  for (const LedgerSupply& supply : status.supplies) {
    const core::Currency& currency = supply.supply.currency;
    if (currency.IsEmpty()) continue;
    fmt::format_to(out, "  {}  issued {}  in circulation {}\n", currency.code(),
                   core::FormatAmount(supply.supply.issued, currency.minor_digits()),
                   core::FormatAmount(supply.supply.in_circulation, currency.minor_digits()));
  }
  fmt::format_to(out, "Settlements: {} settled on all ledgers, {} aborted on all, {} open\n",
                 status.settlements.settled, status.settlements.aborted, status.settlements.open);
  for (const LedgerOverride& seen : engine.corridor().Overrides()) {
    text += TextOf(ViewOf(seen));
  }
  const std::vector<LedgerRepeatedReference> repeated = engine.corridor().RepeatedReferences();
  for (const LedgerRepeatedReference& seen : repeated) text += TextOf(ViewOf(seen));
  text += TextOfUnlisted(repeated.size(), status.repeated_references_count,
                         status.references_forgotten);
  for (const causeway::v1::Alert& alert : engine.alerts()) text += TextOf(alert);
  if (engine.alerts().empty()) text += "No alerts: everything verified.\n";
  return text;
}

std::string JsonReport(const AuditEngine& engine) {
  const CorridorStatus status = engine.corridor().Status();
  Json json;
  json["logs"] = Json::array();
  for (const LogStatus& log : status.logs) json["logs"].push_back(LogJson(log));
  json["supplies"] = Json::array();
  for (const LedgerSupply& supply : status.supplies) {
    if (supply.supply.currency.IsEmpty()) continue;
    json["supplies"].push_back({{"currency", supply.supply.currency.ToString()},
                                {"ledger", supply.ledger.ToString()},
                                {"issued", supply.supply.issued.minor()},
                                {"in_circulation", supply.supply.in_circulation.minor()}});
  }
  json["settlements"] = {{"settled", status.settlements.settled},
                         {"aborted", status.settlements.aborted},
                         {"open", status.settlements.open}};
  json["overrides"] = Json::array();
  for (const LedgerOverride& seen : engine.corridor().Overrides()) {
    json["overrides"].push_back(JsonOf(ViewOf(seen)));
  }
  json["repeated_references"] = Json::array();
  for (const LedgerRepeatedReference& seen : engine.corridor().RepeatedReferences()) {
    json["repeated_references"].push_back(JsonOf(ViewOf(seen)));
  }
  json["repeated_references_count"] = status.repeated_references_count;
  json["references_forgotten"] = status.references_forgotten;
  json["alerts"] = Json::array();
  for (const causeway::v1::Alert& alert : engine.alerts()) {
    json["alerts"].push_back(JsonOf(alert));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace causeway::observer
