// Executes one batch against a ledger's state. Internal to the ledger's own files: payments and
// issues in ledger_funds.cc, administration in ledger_admin.cc, settlements in
// ledger_settlement.cc and, of lists, ledger_list.cc; hash time-locks in ledger_lock.cc; what waits
// for funds in ledger_queue.cc and, where a selector decides, ledger_selected.cc; liquidity terms
// in ledger_terms.cc; what they share in ledger_executor.cc.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_EXECUTOR_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "settlement/core/ledger_state.h"
#include "settlement/core/offsetting.h"

namespace causeway::core {

// Of a reason, a legal basis, a reference: characters, not bytes.
inline constexpr std::size_t kTextCharactersMax = 140;

class LedgerExecutor {
 public:
  LedgerExecutor(Ledger::State& state, LedgerTime now);

  BatchResult Run(std::span<const AdmittedItem> items);
  // As Ledger::WouldSettle.
  Rejection WouldSettle(const AdmittedItem& item);

 private:
  using MaybeRejection = std::optional<Rejection>;

  // What every entry of an instruction has in common.
  struct Context {
    const AdmittedItem* item = nullptr;
    InstructionKey key;
    std::uint32_t position = 0;
    Uetr uetr;
    Hash256 settlement_id;
  };

  // ledger_executor.cc
  ItemResult Execute(const AdmittedItem& item);
  ItemResult ExecuteCommand(const AdmittedItem& item, const Command& command);
  ItemResult ExecuteSingle(const AdmittedItem& item, const Command& command);
  ItemResult ExecutePayBatch(const AdmittedItem& item, const Command& command,
                             const PayBatch& batch);
  // Accepted with the status that the action leads to, after its entry was added; or the rejection.
  MaybeRejection Dispatch(const Context& context, const Command& command);
  bool SignedBy(const AdmittedItem& item, const ParticipantId& party) const;
  std::uint32_t ApproverCount(const AdmittedItem& item) const;
  MaybeRejection CheckSigners(const AdmittedItem& item, const ParticipantId& party) const;
  MaybeRejection CheckValidUntil(LedgerTime valid_until) const;
  MaybeRejection NeedApprovers(const AdmittedItem& item, const ParticipantId& party) const;
  Entry& Add(const Context& context, InstructionStatus status, Cause cause,
             const Rejection& rejection = Rejection{.outcome = Outcome::kAccepted}) {
    return Append(context, context.item->payload_hash, status, cause, rejection);
  }
  // The same of what no item of this batch caused.
  Entry& Append(const Context& context, const Hash256& payload_hash, InstructionStatus status,
                Cause cause, const Rejection& rejection);
  void Post(Entry& entry, AccountState& account, Bucket bucket, TransactionCode code,
            Amount amount);
  // Takes the entry's status into the instruction's state; postings must balance by now. Within a
  // set that is booked together, accounts need be covered only after its last entry.
  const InstructionState& Record(const Entry& entry, bool in_set = false);
  static void CheckCovered(const AccountState& account);
  // As it was recorded last while this item, or payment of a batch, was executed.
  const InstructionState& Recorded(const InstructionKey& key) const;

  // Texts for people: kInvalidField for one that is empty or has more than kTextCharactersMax.
  static MaybeRejection CheckText(std::string_view text, std::string_view field);
  // Of an amount that was checked to be positive.
  static Amount Negative(Amount amount);

  // ledger_bulk.cc
  ItemResult ExecuteBulk(const AdmittedItem& item, const Bulk& bulk);
  void PayAll(const Bulk& bulk, std::uint32_t party, BulkExecution& execution);
  MaybeRejection PayPacked(const BulkPayment& payment, std::uint32_t party, std::uint64_t leaf,
                           PaymentResult& result);
  MaybeRejection FindOpen(const AccountRef& ref, AccountState*& account) const;
  bool IsTakenByBulk(const InstructionKey& key) {
    return state_.FindKnownInBulks(key) != InstructionIndex::kNoLeaf;
  }
  bool IsSettled(const InstructionKey& key);

  // ledger_funds.cc
  MaybeRejection CheckMoney(const Money& money) const;
  MaybeRejection FindOpen(const AccountAddress& address, AccountState*& account) const;
  // `reserved` is what earlier legs of the same settlement already take.
  MaybeRejection CheckDebit(const AccountState& account, Amount amount, Amount reserved) const;
  MaybeRejection CheckCredit(const AccountState& account, Amount amount, Amount reserved) const;
  // A payment that would not be rejected.
  struct CheckedPay {
    AccountState* debtor = nullptr;
    AccountState* creditor = nullptr;
    bool waits = false;  // in the queue
    TransactionCode code = TransactionCode::kPayment;
  };
  MaybeRejection CheckPay(const ParticipantId& party, const Pay& pay, CheckedPay& checked);
  MaybeRejection DoPay(const Context& context, const ParticipantId& party, const Pay& pay);
  MaybeRejection DoRequestIssue(const Context& context, const ParticipantId& party,
                                const RequestIssue& request);
  MaybeRejection DoIssue(const Context& context, const ParticipantId& party, const Issue& issue);
  MaybeRejection DoRedeem(const Context& context, const ParticipantId& party, const Redeem& redeem);
  MaybeRejection DoApprove(const Context& context, const ParticipantId& party,
                           const Approve& approve);
  MaybeRejection DoRefuse(const Context& context, const ParticipantId& party, const Refuse& refuse);
  MaybeRejection DoCancel(const Context& context, const ParticipantId& party, const Cancel& cancel);
  MaybeRejection DoOverride(const Context& context, const ParticipantId& party,
                            const OperatorOverride& order);
  void EndAwaiting(const Context& by, const InstructionKey& key, InstructionStatus status,
                   Cause cause, const Rejection& rejection);

  // ledger_queue.cc
  MaybeRejection DoSetQueueRules(const Context& context, const ParticipantId& party,
                                 const SetQueueRules& action);
  MaybeRejection DoReprioritise(const Context& context, const ParticipantId& party,
                                const Reprioritise& action);
  MaybeRejection DoOptimiseQueue(const Context& context, const ParticipantId& party);
  MaybeRejection Enqueue(const Context& context, const AccountState& debtor,
                         const AccountState& creditor, const Pay& pay, TransactionCode code);
  Entry& AddFromQueue(const QueuedPayment& payment, Amount settles, InstructionStatus status,
                      Cause cause, std::string rule);
  static Rejection PartsWith(const QueuedPayment& payment, Amount settles);
  void CancelQueued(const Context& by, const InstructionKey& key);
  void SettleQueued(const QueuedPayment& payment, Amount amount, Cause cause, std::string rule,
                    bool in_set);
  // At the end of a batch.
  void ServeQueue(std::span<ItemResult> results);
  void ReleaseAndOptimise();
  void ReleaseCovered();
  void FillTerms(const AccountState& account, OffsettingAccount& offsetting) const;
  void Optimise();
  void ExpireQueued();

  // ledger_selected.cc
  MaybeRejection CheckRelease(const AccountState& debtor, const Pay& pay) const;
  void ServeBySelector();
  bool MayRelease() const;
  void BookSelected(const QueueProblem& problem, const std::vector<SelectedPayment>& selected);
  // A payment as it waited, and what of it settles.
  struct TakenPayment {
    QueuedPayment payment;
    Amount amount;
  };
  TakenPayment Take(const QueueProblem& problem, const SelectedPayment& selected);
  void BookAlone(const TakenPayment& taken);
  void BookSet(const std::vector<TakenPayment>& set, const std::string& rule);
  // The account received a payment, or less than zero: released a normal one.
  void CountReceipt(std::uint32_t account, Amount change) {
    if (!state_.queue.counts_receipts()) return;
    state_.queue.AddReceipts(account, change, header_.time);
  }
  void CountReceipts(std::uint32_t debtor, std::uint32_t creditor, Amount amount,
                     PaymentPriority priority) {
    if (priority == PaymentPriority::kNormal) CountReceipt(debtor, Negative(amount));
    CountReceipt(creditor, amount);
  }

  // ledger_terms.cc
  MaybeRejection FindOwn(const AccountAddress& address, const ParticipantId& party,
                         AccountState*& account) const;
  MaybeRejection CheckRoomForTerms(std::size_t more) const;
  AccountTerms& TermsToChange(AccountState& account);
  bool IsCreditPriced(Amount credit_line) const;
  void DropUnusedTerms(AccountState& account);
  void DropAllUnusedTerms();
  MaybeRejection DoSetReservations(const Context& context, const ParticipantId& party,
                                   const SetReservations& action);
  MaybeRejection DoSetReleaseThreshold(const Context& context, const ParticipantId& party,
                                       const SetReleaseThreshold& action);
  MaybeRejection DoSetSenderLimit(const Context& context, const ParticipantId& party,
                                  const SetSenderLimit& action);
  MaybeRejection CheckCreditLine(const AccountState& account, Amount credit_line) const;
  void SetCreditLine(AccountState& account, Amount credit_line);
  MaybeRejection DoSetCredit(const Context& context, const ParticipantId& party,
                             const SetCredit& action);
  MaybeRejection DoSetCreditPrice(const Context& context, const ParticipantId& party,
                                  const SetCreditPrice& action);
  // The funds beyond what payments of that priority leave.
  absl::int128 FundsOver(const AccountState& account, const AccountTerms& terms,
                         PaymentPriority priority) const;
  // Of a payment that its account's funds cover: what the payer's own terms keep it from.
  MaybeRejection CheckKept(const AccountState& debtor, const AccountState& creditor, Amount amount,
                           PaymentPriority priority) const;
  // After a payment settled.
  void CountPayment(const AccountState& debtor, const AccountState& creditor, Amount amount,
                    PaymentPriority priority) {
    if (debtor.has_terms || creditor.has_terms) CountInTerms(debtor, creditor, amount, priority);
  }
  // After a set with that payment was booked: whether its payer has left what its terms keep.
  bool IsKept(const QueuedPayment& payment) const;
  bool DoThresholdsBind() const;
  bool DoLimitsBind(PaymentPriority priority) const;
  void CountInTerms(const AccountState& debtor, const AccountState& creditor, Amount amount,
                    PaymentPriority priority);
  // Before what is available changes.
  void BeforeAvailable(const AccountState& account) {
    if (account.has_terms) CountCredit(account);
  }
  void CountCredit(const AccountState& account);
  MaybeRejection CheckCharge(const AccountState& account, const AccountState& fees,
                             std::optional<Amount> charge) const;
  // At the end of a batch that ends the day.
  void ChargeForCredit();

  // ledger_admin.cc
  MaybeRejection CheckKeys(const std::vector<PublicKey>& keys) const;
  MaybeRejection DoRegister(const Context& context, const ParticipantId& party,
                            const RegisterParticipant& action);
  MaybeRejection DoUpdateKeys(const Context& context, const ParticipantId& party,
                              const UpdateKeys& action);
  MaybeRejection DoOpenAccount(const Context& context, const ParticipantId& party,
                               const OpenAccount& action);
  MaybeRejection DoCloseAccount(const Context& context, const ParticipantId& party,
                                const CloseAccount& action);
  MaybeRejection DoSetFreeze(const Context& context, const ParticipantId& party,
                             const SetFreeze& action);
  MaybeRejection DoSetLimits(const Context& context, const ParticipantId& party,
                             const SetLimits& action);
  MaybeRejection DoSetDayPhase(const Context& context, const ParticipantId& party,
                               const SetDayPhase& action);
  MaybeRejection DoSetPolicy(const Context& context, const ParticipantId& party,
                             const SetSettlementPolicy& action);

  // ledger_settlement.cc
  ItemResult ExecutePrepare(const AdmittedItem& item, const PrepareSettlement& prepare);
  MaybeRejection CheckTerms(const AdmittedItem& item, const PrepareSettlement& prepare) const;
  MaybeRejection CheckLegs(const PrepareSettlement& prepare, std::size_t& failed) const;
  MaybeRejection CheckLeg(const Leg& leg, Amount debited, Amount credited) const;
  void ReserveLegs(const AdmittedItem& item, const PrepareSettlement& prepare,
                   SettlementState& settlement);
  ItemResult ExecuteComplete(const AdmittedItem& item, const CompleteSettlement& completion);
  ItemResult RejectLegs(const AdmittedItem& item, const PrepareSettlement& prepare,
                        const Rejection& rejection);
  ItemResult CompleteAbsent(const AdmittedItem& item, const Hash256& id, bool commit);
  ItemResult ResolveLegs(const AdmittedItem& item, SettlementState& settlement, bool commit);
  MaybeRejection DoOrderAbort(const Context& context, const ParticipantId& party,
                              const OrderAbort& order);
  ItemResult DescribeSettlement(const SettlementState& settlement);
  static ItemResult DescribeEnded(const Hash256& id, EndedSettlement ended);
  std::optional<EndedSettlement> FindEnded(const Hash256& id);
  std::optional<InstructionState> FindCompletion(const Hash256& id);
  MaybeRejection CheckIdIsFree(const Hash256& id);
  MaybeRejection CheckPolicyAndDeadline(const TermsHeader& terms) const;

  // ledger_lock.cc
  MaybeRejection DoLockFunds(const Context& context, const ParticipantId& party,
                             const LockFunds& action);
  MaybeRejection DoClaimLock(const Context& context, const ParticipantId& party,
                             const ClaimLock& claim);
  MaybeRejection DoRefundLock(const Context& context, const ParticipantId& party,
                              const RefundLock& refund);
  std::size_t ForgetOldLocks(const ParticipantId& party);
  MaybeRejection FindLocked(const InstructionKey& key, FundsLock*& lock);
  void EndLock(const Context& by, FundsLock& lock, bool claimed);

  // ledger_list.cc
  ItemResult ExecutePrepareList(const AdmittedItem& item, const PrepareList& prepare);
  MaybeRejection CheckList(const AdmittedItem& item, const PrepareList& prepare,
                           const ListPart* part) const;
  std::shared_ptr<const HeldList> HoldAll(std::uint32_t party, const PrepareList& prepare,
                                          BulkExecution& execution);
  MaybeRejection HoldPacked(const BulkPayment& payment, std::uint32_t party, std::uint64_t leaf,
                            PaymentResult& result);
  MaybeRejection CheckOwnVote(const SettlementState& settlement,
                              const CompleteSettlement& completion) const;
  ItemResult ResolveList(const AdmittedItem& item, const CompleteSettlement& completion,
                         SettlementState& settlement);
  void ResolveHeld(ResolvedLeg& resolved, std::uint64_t leaf);

  Ledger::State& state_;
  BatchHeader header_;
  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<const BulkExecution>> bulks_;
  std::deque<InstructionState> recorded_;
  std::uint64_t next_index_ = 0;  // of the next leaf
  std::size_t item_ = 0;          // position of the item under way
  // A change of the business day takes effect with the next batch, so that one date holds for all
  // entries of a batch.
  BusinessDate next_date_;
  DayPhase next_phase_;
  bool optimise_asked_ = false;
  bool enqueued_any_ = false;
  std::uint32_t parts_ = 0;  // that settled before the rest of their payments
  bool day_ended_ = false;   // in this batch, perhaps to begin again
  Hash256 day_end_payload_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_EXECUTOR_H_
