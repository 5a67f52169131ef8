// Where the payments of bulks are found again by instruction id and by UETR, over the whole history
// of a ledger. The answers are exact and part of what a ledger decides by, so that every
// implementation gives the same: in memory below (simulator, observers), and over runs on disk in
// central-bank-node.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PAYMENT_INDEX_H_
#define CAUSEWAY_SETTLEMENT_CORE_PAYMENT_INDEX_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "settlement/core/bulk.h"

namespace causeway::core {

// Not synchronised: const members may run at once, others alone.
class PaymentIndex {
 public:
  // Stands for no leaf: leaf 0 is the genesis.
  static constexpr std::uint64_t kNoLeaf = 0;

  virtual ~PaymentIndex() = default;

  // Takes the payments of a bulk in their order, payment i at leaf first_leaf + i. When an earlier
  // payment of that party has the id, in this call or before, known[i] is its leaf and nothing is
  // taken; else known[i] is kNoLeaf. `party` is the participant's position on the ledger.
  virtual void Record(std::uint32_t party, std::span<const BulkPayment> payments,
                      std::uint64_t first_leaf, std::span<std::uint64_t> known) = 0;
  // What became of the payments of the latest Record, for IsSettled.
  virtual void SetResults(std::uint64_t first_leaf, std::span<const PaymentResult> results) = 0;

  virtual std::uint64_t Find(std::uint32_t party, const RawInstructionId& id) const = 0;
  // `leaf` is one that Find gave.
  virtual bool IsSettled(std::uint64_t leaf) const = 0;
  // All leaves with it, ascending.
  virtual std::vector<std::uint64_t> FindByUetr(const Uetr& uetr) const = 0;
};

// Keeps everything in memory: about 100 bytes a payment.
std::unique_ptr<PaymentIndex> MakeMemoryPaymentIndex();

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PAYMENT_INDEX_H_
