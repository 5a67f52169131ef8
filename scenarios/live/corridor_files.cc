#include "scenarios/live/corridor_files.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "causeway/v1/config.pb.h"
#include "causeway/v1/observer_config.pb.h"
#include "fmt/format.h"
#include "scenarios/live/certificate_authority.h"
#include "settlement/codec/codec.h"
#include "settlement/core/key_file.h"

namespace causeway::sim {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kSecretMode = 0600;
constexpr mode_t kPublicMode = 0644;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerMilli = 1'000;
constexpr char kPolicyFile[] = "policy.bin";

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return absl::InternalError(fmt::format("cannot make {}: {}", path, error.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::string> NewWorkDir(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the work directory has no name");
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_empty(path, error)) {
    return absl::FailedPreconditionError(
        fmt::format("{} is not empty; a run needs a new or empty directory", path));
  }
  if (absl::Status made = MakeFolder(path); !made.ok()) return made;
  const fs::path absolute = fs::canonical(path, error);
  if (error) return absl::InternalError(fmt::format("{}: {}", path, error.message()));
  return absolute.string();
}

absl::Status WriteSigningKey(const PlannedKey& key, const std::string& path) {
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> signer =
      core::Ed25519SignerFromSeed(key.seed);
  if (!signer.ok()) return signer.status();
  absl::StatusOr<std::string> pem = core::EncodePrivateKeyPem(**signer, "");
  if (!pem.ok()) return pem.status();
  return WriteNewFile(path, *pem, /*secret=*/true);
}

// "hk.causeway.example/hkd" as the name of a folder.
std::string FolderNameOf(const core::LedgerOrigin& origin) {
  std::string name(origin.text());
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

// One after the other, until the first that fails.
class FileMaker {
 public:
  FileMaker(const Plan& plan, CorridorFiles& files, CertificateAuthority& authority)
      : plan_(plan), files_(files), authority_(authority) {}

  absl::Status MakeAll() {
    if (absl::Status status = WriteNewFile(files_.ca, authority_.certificate_pem(), false);
        !status.ok()) {
      return status;
    }
    for (const PlannedLedger& ledger : plan_.ledgers) {
      if (absl::Status status = MakeLedger(ledger); !status.ok()) return status;
    }
    for (const PlannedParticipant& participant : plan_.participants) {
      if (absl::Status status = MakeParticipant(participant); !status.ok()) return status;
    }
    if (plan_.bridge) {
      if (absl::Status status = MakeBridge(); !status.ok()) return status;
    }
    return MakeServer(plan_.participants[plan_.observer].id, "observer", files_.observer);
  }

 private:
  absl::Status Certify(const core::ParticipantId& participant, bool server,
                       const std::string& path_prefix, rpc::TlsFiles& tls) {
    absl::StatusOr<IssuedCertificate> issued = authority_.Issue(participant, server);
    if (!issued.ok()) return issued.status();
    tls = {.certificate_file = path_prefix + ".pem",
           .private_key_file = path_prefix + "-key.pem",
           .ca_file = files_.ca};
    if (absl::Status status = WriteNewFile(tls.certificate_file, issued->certificate_pem, false);
        !status.ok()) {
      return status;
    }
    return WriteNewFile(tls.private_key_file, issued->private_key_pem, /*secret=*/true);
  }

  absl::Status MakeServer(const core::ParticipantId& runs_it, const std::string& folder,
                          ServerFiles& server) {
    server.folder = fmt::format("{}/{}", files_.work_dir, folder);
    server.data = server.folder + "/data";
    server.log_file = server.folder + "/log.txt";
    server.ready_file = server.folder + "/address.txt";
    if (absl::Status status = MakeFolder(server.folder); !status.ok()) return status;
    return Certify(runs_it, /*server=*/true, server.folder + "/server", server.tls);
  }

  absl::Status MakeLedger(const PlannedLedger& ledger) {
    LedgerFiles& files = files_.ledgers.emplace_back();
    if (absl::Status status =
            MakeServer(ledger.central_bank, fmt::format("ledgers/{}", FolderNameOf(ledger.origin)),
                       files.server);
        !status.ok()) {
      return status;
    }
    files.genesis = files.server.folder + "/genesis.bin";
    files.key = files.server.folder + "/key.pem";
    files.salt_key = files.server.folder + "/salt.key";
    if (absl::Status status = WriteNewFile(files.genesis, ledger.genesis.bytes, false);
        !status.ok()) {
      return status;
    }
    if (absl::Status status = WriteSigningKey(ledger.key, files.key); !status.ok()) return status;
    if (absl::Status status =
            WriteNewFile(files.salt_key, core::ToHex(ledger.salt_key) + "\n", /*secret=*/true);
        !status.ok()) {
      return status;
    }
    return MakeCentralBank(ledger);
  }

  absl::Status MakeCentralBank(const PlannedLedger& ledger) {
    CentralBankFiles& files = files_.central_banks.emplace_back();
    const std::string folder =
        fmt::format("{}/participants/{}", files_.work_dir, ledger.central_bank.text());
    if (absl::Status status = MakeFolder(folder); !status.ok()) return status;
    if (absl::Status status =
            Certify(ledger.central_bank, /*server=*/false, folder + "/tls", files.client.tls);
        !status.ok()) {
      return status;
    }
    for (const PlannedKey& key : ledger.approvers) {
      files.approvers.push_back(
          fmt::format("{}/approver-{}.pem", folder, files.approvers.size() + 1));
      if (absl::Status status = WriteSigningKey(key, files.approvers.back()); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status MakeParticipant(const PlannedParticipant& participant) {
    ParticipantFiles& files = files_.participants.emplace_back();
    const std::string folder =
        fmt::format("{}/participants/{}", files_.work_dir, participant.id.text());
    if (absl::Status status = MakeFolder(folder); !status.ok()) return status;
    if (absl::Status status = Certify(participant.id, /*server=*/false, folder + "/tls", files.tls);
        !status.ok()) {
      return status;
    }
    files.key = folder + "/key.pem";
    return WriteSigningKey(participant.key, files.key);
  }

  absl::Status MakeBridge() {
    const PlannedBridge& bridge = *plan_.bridge;
    if (absl::Status status =
            MakeServer(plan_.participants[bridge.participant].id, "bridge", files_.bridge);
        !status.ok()) {
      return status;
    }
    files_.bridge_key = files_.bridge.folder + "/decision-log-key.pem";
    if (absl::Status status = WriteSigningKey(bridge.decision_log_key, files_.bridge_key);
        !status.ok()) {
      return status;
    }
    for (std::size_t i = 0; i < bridge.witnesses.size(); ++i) {
      if (absl::Status status = MakeWitness(i); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status MakeWitness(std::size_t index) {
    WitnessFiles& files = files_.witnesses.emplace_back();
    std::string folder;
    if (index < plan_.ledgers.size()) {
      folder = files_.ledgers[index].server.folder;
      files.server.data = folder + "/witness-data";
    } else {
      absl::StatusOr<core::ParticipantId> runs_it =
          core::ParticipantId::Parse(fmt::format("WITNESS-{}", index + 1));
      if (!runs_it.ok()) return runs_it.status();
      if (absl::Status status =
              MakeServer(*runs_it, fmt::format("witness-{}", index + 1), files.server);
          !status.ok()) {
        return status;
      }
      folder = files.server.folder;
    }
    files.policy = fmt::format("{}/{}", folder, kPolicyFile);
    if (absl::Status status = WriteNewFile(files.policy, plan_.bridge->policy_bytes, false);
        !status.ok()) {
      return status;
    }
    files.key = folder + "/witness-key.pem";
    return WriteSigningKey(plan_.bridge->witnesses[index].key, files.key);
  }

  const Plan& plan_;
  CorridorFiles& files_;
  CertificateAuthority& authority_;
};

absl::Status WriteText(const google::protobuf::Message& config, const std::string& path) {
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(config, &text)) {
    return absl::InternalError(fmt::format("cannot write {} as text", path));
  }
  return WriteNewFile(path, text, /*secret=*/false);
}

// What a provider posts, and its key: it lets the bridge countersign its quotes.
void AddProvider(const Plan& plan, const CorridorFiles& files, const PlannedProvider& provider,
                 v1::BridgeConfig& config) {
  const PlannedParticipant& participant = plan.participants[provider.participant];
  v1::BridgeProvider* out = config.add_providers();
  out->set_participant(participant.id.ToString());
  out->set_key_file(files.participants[provider.participant].key);
  out->set_validity_s(provider.quote_validity.micros() / kMicrosPerSecond);
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    if (participant.accounts[i].IsEmpty()) continue;
    v1::BridgeProviderAccount* account = out->add_accounts();
    account->set_ledger(plan.ledgers[i].origin.ToString());
    account->set_account(participant.accounts[i].ToString());
  }
  for (const PlannedBoardRate& rate : provider.rates) {
    v1::BridgeBoardRate* posted = out->add_rates();
    posted->set_base(rate.base.ToString());
    posted->set_quote(rate.quote.ToString());
    posted->set_bid(rate.bid.ToString());
    posted->set_ask(rate.ask.ToString());
  }
}

// With the scenario's own rules; how long a settlement of it may take is the bridge's deadline.
absl::Status AddSettlementQueue(const Plan& plan, v1::BridgeConfig& config) {
  const PlannedSettlementQueue& rules = plan.mechanism.settlement_queue;
  v1::BridgeSettlementQueue* queue = config.mutable_settlement_queue();
  queue->set_interval_s(rules.every.micros() / kMicrosPerSecond);
  queue->set_selection(std::string(SettlementSelectionName(rules.selection)));
  queue->set_bypass(rules.bypass);
  queue->set_answer_ms_max(rules.answer_timeout.micros() / kMicrosPerMilli);
  if (rules.wait_max) queue->set_wait_s_max(rules.wait_max->micros() / kMicrosPerSecond);
  queue->set_settlement_window_s(plan.bridge->settlement_deadline.micros() / kMicrosPerSecond);
  for (std::size_t p = 0; p < plan.participants.size(); ++p) {
    if (!IsQueueMember(plan, static_cast<ParticipantIndex>(p))) continue;
    v1::BridgeQueueMember* member = queue->add_members();
    member->set_participant(plan.participants[p].id.ToString());
    for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
      if (plan.participants[p].accounts[i].IsEmpty()) continue;
      v1::BridgeProviderAccount* account = member->add_accounts();
      account->set_ledger(plan.ledgers[i].origin.ToString());
      account->set_account(plan.participants[p].accounts[i].ToString());
    }
  }
  const int most = static_cast<int>(core::kSignaturesPerEnvelopeMax);
  if (queue->members_size() >= 2 && queue->members_size() <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("settlement_queue: {} participants have accounts on two ledgers or more; the "
                  "bridge serves 2 to {} members",
                  queue->members_size(), most));
}

absl::Status WritePolicy(const Plan& plan, const ServerFiles& server) {
  return WriteNewFile(fmt::format("{}/{}", server.folder, kPolicyFile), plan.bridge->policy_bytes,
                      /*secret=*/false);
}

}  // namespace

absl::Status WriteNewFile(const std::string& path, std::string_view content, bool secret) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        secret ? kSecretMode : kPublicMode);
  const auto failed = [&] {
    return absl::InternalError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  };
  if (file < 0) return failed();
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0) {
      absl::Status status = failed();
      close(file);
      return status;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (close(file) != 0) return failed();
  return absl::OkStatus();
}

absl::StatusOr<CorridorFiles> WriteCorridorFiles(const Plan& plan, const std::string& work_dir) {
  absl::StatusOr<std::string> folder = NewWorkDir(work_dir);
  if (!folder.ok()) return folder.status();
  absl::StatusOr<CertificateAuthority> authority =
      CertificateAuthority::Create("Causeway corridor on loopback");
  if (!authority.ok()) return authority.status();
  CorridorFiles files;
  files.work_dir = *std::move(folder);
  files.ca = files.work_dir + "/ca.pem";
  if (absl::Status status = FileMaker(plan, files, *authority).MakeAll(); !status.ok()) {
    return status;
  }
  files.bridge_config = files.bridge.folder + "/bridge.txtpb";
  files.observer_config = files.observer.folder + "/observer.txtpb";
  return files;
}

bool IsQueueMember(const Plan& plan, ParticipantIndex participant) {
  const PlannedParticipant& planned = plan.participants[participant];
  if (plan.mechanism.kind != MechanismKind::kSettlementQueue || !plan.bridge ||
      planned.role == core::Role::kBridge || planned.role == core::Role::kObserver ||
      plan.mechanism.operated_by == participant) {
    return false;
  }
  return std::count_if(planned.accounts.begin(), planned.accounts.end(),
                       [](const auto& account) { return !account.IsEmpty(); }) > 1;
}

absl::Status WriteBridgeConfig(const Plan& plan, const CorridorFiles& files,
                               const std::vector<std::string>& addresses,
                               const std::vector<std::string>& witnesses) {
  if (absl::Status status = WritePolicy(plan, files.bridge); !status.ok()) return status;
  v1::BridgeConfig config;
  config.add_policy_file(kPolicyFile);
  config.set_participant(plan.participants[plan.bridge->participant].id.ToString());
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    v1::BridgeLedger* ledger = config.add_ledgers();
    ledger->set_origin(plan.ledgers[i].origin.ToString());
    ledger->set_address(addresses[i]);
    config.add_observers(plan.ledgers[i].central_bank.ToString());
  }
  for (std::size_t i = 0; i < witnesses.size(); ++i) {
    v1::BridgeWitnessAddress* witness = config.add_witnesses();
    witness->set_name(plan.bridge->witnesses[i].name);
    witness->set_address(witnesses[i]);
  }
  config.add_observers(plan.participants[plan.observer].id.ToString());
  for (const PlannedProvider& provider : plan.bridge->providers) {
    AddProvider(plan, files, provider, config);
  }
  for (const PlannedParticipant& participant : plan.participants) {
    if (participant.role == core::Role::kBridge || participant.role == core::Role::kObserver) {
      continue;
    }
    v1::BridgeParticipant* out = config.add_participants();
    out->set_participant(participant.id.ToString());
    codec::ToProto(participant.key.key, out->add_keys());
  }
  config.mutable_limits()->set_settlement_window_s(plan.bridge->settlement_deadline.micros() /
                                                   kMicrosPerSecond);
  if (plan.mechanism.kind == MechanismKind::kSettlementQueue) {
    if (absl::Status added = AddSettlementQueue(plan, config); !added.ok()) return added;
  }
  return WriteText(config, files.bridge_config);
}

absl::Status WriteObserverConfig(const Plan& plan, const CorridorFiles& files,
                                 const std::vector<std::string>& addresses,
                                 const std::string& bridge_address,
                                 const std::vector<std::string>& witnesses) {
  v1::ObserverConfig config;
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    v1::FollowedLedger* ledger = config.add_ledgers();
    ledger->set_origin(plan.ledgers[i].origin.ToString());
    ledger->set_genesis_hash(plan.ledgers[i].genesis.hash.ToHex());
    ledger->set_address(addresses[i]);
    config.add_readers(plan.ledgers[i].central_bank.ToString());
  }
  config.add_readers(plan.participants[plan.observer].id.ToString());
  if (plan.bridge) {
    if (absl::Status status = WritePolicy(plan, files.observer); !status.ok()) return status;
    v1::FollowedBridge* bridge = config.mutable_bridge();
    bridge->set_decision_log(plan.bridge->decision_log.ToString());
    bridge->add_policy_file(kPolicyFile);
    bridge->set_address(bridge_address);
    for (std::size_t i = 0; i < witnesses.size(); ++i) {
      v1::FollowedWitness* witness = bridge->add_witnesses();
      witness->set_name(plan.bridge->witnesses[i].name);
      witness->set_address(witnesses[i]);
    }
  }
  return WriteText(config, files.observer_config);
}

}  // namespace causeway::sim
