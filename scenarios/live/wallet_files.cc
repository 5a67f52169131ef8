#include "scenarios/live/wallet_files.h"

#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/rpc/server.h"

namespace causeway::sim {
namespace {

std::string Line(std::string_view key, std::string_view value) {
  return fmt::format("{} = \"{}\"\n", key, value);
}

std::string Line(std::string_view key, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", value);
  }
  return fmt::format("{} = [{}]\n", key, list);
}

std::string LedgerLines(const Plan& plan, const Corridor& corridor, LedgerIndex ledger) {
  return Line("ledger", corridor.addresses().ledgers[ledger]) +
         Line("genesis-hash", plan.ledgers[ledger].genesis.hash.ToHex());
}

// What all have.
std::string CommonLines(const Plan& plan, const Corridor& corridor, const core::ParticipantId& who,
                        const ParticipantFiles& files) {
  std::string text = Line("participant", who.text());
  if (plan.bridge) text += Line("bridge", corridor.addresses().bridge);
  return text + Line("tls-cert", files.tls.certificate_file) +
         Line("tls-key", files.tls.private_key_file) + Line("tls-ca", files.tls.ca_file);
}

absl::StatusOr<std::string> Write(const ParticipantFiles& files, const std::string& text) {
  const std::string folder =
      std::filesystem::path(files.tls.certificate_file).parent_path().string();
  const std::string path = folder + "/wallet.toml";
  if (absl::Status status = rpc::WriteFileAtomically(path, text); !status.ok()) return status;
  return path;
}

}  // namespace

absl::StatusOr<std::string> WriteWalletFileOfCentralBank(const Plan& plan, const Corridor& corridor,
                                                         LedgerIndex ledger) {
  const CentralBankFiles& files = corridor.files().central_banks[ledger];
  return Write(files.client,
               LedgerLines(plan, corridor, ledger) +
                   CommonLines(plan, corridor, plan.ledgers[ledger].central_bank, files.client) +
                   Line("key", files.approvers));
}

absl::StatusOr<std::string> WriteWalletFile(const Plan& plan, const Corridor& corridor,
                                            ParticipantIndex participant) {
  const PlannedParticipant& planned = plan.participants[participant];
  const ParticipantFiles& files = corridor.files().participants[participant];
  std::vector<std::string> accounts;  // with their ledgers' addresses
  LedgerIndex last = 0;
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    if (planned.accounts[i].IsEmpty()) continue;
    last = static_cast<LedgerIndex>(i);
    accounts.push_back(
        fmt::format("{}@{}", planned.accounts[i].text(), corridor.addresses().ledgers[i]));
  }
  std::string text;
  if (accounts.size() == 1) text += LedgerLines(plan, corridor, last);
  text += CommonLines(plan, corridor, planned.id, files) + Line("key", files.key);
  if (IsQueueMember(plan, participant)) text += "\n[queue.serve]\n" + Line("account", accounts);
  return Write(files, text);
}

}  // namespace causeway::sim
