// The requests of a load: signed bulks, or single signed payments.
#ifndef CAUSEWAY_SCENARIOS_LOAD_PAYMENTS_H_
#define CAUSEWAY_SCENARIOS_LOAD_PAYMENTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/load/account_choice.h"
#include "scenarios/load/accounts.h"
#include "scenarios/load/request_pool.h"
#include "settlement/client/commands.h"
#include "settlement/core/amount.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::load {

struct PaymentPlan {
  client::LedgerAddress ledger;
  core::ParticipantId party;  // owns the debtors and signs
  const core::Signer* signer = nullptr;
  std::vector<LoadAccount> debtors;
  std::vector<LoadAccount> creditors;  // a payment is never from an account to itself
  double zipf_exponent = 0;            // 0: all accounts alike
  core::Amount amount = core::Amount::FromMinor(1);
  core::LedgerTime valid_until;
  std::size_t batch = 1;  // payments in a request
  bool single = false;    // a request is a command with one payment, not a bulk
  // Ids, references and accounts follow from it: a seed serves one run on one ledger.
  std::uint64_t seed = 0;
};

// Makes requests by number: the same plan and number give the same payments. Thread-safe.
class PaymentMaker {
 public:
  // InvalidArgument when the accounts leave no payment to make.
  static absl::StatusOr<PaymentMaker> Create(PaymentPlan plan);

  absl::StatusOr<Request> Make(std::uint64_t number) const;

 private:
  explicit PaymentMaker(PaymentPlan plan);
  struct Pair {
    const LoadAccount* debtor;
    const LoadAccount* creditor;
  };
  Pair Choose(core::RandomStream& random) const;
  absl::StatusOr<core::Envelope> MakeSingle(core::RandomStream& random) const;
  absl::StatusOr<core::Envelope> MakeBulk(core::RandomStream& random) const;

  PaymentPlan plan_;
  AccountChoice debtor_choice_;
  AccountChoice creditor_choice_;
};

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_PAYMENTS_H_
