#include "scenarios/load/payments.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/client/bulk.h"
#include "settlement/core/command.h"
#include "settlement/core/prng.h"

namespace causeway::load {

PaymentMaker::PaymentMaker(PaymentPlan plan)
    : plan_(std::move(plan)),
      debtor_choice_(plan_.debtors.size(), plan_.zipf_exponent),
      creditor_choice_(plan_.creditors.size(), plan_.zipf_exponent) {}

absl::StatusOr<PaymentMaker> PaymentMaker::Create(PaymentPlan plan) {
  if (plan.debtors.empty()) return absl::InvalidArgumentError("there is no account to pay from");
  if (plan.creditors.empty()) return absl::InvalidArgumentError("there is no account to pay to");
  if (plan.debtors.size() == 1 && plan.creditors.size() == 1 &&
      plan.debtors.front() == plan.creditors.front()) {
    return absl::InvalidArgumentError(fmt::format(
        "{} is the only account: give another one to pay to", plan.debtors.front().address.text()));
  }
  return PaymentMaker(std::move(plan));
}

PaymentMaker::Pair PaymentMaker::Choose(core::RandomStream& random) const {
  for (;;) {
    const LoadAccount& debtor = plan_.debtors[debtor_choice_.Choose(random)];
    const LoadAccount& creditor = plan_.creditors[creditor_choice_.Choose(random)];
    if (debtor.ref.number != creditor.ref.number) return {&debtor, &creditor};
  }
}

absl::StatusOr<core::Envelope> PaymentMaker::MakeSingle(core::RandomStream& random) const {
  const Pair pair = Choose(random);
  const core::InstructionId id = core::InstructionIdOf(random.Bytes16());
  const core::Uetr uetr = core::Uetr::FromRandomBytes(random.Bytes16());
  const core::Pay pay{.id = id,
                      .uetr = uetr,
                      .debtor = pair.debtor->address,
                      .creditor = pair.creditor->address,
                      .amount = {pair.debtor->address.currency(), plan_.amount}};
  return client::SignCommand(
      client::MakeCommand(plan_.ledger, plan_.party, id, plan_.valid_until, pay), *plan_.signer);
}

absl::StatusOr<core::Envelope> PaymentMaker::MakeBulk(core::RandomStream& random) const {
  client::BulkBuilder bulk(plan_.ledger, plan_.party, random.Bytes16(), plan_.valid_until);
  for (std::size_t i = 0; i < plan_.batch; ++i) {
    const Pair pair = Choose(random);
    core::BulkPayment payment{
        .debtor = pair.debtor->ref, .creditor = pair.creditor->ref, .amount = plan_.amount};
    payment.id = random.Bytes16();
    payment.uetr = core::Uetr::FromRandomBytes(random.Bytes16());
    bulk.Add(payment);
  }
  return client::SignBulk(bulk.bulk(), *plan_.signer);
}

absl::StatusOr<Request> PaymentMaker::Make(std::uint64_t number) const {
  core::RandomStream random(plan_.seed, fmt::format("load/request/{}", number));
  absl::StatusOr<core::Envelope> envelope = plan_.single ? MakeSingle(random) : MakeBulk(random);
  if (!envelope.ok()) return envelope.status();
  return Request{client::EncodeRequest(*std::move(envelope)),
                 static_cast<std::uint32_t>(plan_.single ? 1 : plan_.batch)};
}

}  // namespace causeway::load
