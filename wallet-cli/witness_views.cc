#include <algorithm>
#include <string>

#include "wallet-cli/views.h"

namespace causeway::wallet {

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

}  // namespace causeway::wallet
