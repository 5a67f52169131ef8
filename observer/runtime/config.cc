#include "observer/runtime/config.h"

#include <filesystem>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "causeway/v1/observer_config.pb.h"
#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/text_message.h"
#include "settlement/rpc/tls.h"

namespace causeway::observer {
namespace {

absl::Status Wrong(const std::string& field, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", field, what));
}

absl::Status CheckAddress(const std::string& field, const std::string& address) {
  const absl::StatusOr<rpc::HostPort> parsed = rpc::ParseHostPort(address);
  if (!parsed.ok()) return Wrong(field, std::string(parsed.status().message()));
  return absl::OkStatus();
}

absl::StatusOr<FollowedLedger> ReadLedger(const causeway::v1::FollowedLedger& source,
                                          const std::string& field) {
  FollowedLedger ledger;
  const absl::StatusOr<core::LedgerOrigin> origin = core::LedgerOrigin::Parse(source.origin());
  if (!origin.ok()) return Wrong(field + ".origin", std::string(origin.status().message()));
  ledger.origin = *origin;
  const std::optional<core::Hash256> hash = core::Hash256::FromHex(source.genesis_hash());
  if (!hash.has_value()) {
    return Wrong(field + ".genesis_hash",
                 fmt::format("is '{}'; must be 64 hexadecimal digits", source.genesis_hash()));
  }
  ledger.genesis_hash = *hash;
  ledger.address = source.address();
  absl::Status address = CheckAddress(field + ".address", ledger.address);
  if (!address.ok()) return address;
  return ledger;
}

absl::Status ReadWitnesses(const causeway::v1::FollowedBridge& source,
                           const core::PolicySet& policies, FollowedBridge& bridge) {
  std::set<std::string> named;
  for (const core::SettlementPolicy& policy : policies.all()) {
    for (const core::PolicyWitness& witness : policy.witnesses) named.insert(witness.name);
  }
  for (int i = 0; i < source.witnesses().size(); ++i) {
    const causeway::v1::FollowedWitness& witness = source.witnesses(i);
    const std::string field = fmt::format("bridge.witnesses[{}]", i);
    if (named.erase(witness.name()) == 0) {
      return Wrong(
          field + ".name",
          fmt::format("'{}' is no witness of the policies, or there twice", witness.name()));
    }
    if (absl::Status address = CheckAddress(field + ".address", witness.address()); !address.ok()) {
      return address;
    }
    bridge.witnesses.push_back({witness.name(), witness.address()});
  }
  return absl::OkStatus();
}

absl::Status ReadPolicies(const causeway::v1::FollowedBridge& source, const std::string& folder,
                          FollowedBridge& bridge) {
  if (source.policy_file().empty()) {
    return Wrong("bridge.policy_file", "is missing; must name the file with the policy bytes");
  }
  for (const std::string& file : source.policy_file()) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    absl::StatusOr<std::string> bytes = rpc::ReadWholeFile(path.string(), kConfigBytesMax);
    if (!bytes.ok()) return bytes.status();
    bridge.policies.push_back(*std::move(bytes));
  }
  const absl::StatusOr<core::PolicySet> set =
      codec::DecodePolicies(bridge.policies, "bridge.policy_file");
  if (!set.ok()) return set.status();
  if (set->decision_log() != bridge.decision_log) {
    return Wrong("bridge.decision_log",
                 fmt::format("is '{}'; the policy has '{}'", bridge.decision_log.text(),
                             set->decision_log().text()));
  }
  return ReadWitnesses(source, *set, bridge);
}

absl::StatusOr<FollowedBridge> ReadBridge(const causeway::v1::FollowedBridge& source,
                                          const std::string& folder) {
  FollowedBridge bridge;
  const absl::StatusOr<core::LedgerOrigin> origin =
      core::LedgerOrigin::Parse(source.decision_log());
  if (!origin.ok()) return Wrong("bridge.decision_log", std::string(origin.status().message()));
  bridge.decision_log = *origin;
  bridge.address = source.address();
  absl::Status address = CheckAddress("bridge.address", bridge.address);
  if (!address.ok()) return address;
  absl::Status policies = ReadPolicies(source, folder, bridge);
  if (!policies.ok()) return policies;
  return bridge;
}

}  // namespace

absl::StatusOr<ObserverConfig> ParseConfig(std::string_view text, const std::string& folder) {
  causeway::v1::ObserverConfig source;
  const std::vector<codec::TextFault> faults = codec::ReadText(text, source);
  if (!faults.empty()) {
    const codec::TextFault& first = faults.front();
    if (first.line == 0) return absl::InvalidArgumentError(first.message);
    return absl::InvalidArgumentError(
        fmt::format("line {}, column {}: {}", first.line, first.column, first.message));
  }
  ObserverConfig config;
  if (source.ledgers().empty() ||
      static_cast<std::size_t>(source.ledgers().size()) > kLedgersFollowedMax) {
    return Wrong("ledgers", fmt::format("there are {}; must be 1 to {}", source.ledgers().size(),
                                        kLedgersFollowedMax));
  }
  std::set<core::LedgerOrigin> origins;
  for (int i = 0; i < source.ledgers().size(); ++i) {
    const std::string field = fmt::format("ledgers[{}]", i);
    absl::StatusOr<FollowedLedger> ledger = ReadLedger(source.ledgers(i), field);
    if (!ledger.ok()) return ledger.status();
    if (!origins.insert(ledger->origin).second) {
      return Wrong(field + ".origin", fmt::format("'{}' is there twice", ledger->origin.text()));
    }
    config.ledgers.push_back(*std::move(ledger));
  }
  if (source.has_bridge()) {
    absl::StatusOr<FollowedBridge> bridge = ReadBridge(source.bridge(), folder);
    if (!bridge.ok()) return bridge.status();
    config.bridge = *std::move(bridge);
  }
  for (int i = 0; i < source.readers().size(); ++i) {
    const absl::StatusOr<core::ParticipantId> reader =
        core::ParticipantId::Parse(source.readers(i));
    if (!reader.ok()) {
      return Wrong(fmt::format("readers[{}]", i), std::string(reader.status().message()));
    }
    config.readers.push_back(*reader);
  }
  return config;
}

absl::StatusOr<ObserverConfig> LoadConfig(const std::string& path) {
  const absl::StatusOr<std::string> text = rpc::ReadWholeFile(path, kConfigBytesMax);
  if (!text.ok()) return text.status();
  absl::StatusOr<ObserverConfig> config =
      ParseConfig(*text, std::filesystem::path(path).parent_path().string());
  if (config.ok()) return config;
  return absl::Status(config.status().code(),
                      fmt::format("{}: {}", path, std::string(config.status().message())));
}

}  // namespace causeway::observer
