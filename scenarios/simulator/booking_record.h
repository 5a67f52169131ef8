// Takes down what settles on the ledgers, and what is drawn of credit lines, entry by entry.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_BOOKING_RECORD_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_BOOKING_RECORD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "settlement/core/entry.h"

namespace causeway::sim {

class BookingRecord {
 public:
  // `plan` outlives the record.
  explicit BookingRecord(const Plan& plan);

  // The next entry of a durable batch of `time`. What the central bank or an institution pays or
  // gets, and legs of settlement lists, which are packed, are left out.
  void OnEntry(core::LedgerTime time, LedgerIndex ledger, const core::Entry& entry);
  // A list was held or resolved, of which entries do not show the postings: what accounts have
  // available after that.
  void OnList(core::LedgerTime time, LedgerIndex ledger,
              const std::function<core::Amount(const core::AccountAddress&)>& available);
  // Both at the end.
  std::vector<Booking> Take() { return std::move(bookings_); }
  std::vector<CreditUse> TakeCreditUses();

 private:
  // An account with a credit line.
  struct Debtor {
    core::Amount drawn;             // as it was noted last
    std::optional<CreditUse> next;  // as the last entries left it; not noted while a set goes on
  };
  void BookCredit(core::LedgerTime time, LedgerIndex ledger, const core::Entry& entry);
  void NoteCredit(LedgerIndex ledger);
  std::optional<ParticipantIndex> HolderOf(LedgerIndex ledger,
                                           const core::AccountAddress& address) const;
  std::uint32_t SetOf(core::LedgerTime time, LedgerIndex ledger, std::uint64_t index);

  std::vector<std::map<core::AccountAddress, ParticipantIndex>> holders_;  // by ledger
  std::map<std::pair<LedgerIndex, core::InstructionKey>, ActionIndex> payments_;
  // Of each ledger the entry that settled in a set last: payments of one follow one another.
  struct LastOfSet {
    core::LedgerTime time;
    std::uint64_t index = 0;
    std::uint32_t set = 0;
  };
  std::vector<LastOfSet> last_of_set_;
  std::uint32_t sets_ = 0;
  std::vector<Booking> bookings_;
  std::vector<std::map<core::AccountAddress, Debtor>> debtors_;  // by ledger
  std::vector<CreditUse> credit_uses_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_BOOKING_RECORD_H_
