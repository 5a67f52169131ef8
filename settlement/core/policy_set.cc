#include "settlement/core/policy_set.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "fmt/format.h"

namespace causeway::core {
namespace {

// In the order of epochs. A witness that only leaves may come back; one whose key was replaced may
// not, under any name.
absl::Status CheckRetiredKeysStayRetired(const std::vector<SettlementPolicy>& policies) {
  std::map<std::string, PublicKey> keys;  // by the witness's name, as of the latest that names it
  std::vector<std::pair<PublicKey, std::uint64_t>> retired;  // with the epoch that did
  for (const SettlementPolicy& policy : policies) {
    for (const PolicyWitness& witness : policy.witnesses) {
      const auto [before, is_new] = keys.try_emplace(witness.name, witness.key);
      if (is_new || before->second == witness.key) continue;
      retired.emplace_back(before->second, policy.epoch);
      before->second = witness.key;
    }
    for (const PolicyWitness& witness : policy.witnesses) {
      for (const auto& [key, epoch] : retired) {
        if (key != witness.key) continue;
        return absl::InvalidArgumentError(
            fmt::format("settlement policy of epoch {} gives witness '{}' a key that epoch {} had "
                        "retired; a retired key does not come back, make a new one",
                        policy.epoch, witness.name, epoch));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PolicySet> PolicySet::Make(std::vector<SettlementPolicy> policies) {
  if (policies.empty() || policies.size() > kPoliciesPerLogMax) {
    return absl::InvalidArgumentError(fmt::format(
        "there are {} settlement policies; must be 1 to {}", policies.size(), kPoliciesPerLogMax));
  }
  std::stable_sort(policies.begin(), policies.end(),
                   [](const SettlementPolicy& left, const SettlementPolicy& right) {
                     return left.epoch < right.epoch;
                   });
  const SettlementPolicy& first = policies.front();
  for (std::size_t i = 1; i < policies.size(); ++i) {
    const SettlementPolicy& before = policies[i - 1];
    const SettlementPolicy& policy = policies[i];
    if (policy.hash == before.hash) {
      return absl::InvalidArgumentError(fmt::format(
          "settlement policy {} (epoch {}) is given twice", policy.hash.ToHex(), policy.epoch));
    }
    if (policy.decision_log != first.decision_log) {
      return absl::InvalidArgumentError(fmt::format(
          "settlement policy of epoch {} is of decision log '{}', that of epoch {} of "
          "'{}'; they must be of one log",
          policy.epoch, policy.decision_log.text(), first.epoch, first.decision_log.text()));
    }
    if (policy.epoch == before.epoch) {
      return absl::InvalidArgumentError(fmt::format(
          "settlement policies {} and {} both have epoch {}; every policy of '{}' needs "
          "an epoch of its own",
          before.hash.ToHex(), policy.hash.ToHex(), policy.epoch, policy.decision_log.text()));
    }
    if (policy.decision_log_key != first.decision_log_key) {
      return absl::InvalidArgumentError(
          fmt::format("settlement policies of epochs {} and {} name different keys of decision log "
                      "'{}'; it has one for all its life",
                      first.epoch, policy.epoch, policy.decision_log.text()));
    }
  }
  if (absl::Status status = CheckRetiredKeysStayRetired(policies); !status.ok()) return status;
  return PolicySet(std::move(policies));
}

const SettlementPolicy* PolicySet::Find(const Hash256& hash) const {
  for (const SettlementPolicy& policy : policies_) {
    if (policy.hash == hash) return &policy;
  }
  return nullptr;
}

}  // namespace causeway::core
