#include "scenarios/live/corridor_description.h"

#include <cstddef>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/live/wallet_files.h"
#include "settlement/core/command.h"
#include "settlement/rpc/server.h"

namespace causeway::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIndent = 2;

Json Client(const ParticipantFiles& files) {
  return {{"certificate", files.tls.certificate_file}, {"tls_key", files.tls.private_key_file}};
}

Json Ledger(const Plan& plan, const Corridor& corridor, std::size_t index) {
  const PlannedLedger& ledger = plan.ledgers[index];
  return {{"origin", ledger.origin.ToString()},
          {"currency", ledger.currency.ToString()},
          {"address", corridor.addresses().ledgers[index]},
          {"central_bank", ledger.central_bank.ToString()},
          {"genesis_hash", ledger.genesis.hash.ToHex()},
          {"genesis", corridor.files().ledgers[index].genesis},
          {"liability_account", ledger.genesis.liability_account.ToString()}};
}

Json CentralBank(const Corridor& corridor, std::size_t index) {
  const CentralBankFiles& files = corridor.files().central_banks[index];
  Json out = Client(files.client);
  out["role"] = core::RoleName(core::Role::kCentralBank);
  out["approvers"] = files.approvers;
  return out;
}

// Ids; empty when the bridge serves no settlement queue.
Json MembersOfQueue(const Plan& plan) {
  Json members = Json::array();
  for (std::size_t i = 0; i < plan.participants.size(); ++i) {
    if (!IsQueueMember(plan, static_cast<ParticipantIndex>(i))) continue;
    members.push_back(plan.participants[i].id.ToString());
  }
  return members;
}

Json Participant(const Plan& plan, const Corridor& corridor, std::size_t index) {
  const PlannedParticipant& participant = plan.participants[index];
  const ParticipantFiles& files = corridor.files().participants[index];
  Json out = Client(files);
  out["role"] = core::RoleName(participant.role);
  out["key"] = files.key;
  Json accounts = Json::object();
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    if (participant.accounts[i].IsEmpty()) continue;
    accounts[plan.ledgers[i].currency.ToString()] = participant.accounts[i].ToString();
  }
  out["accounts"] = std::move(accounts);
  return out;
}

}  // namespace

absl::StatusOr<std::string> DescribeCorridor(const Plan& plan, const Corridor& corridor) {
  Json out;
  out["scenario"] = plan.name;
  out["ca"] = corridor.files().ca;
  out["ledgers"] = Json::array();
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    out["ledgers"].push_back(Ledger(plan, corridor, i));
  }
  if (plan.bridge) {
    out["bridge"] = {{"address", corridor.addresses().bridge},
                     {"participant", plan.participants[plan.bridge->participant].id.ToString()},
                     {"decision_log", plan.bridge->decision_log.ToString()},
                     {"policy_hash", plan.bridge->policy.hash.ToHex()},
                     {"settlement_queue", MembersOfQueue(plan)}};
    out["witnesses"] = Json::array();
    for (std::size_t i = 0; i < plan.bridge->witnesses.size(); ++i) {
      out["witnesses"].push_back({{"name", plan.bridge->witnesses[i].name},
                                  {"address", corridor.addresses().witnesses[i]}});
    }
  }
  out["observer"] = {{"address", corridor.addresses().observer},
                     {"participant", plan.participants[plan.observer].id.ToString()}};
  Json participants = Json::object();
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    const auto wallet = WriteWalletFileOfCentralBank(plan, corridor, static_cast<LedgerIndex>(i));
    if (!wallet.ok()) return wallet.status();
    Json& bank = participants[plan.ledgers[i].central_bank.ToString()];
    bank = CentralBank(corridor, i);
    bank["wallet"] = *wallet;
  }
  for (std::size_t i = 0; i < plan.participants.size(); ++i) {
    const auto wallet = WriteWalletFile(plan, corridor, static_cast<ParticipantIndex>(i));
    if (!wallet.ok()) return wallet.status();
    Json& participant = participants[plan.participants[i].id.ToString()];
    participant = Participant(plan, corridor, i);
    participant["wallet"] = *wallet;
  }
  out["participants"] = std::move(participants);
  const std::string path = fmt::format("{}/{}", corridor.files().work_dir, kCorridorFile);
  if (absl::Status status = rpc::WriteFileAtomically(path, out.dump(kIndent) + "\n");
      !status.ok()) {
    return status;
  }
  return path;
}

}  // namespace causeway::sim
