#include "fx-bridge/runtime/bridge_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "causeway/v1/config.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/text_message.h"
#include "settlement/core/key_file.h"
#include "settlement/rpc/tls.h"

namespace causeway::bridge {
namespace {

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("{}: {}", path, std::string(status.message())));
}

absl::StatusOr<core::PublicKey> ReadPublicKey(const std::string& path) {
  absl::StatusOr<std::string> pem = rpc::ReadWholeFile(path, core::kKeyFileBytesMax);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<core::PublicKey> key = core::DecodePublicKeyPem(*pem);
  if (!key.ok()) return InFile(path, key.status());
  return key;
}

// Reads one configuration; stops at the first thing that is wrong.
class ConfigReader {
 public:
  explicit ConfigReader(const std::string& path)
      : path_(path), folder_(std::filesystem::path(path).parent_path()) {}

  absl::StatusOr<BridgeSetup> Read() {
    absl::StatusOr<std::string> text = rpc::ReadWholeFile(path_, kConfigBytesMax);
    if (!text.ok()) return text.status();
    if (absl::Status read = codec::ReadTextMessage(*text, config_); !read.ok()) {
      return absl::InvalidArgumentError(fmt::format("{}:{}", path_, std::string(read.message())));
    }
    for (const auto step :
         {&ConfigReader::ReadPolicies, &ConfigReader::ReadLedgers, &ConfigReader::ReadWitnesses,
          &ConfigReader::ReadParticipants, &ConfigReader::ReadLimits, &ConfigReader::ReadProviders,
          &ConfigReader::ReadQueue}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return std::move(setup_);
  }

 private:
  absl::Status Invalid(std::string_view field, std::string_view what) const {
    return absl::InvalidArgumentError(fmt::format("{}: {}: {}", path_, field, what));
  }
  std::string PathOf(const std::string& file) const { return (folder_ / file).string(); }

  template <typename T>
  absl::Status Parse(const std::string& field, const std::string& text, T* out) const {
    absl::StatusOr<T> parsed = T::Parse(text);
    if (!parsed.ok()) return Invalid(field, std::string(parsed.status().message()));
    *out = *parsed;
    return absl::OkStatus();
  }

  absl::Status ReadPolicies() {
    if (config_.policy_file().empty()) return Invalid("policy_file", "must be set");
    for (const std::string& file : config_.policy_file()) {
      absl::StatusOr<std::string> bytes = rpc::ReadWholeFile(PathOf(file), kConfigBytesMax);
      if (!bytes.ok()) return bytes.status();
      setup_.policy_files.push_back(*std::move(bytes));
    }
    absl::StatusOr<core::PolicySet> set = codec::DecodePolicies(setup_.policy_files, "policy_file");
    if (!set.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}", path_, std::string(set.status().message())));
    }
    setup_.policies = *std::move(set);
    return absl::OkStatus();
  }

  // In any of the policies: an earlier one may still have open settlements.
  bool IsInPolicies(const core::LedgerOrigin& ledger) const {
    const std::vector<core::SettlementPolicy>& all = setup_.policies->all();
    return std::any_of(all.begin(), all.end(), [&](const core::SettlementPolicy& policy) {
      return policy.Find(ledger) != nullptr;
    });
  }

  absl::Status ReadLedgers() {
    std::set<core::LedgerOrigin> seen;
    for (int i = 0; i < config_.ledgers_size(); ++i) {
      const v1::BridgeLedger& ledger = config_.ledgers(i);
      const std::string field = fmt::format("ledgers[{}]", i);
      LedgerAddress address;
      if (auto status = Parse(field + ".origin", ledger.origin(), &address.origin); !status.ok()) {
        return status;
      }
      if (!IsInPolicies(address.origin)) {
        return Invalid(field + ".origin", "is in no policy");
      }
      if (!seen.insert(address.origin).second) return Invalid(field + ".origin", "stands twice");
      if (const auto parsed = rpc::ParseHostPort(ledger.address()); !parsed.ok()) {
        return Invalid(field + ".address", std::string(parsed.status().message()));
      }
      address.address = ledger.address();
      setup_.ledgers.push_back(std::move(address));
    }
    for (const core::SettlementPolicy& policy : setup_.policies->all()) {
      for (const core::PolicyLedger& ledger : policy.ledgers) {
        if (seen.contains(ledger.ledger)) continue;
        return Invalid("ledgers", fmt::format("{} of the policy of epoch {} is missing",
                                              ledger.ledger.text(), policy.epoch));
      }
    }
    return absl::OkStatus();
  }

  static bool HasWitness(const core::SettlementPolicy& policy, const std::string& name) {
    return std::any_of(policy.witnesses.begin(), policy.witnesses.end(),
                       [&](const core::PolicyWitness& witness) { return witness.name == name; });
  }

  absl::Status ReadWitnesses() {
    std::set<std::string> seen;
    for (int i = 0; i < config_.witnesses_size(); ++i) {
      const v1::BridgeWitnessAddress& witness = config_.witnesses(i);
      const std::string field = fmt::format("witnesses[{}]", i);
      const std::vector<core::SettlementPolicy>& all = setup_.policies->all();
      if (std::none_of(all.begin(), all.end(), [&](const core::SettlementPolicy& policy) {
            return HasWitness(policy, witness.name());
          })) {
        return Invalid(field + ".name", fmt::format("{} is in no policy", witness.name()));
      }
      if (!seen.insert(witness.name()).second) return Invalid(field + ".name", "stands twice");
      if (const auto parsed = rpc::ParseHostPort(witness.address()); !parsed.ok()) {
        return Invalid(field + ".address", std::string(parsed.status().message()));
      }
      setup_.witnesses.push_back({witness.name(), witness.address()});
    }
    for (const core::PolicyWitness& witness : setup_.policies->latest().witnesses) {
      if (seen.contains(witness.name)) continue;
      return Invalid("witnesses",
                     fmt::format("{} of the policy in force is missing", witness.name));
    }
    return absl::OkStatus();
  }

  absl::Status ReadParticipants() {
    setup_.keys = std::make_shared<StaticKeyDirectory>();
    for (int i = 0; i < config_.participants_size(); ++i) {
      const v1::BridgeParticipant& participant = config_.participants(i);
      const std::string field = fmt::format("participants[{}]", i);
      core::ParticipantId id;
      if (auto status = Parse(field + ".participant", participant.participant(), &id);
          !status.ok()) {
        return status;
      }
      if (!setup_.participants.insert(id).second) {
        return Invalid(field + ".participant", "stands twice");
      }
      for (int k = 0; k < participant.keys_size(); ++k) {
        absl::StatusOr<core::PublicKey> key = codec::FromProto(participant.keys(k));
        if (!key.ok()) {
          return Invalid(fmt::format("{}.keys[{}]", field, k), std::string(key.status().message()));
        }
        if (auto status = AddKey(fmt::format("{}.keys[{}]", field, k), id, *key); !status.ok()) {
          return status;
        }
      }
      for (const std::string& file : participant.key_files()) {
        const absl::StatusOr<core::PublicKey> key = ReadPublicKey(PathOf(file));
        if (!key.ok()) return key.status();
        if (auto status = AddKey(field + ".key_files", id, *key); !status.ok()) return status;
      }
    }
    for (int i = 0; i < config_.observers_size(); ++i) {
      core::ParticipantId id;
      if (auto status = Parse(fmt::format("observers[{}]", i), config_.observers(i), &id);
          !status.ok()) {
        return status;
      }
      setup_.observers.insert(id);
    }
    return absl::OkStatus();
  }

  absl::Status AddKey(const std::string& field, const core::ParticipantId& id,
                      const core::PublicKey& key) {
    if (const auto verifier = core::Verifier::Create(key); !verifier.ok()) {
      return Invalid(field, std::string(verifier.status().message()));
    }
    if (setup_.keys->Find(core::KeyIdOf(key)) != nullptr) {
      return Invalid(field, "the key stands here twice; it signs for one participant, once");
    }
    setup_.keys->Add(id, key);
    return absl::OkStatus();
  }

  absl::Status ReadLimits() {
    const v1::BridgeLimits& limits = config_.limits();
    if (limits.open_max() != 0) setup_.coordinator.open_max = limits.open_max();
    if (limits.ledger_calls_max() > kLedgerCallsMax) {
      return Invalid("limits.ledger_calls_max", fmt::format("the most is {}", kLedgerCallsMax));
    }
    if (limits.ledger_calls_max() != 0) setup_.calls.calls_max = limits.ledger_calls_max();
    if (limits.ledger_call_ms_max() < 0 || limits.ledger_call_ms_max() > kLedgerCallMillisMax) {
      return Invalid("limits.ledger_call_ms_max",
                     fmt::format("must be 0 to {}", kLedgerCallMillisMax));
    }
    if (limits.ledger_call_ms_max() != 0) {
      setup_.calls.call_time_max = core::Duration::FromMillis(limits.ledger_call_ms_max());
    }
    setup_.coordinator.answer_wait_max =
        setup_.calls.call_time_max + core::Duration::FromSeconds(5);
    if (config_.participant().empty()) return absl::OkStatus();
    return Parse("participant", config_.participant(), &setup_.calls.participant);
  }

  absl::Status ReadProviders() {
    if (config_.providers().empty()) return absl::OkStatus();
    std::vector<Provider> providers;
    for (int i = 0; i < config_.providers_size(); ++i) {
      Provider provider;
      if (auto status =
              ReadProvider(fmt::format("providers[{}]", i), config_.providers(i), provider);
          !status.ok()) {
        return status;
      }
      providers.push_back(std::move(provider));
    }
    BoardVenue::Options options;
    options.policy_hash = setup_.policies->latest().hash;
    if (config_.limits().settlement_window_s() < 0) {
      return Invalid("limits.settlement_window_s", "must not be negative");
    }
    if (config_.limits().settlement_window_s() != 0) {
      options.settlement_window =
          core::Duration::FromSeconds(config_.limits().settlement_window_s());
    }
    absl::StatusOr<std::unique_ptr<BoardVenue>> venue =
        BoardVenue::Create(options, std::move(providers));
    if (!venue.ok()) return Invalid("providers", std::string(venue.status().message()));
    setup_.venue = *std::move(venue);
    return absl::OkStatus();
  }

  absl::Status ReadProvider(const std::string& field, const v1::BridgeProvider& message,
                            Provider& out) {
    if (auto status = Parse(field + ".participant", message.participant(), &out.participant);
        !status.ok()) {
      return status;
    }
    if (message.key_file().empty()) return Invalid(field + ".key_file", "must be set");
    absl::StatusOr<std::shared_ptr<const core::Signer>> signer =
        ReadSigner(PathOf(message.key_file()));
    if (!signer.ok()) return signer.status();
    out.signer = *std::move(signer);
    if (message.validity_s() < 0) return Invalid(field + ".validity_s", "must not be negative");
    if (message.validity_s() != 0) out.validity = core::Duration::FromSeconds(message.validity_s());
    for (int i = 0; i < message.accounts_size(); ++i) {
      const std::string place = fmt::format("{}.accounts[{}]", field, i);
      ProviderAccount account;
      if (auto status = Parse(place + ".ledger", message.accounts(i).ledger(), &account.ledger);
          !status.ok()) {
        return status;
      }
      if (auto status = Parse(place + ".account", message.accounts(i).account(), &account.account);
          !status.ok()) {
        return status;
      }
      out.accounts.push_back(account);
    }
    for (int i = 0; i < message.rates_size(); ++i) {
      BoardRate rate;
      if (auto status = ReadRate(fmt::format("{}.rates[{}]", field, i), message.rates(i), rate);
          !status.ok()) {
        return status;
      }
      out.rates.push_back(rate);
    }
    for (int i = 0; i < message.limits_size(); ++i) {
      core::Money limit;
      limit.amount = core::Amount::FromMinor(message.limits(i).minor_units_max());
      if (auto status = Parse(fmt::format("{}.limits[{}].currency", field, i),
                              message.limits(i).currency(), &limit.currency);
          !status.ok()) {
        return status;
      }
      out.limits.push_back(limit);
    }
    return absl::OkStatus();
  }

  // `number`, or `otherwise` for 0.
  absl::StatusOr<std::int64_t> Within(const std::string& field, std::int64_t number,
                                      std::int64_t otherwise, std::int64_t most) const {
    if (number >= 0 && number <= most) return number == 0 ? otherwise : number;
    return Invalid(field, fmt::format("must be 0 to {}", most));
  }

  absl::Status ReadQueue() {
    if (!config_.has_settlement_queue()) return absl::OkStatus();
    const v1::BridgeSettlementQueue& message = config_.settlement_queue();
    QueueOptions queue;
    queue.decision_log = setup_.policies->decision_log();
    queue.policy_hash = setup_.policies->latest().hash;
    queue.keys = setup_.keys;
    const std::string field = "settlement_queue";
    if (auto status = ReadQueueRules(field, message, queue); !status.ok()) return status;
    for (int i = 0; i < message.members_size(); ++i) {
      const std::string place = fmt::format("{}.members[{}]", field, i);
      if (auto status = ReadQueueMember(place, message.members(i), queue); !status.ok()) {
        return status;
      }
    }
    if (auto status = QueueDesk::CheckMembers(queue.members); !status.ok()) {
      return Invalid(field, std::string(status.message()));
    }
    setup_.queue = std::move(queue);
    return absl::OkStatus();
  }

  absl::Status ReadQueueRules(const std::string& field, const v1::BridgeSettlementQueue& message,
                              QueueOptions& queue) const {
    const auto every =
        Within(field + ".interval_s", message.interval_s(), 60, kQueueIntervalSecondsMax);
    if (!every.ok()) return every.status();
    const auto answer =
        Within(field + ".answer_ms_max", message.answer_ms_max(), 5'000, kQueueAnswerMillisMax);
    if (!answer.ok()) return answer.status();
    const auto wait = Within(field + ".wait_s_max", message.wait_s_max(), 0, kQueueWaitSecondsMax);
    if (!wait.ok()) return wait.status();
    const auto window = Within(field + ".settlement_window_s", message.settlement_window_s(), 60,
                               kQueueWindowSecondsMax);
    if (!window.ok()) return window.status();
    const auto trades =
        Within(field + ".trades_max", message.trades_max(), kQueueTradesDefault, kQueueTradesMax);
    if (!trades.ok()) return trades.status();
    queue.rules.every = core::Duration::FromSeconds(*every);
    queue.rules.answer_timeout = core::Duration::FromMillis(*answer);
    if (*wait != 0) queue.rules.wait_max = core::Duration::FromSeconds(*wait);
    queue.rules.bypass = message.bypass();
    queue.rules.exact_max = kQueueExactMax;
    queue.settlement_window = core::Duration::FromSeconds(*window);
    queue.trades_max = static_cast<std::size_t>(*trades);
    using fx_queue::SettlementSelection;
    for (const auto each : {SettlementSelection::kNone, SettlementSelection::kLargest,
                            SettlementSelection::kGreedy, SettlementSelection::kExact}) {
      if (message.selection() != fx_queue::SettlementSelectionName(each)) continue;
      queue.rules.selection = each;
      return absl::OkStatus();
    }
    if (message.selection().empty()) return absl::OkStatus();
    return Invalid(field + ".selection", "must be none, largest, greedy or exact");
  }

  absl::Status ReadQueueMember(const std::string& field, const v1::BridgeQueueMember& message,
                               QueueOptions& queue) const {
    core::ParticipantId id;
    if (auto status = Parse(field + ".participant", message.participant(), &id); !status.ok()) {
      return status;
    }
    if (!setup_.participants.contains(id)) {
      return Invalid(field + ".participant", "is not among the participants");
    }
    const auto [member, added] = queue.members.try_emplace(id);
    if (!added) return Invalid(field + ".participant", "stands twice");
    for (int i = 0; i < message.accounts_size(); ++i) {
      const std::string place = fmt::format("{}.accounts[{}]", field, i);
      core::LedgerOrigin ledger;
      core::AccountAddress account;
      if (auto status = Parse(place + ".ledger", message.accounts(i).ledger(), &ledger);
          !status.ok()) {
        return status;
      }
      if (setup_.policies->latest().Find(ledger) == nullptr) {
        return Invalid(place + ".ledger", "is not in the policy in force");
      }
      if (auto status = Parse(place + ".account", message.accounts(i).account(), &account);
          !status.ok()) {
        return status;
      }
      if (!member->second.emplace(ledger, account).second) {
        return Invalid(place + ".ledger", "stands twice");
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadRate(const std::string& field, const v1::BridgeBoardRate& message,
                        BoardRate& out) const {
    if (auto status = Parse(field + ".base", message.base(), &out.pair.base); !status.ok()) {
      return status;
    }
    if (auto status = Parse(field + ".quote", message.quote(), &out.pair.quote); !status.ok()) {
      return status;
    }
    if (auto status = Parse(field + ".bid", message.bid(), &out.bid); !status.ok()) return status;
    if (auto status = Parse(field + ".ask", message.ask(), &out.ask); !status.ok()) return status;
    out.base_amount_max = core::Amount::FromMinor(message.base_minor_units_max());
    for (int i = 0; i < message.tiers_size(); ++i) {
      const v1::BridgeRateTier& read = message.tiers(i);
      const std::string place = fmt::format("{}.tiers[{}]", field, i);
      RateTier tier;
      tier.base_amount_from = core::Amount::FromMinor(read.base_minor_units_from());
      if (auto status = Parse(place + ".bid", read.bid(), &tier.bid); !status.ok()) return status;
      if (auto status = Parse(place + ".ask", read.ask(), &tier.ask); !status.ok()) return status;
      out.tiers.push_back(tier);
    }
    if (message.valid_until_us() != 0) {
      out.valid_until = core::LedgerTime::FromMicros(message.valid_until_us());
    }
    return absl::OkStatus();
  }

  const std::string path_;
  const std::filesystem::path folder_;
  v1::BridgeConfig config_;
  BridgeSetup setup_;
};

}  // namespace

absl::StatusOr<BridgeSetup> ReadBridgeConfig(const std::string& path) {
  return ConfigReader(path).Read();
}

absl::StatusOr<std::string> MakePolicy(const PolicySpec& spec) {
  core::SettlementPolicy policy;
  if (spec.epoch == 0) {
    return absl::InvalidArgumentError("epoch: is 0; the first policy of a log has 1");
  }
  policy.epoch = spec.epoch;
  const absl::StatusOr<core::LedgerOrigin> log = core::LedgerOrigin::Parse(spec.decision_log);
  if (!log.ok()) return InFile("decision log", log.status());
  policy.decision_log = *log;
  absl::StatusOr<core::PublicKey> key = ReadPublicKey(spec.decision_log_key_path);
  if (!key.ok()) return key.status();
  policy.decision_log_key = *std::move(key);
  for (const std::string& path : spec.genesis_paths) {
    const absl::StatusOr<std::string> bytes = rpc::ReadWholeFile(path, kConfigBytesMax);
    if (!bytes.ok()) return bytes.status();
    const absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(*bytes);
    if (!genesis.ok()) return InFile(path, genesis.status());
    policy.ledgers.push_back({genesis->ledger, genesis->hash, genesis->ledger_key});
  }
  for (const WitnessSpec& witness : spec.witnesses) {
    absl::StatusOr<core::PublicKey> witness_key = ReadPublicKey(witness.key_path);
    if (!witness_key.ok()) return witness_key.status();
    policy.witnesses.push_back({witness.name, *std::move(witness_key)});
  }
  policy.witnesses_needed = spec.witnesses_needed;
  policy.witnesses_faulty_max = spec.witnesses_faulty_max;
  std::string bytes = codec::EncodePolicy(policy);
  const absl::StatusOr<core::SettlementPolicy> decoded = codec::DecodePolicy(bytes);
  if (!decoded.ok()) return InFile("the policy", decoded.status());
  return bytes;
}

absl::StatusOr<std::shared_ptr<const core::Signer>> ReadSigner(const std::string& path) {
  absl::StatusOr<std::string> pem = rpc::ReadWholeFile(path, core::kKeyFileBytesMax);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> signer =
      core::DecodePrivateKeyPem(*pem, "");
  if (!signer.ok()) return InFile(path, signer.status());
  return std::shared_ptr<const core::Signer>(*std::move(signer));
}

}  // namespace causeway::bridge
