// The settlement policies of one decision log: one for each epoch. What was decided under a policy
// is judged under it for ever, so that a new epoch is added and the earlier ones stay. A value; any
// thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_POLICY_SET_H_
#define CAUSEWAY_SETTLEMENT_CORE_POLICY_SET_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/command.h"

namespace causeway::core {

inline constexpr std::size_t kPoliciesPerLogMax = 64;

class PolicySet {
 public:
  // Of 1 to kPoliciesPerLogMax policies, in any order. InvalidArgument names those that do not go
  // together: of several logs, with several keys of the log (it has one for all its life), of one
  // epoch, or with a witness key that an earlier one of them had replaced by another.
  static absl::StatusOr<PolicySet> Make(std::vector<SettlementPolicy> policies);

  // Null for a policy that is not here. Valid as long as the set.
  const SettlementPolicy* Find(const Hash256& hash) const;
  // By epoch.
  const std::vector<SettlementPolicy>& all() const { return policies_; }
  const SettlementPolicy& earliest() const { return policies_.front(); }
  const SettlementPolicy& latest() const { return policies_.back(); }
  // The same in all.
  const LedgerOrigin& decision_log() const { return policies_.front().decision_log; }
  const PublicKey& decision_log_key() const { return policies_.front().decision_log_key; }

 private:
  explicit PolicySet(std::vector<SettlementPolicy> policies) : policies_(std::move(policies)) {}

  std::vector<SettlementPolicy> policies_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_POLICY_SET_H_
