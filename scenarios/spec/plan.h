// A plan: a scenario compiled into everything that will be done, by whom and when. It is a pure
// function of file and seed, so that the simulator and the live runner do the same things and end
// with the same balances. Both drive the scripts of actor.h, which turn an action into signed
// requests.
//
// Plans are plain values; any number of threads may read one.
#ifndef CAUSEWAY_SCENARIOS_SPEC_PLAN_H_
#define CAUSEWAY_SCENARIOS_SPEC_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenarios/spec/planned_fault.h"
#include "scenarios/spec/planned_mechanism.h"
#include "scenarios/spec/planned_venue.h"
#include "scenarios/study/behaviour.h"
#include "settlement/core/calendar.h"
#include "settlement/core/command.h"
#include "settlement/core/ids.h"
#include "settlement/core/rate.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// Approvers that each central bank has and needs.
inline constexpr std::uint32_t kApprovers = 2;
// Times that a settlement is tried again with fresh terms after an abort that was nobody's fault
// (a deadline that passed while a process was down).
inline constexpr std::uint32_t kSettlementAttemptsMax = 5;
inline constexpr std::size_t kActionsMax = 10'000'000;

// A key pair that the plan derives: Ed25519 seed =
// SHA-256("causeway/scenario-key/v1\n" || root seed as 8 big-endian bytes || key name). With
// modelled signatures these 32 bytes are the public key, of the suite `modelled`.
// For scenarios only: whoever has the file has the keys.
struct PlannedKey {
  std::string name;  // "participant/HK-BANK-01", "ledger/hk.example/hkd", "approver/HKMA/1", ...
  std::string seed;  // 32 bytes
  core::PublicKey key;
};

// A business day of a ledger.
struct PlannedDay {
  core::BusinessDate date;
  core::LedgerTime opens;
  core::LedgerTime cuts_off;
};

// What holders may keep over night.
struct PlannedOvernight {
  std::optional<core::Amount> non_resident_limit;
  std::optional<core::Amount> resident_limit;
  bool sweep = false;  // the excess is redeemed at cut-off; else it is charged for
  std::uint32_t annual_rate_ppm = 0;
};

struct PlannedBilateralLimit {
  ParticipantIndex to = 0;
  core::Amount limit;
};

// Set before the first day. What is zero, or has no value, is not set.
struct PlannedAccountTerms {
  ParticipantIndex holder = 0;
  core::Amount reserved_urgent = {};
  core::Amount reserved_high = {};
  core::Amount release_threshold = {};
  std::optional<core::Amount> multilateral_limit = {};
  std::vector<PlannedBilateralLimit> bilateral_limits = {};
  core::Amount collateral = {};
  std::uint32_t haircut_basis_points = 0;
  core::Amount uncollateralised = {};
};

struct PlannedLedger {
  core::LedgerOrigin origin;
  core::Currency currency;
  core::Country country;
  core::ParticipantId central_bank;
  PlannedKey key;                     // signs checkpoints and votes
  std::vector<PlannedKey> approvers;  // kApprovers, the keys of the central bank
  std::string salt_key;               // 32 bytes: LedgerEngine::Options::salt_key
  core::Genesis genesis;              // with its exact bytes and hash
  core::BusinessDate joins;           // its first business date
  bool redeem_at_cut_off = false;
  core::QueueRules queue;
  std::vector<PlannedDay> days;  // ascending, from joins on; at least one
  bool own_hours = false;        // they are not the calendar's
  bool warehouses = false;       // what comes outside of its hours is kept until it opens
  std::optional<PlannedOvernight> overnight;
  std::vector<PlannedAccountTerms> account_terms;
  std::uint32_t credit_price_ppm_per_day = 0;
  core::AccountAddress fees;  // of the central bank, for charges; empty where there are none
};

// A participant other than the central banks: bank, FX provider, bridge or observer.
struct PlannedParticipant {
  core::ParticipantId id;
  core::Role role = core::Role::kNone;
  core::Country country;
  core::Bic bic;
  core::Lei lei;
  PlannedKey key;
  // Keys that it gets later, by when the last ledger is told of each.
  struct LaterKey {
    std::uint32_t number = 0;  // from 2
    PlannedKey key;
    core::LedgerTime added;
  };
  std::vector<LaterKey> later_keys;
  // By its number; null when it never gets that.
  const PlannedKey* FindKey(std::uint32_t number) const;
  // Its settlement account on each ledger, by LedgerIndex; empty where it has none. The bridge and
  // the observer are registered on every ledger and have no account.
  std::vector<core::AccountAddress> accounts;
  // It was made for payments that come from a study: generators draw nothing for it.
  bool of_payments = false;
};

// Where payments came from that the scenario did not draw itself.
struct PlannedPaymentsSource {
  std::string name;  // their ids begin so
  LedgerIndex ledger = 0;
  std::string path;            // as the file names it
  std::string sha256;          // of the file, or of all files of a folder
  std::uint64_t payments = 0;  // taken
  std::uint64_t of = 0;        // in the source
};

struct PlannedBoardRate {
  core::Currency base;
  core::Currency quote;
  core::Rate bid;
  core::Rate ask;
  std::vector<PlannedRateTier> tiers = {};
  core::Amount base_amount_max = {};  // zero: no limit
  core::LedgerTime valid_until = core::LedgerTime::Max();
};

struct PlannedProvider {
  ParticipantIndex participant = 0;
  std::vector<PlannedBoardRate> rates;
  core::Duration quote_validity;
  std::vector<core::Money> limits;
  std::optional<std::uint32_t> last_look_ppm;
};

// Of the decision log. The first run beside the ledgers, one each; further ones by themselves.
struct PlannedWitness {
  std::string name;
  PlannedKey key;
};

// A settlement policy of a later epoch than the first.
struct PlannedPolicy {
  core::SettlementPolicy policy;
  std::string bytes;                   // exact
  core::LedgerTime known;              // central banks make it known, and the observer takes it up
  core::Duration spread;               // witnesses and bridge take it up by then
  std::vector<std::size_t> witnesses;  // positions in PlannedBridge::witnesses, in its own order

  // From then on terms are made under it.
  core::LedgerTime used() const { return known + spread; }
};

struct PlannedBridge {
  ParticipantIndex participant = 0;
  core::LedgerOrigin decision_log;
  PlannedKey decision_log_key;
  core::Duration settlement_deadline;         // from submission
  core::SettlementPolicy policy;              // of all ledgers of the plan, the later ones too
  std::string policy_bytes;                   // exact
  std::vector<PlannedPolicy> later_policies;  // by epoch and time
  std::vector<PlannedProvider> providers;
  std::vector<PlannedVenue> venues;  // none: swaps are dealt on the providers' board
  // In the order of the first policy; then those that join with later ones.
  std::vector<PlannedWitness> witnesses;

  // The policy of terms that are made then.
  const core::SettlementPolicy& PolicyAt(core::LedgerTime now) const;
  // Null for a hash that is none of theirs.
  const core::SettlementPolicy* FindPolicy(const core::Hash256& hash) const;
};

// Admits participants, opens their accounts and makes the settlement policy known: everything that
// a ledger needs before its first day. One request.
struct SetUpLedger {
  LedgerIndex ledger = 0;
};
// Advances the business day of a ledger to the action's date and this phase.
struct ChangeDayPhase {
  LedgerIndex ledger = 0;
  core::DayPhase phase = core::DayPhase::kNone;
};
// The central bank issues, by two approvers.
struct IssueTo {
  LedgerIndex ledger = 0;
  ParticipantIndex to = 0;
  core::Amount amount;
};
// A holder redeems and two approvers approve. Without an amount: all that is available at that
// moment beyond `keep`; nothing is sent when that is zero.
struct RedeemFrom {
  LedgerIndex ledger = 0;
  ParticipantIndex from = 0;
  std::optional<core::Amount> amount;
  core::Amount keep = {};
};
// A holder pays the central bank for what it kept over so many nights beyond the limit of the
// ledger's overnight rule; nothing is sent when that is zero.
struct ChargeOvernight {
  LedgerIndex ledger = 0;
  ParticipantIndex from = 0;
  core::Amount limit;
  std::uint32_t nights = 0;
};
struct PayOneWay {
  LedgerIndex ledger = 0;
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  core::Amount amount;
  std::string purpose;
  core::PaymentPriority priority = core::PaymentPriority::kNormal;
};
// A quote is taken, its terms are signed by the taker, and the bridge settles. Exactly one of the
// amounts is set.
struct SwapOnQuote {
  ParticipantIndex taker = 0;
  ParticipantIndex payee = 0;
  LedgerIndex sell_ledger = 0;
  LedgerIndex buy_ledger = 0;
  std::optional<core::Amount> sell;
  std::optional<core::Amount> buy;
  std::string venue = {};  // empty: wherever it is best
};
// What the two pay in one settlement of a list.
struct ListedPvp {
  core::Amount party_amount;
  core::Amount counterparty_amount;
};
// Two banks agreed on both amounts; both sign.
struct SettlePvp {
  ParticipantIndex party = 0;
  ParticipantIndex counterparty = 0;
  LedgerIndex party_ledger = 0;  // of what the party pays
  LedgerIndex counterparty_ledger = 0;
  core::Amount party_amount;
  core::Amount counterparty_amount;
  bool sign_apart = false;  // in virtual time, each hands in its own signature
  // Many settlements between the two, as one settlement list: then the amounts above are their
  // sums. Empty: a single settlement.
  std::vector<ListedPvp> list;
  // In a settlement queue: both withdraw it when it has not ended for so long.
  std::optional<core::Duration> withdraw_after = {};
};
// The central bank freezes an account, or lifts the freeze, by two approvers.
struct FreezeAccount {
  LedgerIndex ledger = 0;
  ParticipantIndex holder = 0;
  bool lift = false;
};
// The central bank moves funds by order of a court; with fewer approvers than kApprovers in vain.
struct OverrideFunds {
  LedgerIndex ledger = 0;
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  core::Amount amount;
  std::uint32_t approvers = kApprovers;
};
// The central bank orders the abort of what an action settles, and carries the order to the bridge.
struct OrderAbortOf {
  LedgerIndex ledger = 0;
  std::string settles;      // id of that action
  ActionIndex action = 0;   // its place
  bool unrecorded = false;  // there is no such order in any log
};
// The central bank makes a policy known, or withdraws those before it.
struct ChangePolicy {
  LedgerIndex ledger = 0;
  std::size_t policy = 0;  // position in PlannedBridge::later_policies
  bool withdraws = false;  // the earlier ones
};
// The central bank changes the keys of a participant, by their numbers; zero: none.
struct ChangeKeys {
  LedgerIndex ledger = 0;
  ParticipantIndex holder = 0;
  std::uint32_t add = 0;
  std::uint32_t revoke = 0;
  bool revokes_all = false;
};
// The central bank closes an account.
struct CloseAccountOf {
  LedgerIndex ledger = 0;
  ParticipantIndex holder = 0;
};
using PlannedWhat =
    std::variant<SetUpLedger, ChangeDayPhase, IssueTo, RedeemFrom, PayOneWay, SwapOnQuote,
                 SettlePvp, FreezeAccount, ChargeOvernight, OverrideFunds, OrderAbortOf,
                 ChangePolicy, ChangeKeys, CloseAccountOf>;

// "set-up", "day-phase", "issue", "redeem", "payment", "swap", "pvp", "freeze", "overnight-charge",
// "override", "abort-order", "policy", "keys", "close-account": as in reports.
std::string_view KindName(const PlannedWhat& what);
// Whether `settled` counts it: payment, swap and pvp.
bool IsTransaction(const PlannedWhat& what);
// Whether it is an order of a court, or a change of rules, that only virtual time knows: the last
// five.
bool IsIntervention(const PlannedWhat& what);

struct PlannedAction {
  ActionIndex index = 0;
  // Unique and valid as an instruction id; at most 30 characters for a settlement, whose later
  // attempts append to it: "pilot-0042", "open-220815-HKD".
  std::string id;
  core::LedgerTime time;    // virtual time at which it is due
  core::BusinessDate date;  // business date on which it happens
  PlannedWhat what;
  // Actions that must have ended before this one starts: the earlier ones that touch one of its
  // accounts, and the day phases of its ledgers. All are below `index`. A driver that keeps to this
  // order gets the same outcomes whatever its timing.
  std::vector<ActionIndex> after;
};

// A sum over all currencies at the reference rates; either bound may be missing.
struct PlannedValueRange {
  std::optional<core::Amount> min;
  std::optional<core::Amount> max;
};
struct PlannedBalance {
  ParticipantIndex participant = 0;
  LedgerIndex ledger = 0;
  core::Amount amount;
};
struct PlannedExpectation {
  enum class Kind {
    kSettled,
    kRejected,
    kBreaches,
    kSettledValue,
    kIssuedValue,
    kAllOrNone,
    kConserved,
    kBalance,
  };
  Kind kind = Kind::kSettled;
  std::uint64_t count = 0;  // kSettled, kRejected, kBreaches
  PlannedValueRange value;  // kSettledValue, kIssuedValue
  PlannedBalance balance;   // kBalance
};

struct Plan;
// Everybody who may be a counterparty at the plan's venues, ascending, each once.
std::vector<ParticipantIndex> VenueMakers(const Plan& plan);
// Whether quotes need more than one bid and one ask for each pair and provider.
bool UsesVenues(const PlannedBridge& bridge);

// Units of a currency per unit of Plan::value_currency.
struct PlannedReferenceRate {
  core::Currency currency;
  core::Rate rate;
};

// What a bank does with its payments that fall due, on each of its accounts.
struct PlannedBehaviour {
  ParticipantIndex participant = 0;
  study::StockBehaviour what;
};

struct PlannedNetwork {
  core::Duration latency_min;  // one way
  core::Duration latency_max;
  core::Duration sync;  // of a durable write
  core::Duration reply_timeout;
};

struct Plan {
  std::string name;
  std::string description;
  std::string source_sha256;  // of the scenario file's bytes, 64 hexadecimal digits
  std::uint64_t seed = 0;     // the file's, or what replaced it
  PlannedMechanism mechanism;

  std::vector<PlannedLedger> ledgers;            // as in the file
  std::vector<PlannedParticipant> participants;  // as in the file; then the bridge, the observer
  std::optional<PlannedBridge> bridge;           // none: the scenario has no settlements
  ParticipantIndex observer = 0;

  std::vector<PlannedPaymentsSource> payments_from;

  std::vector<core::BusinessDate> days;  // business days, ascending
  std::vector<PlannedAction> actions;    // by (time, index); index is the position

  std::optional<core::Currency> value_currency;
  std::vector<PlannedReferenceRate> reference_rates;
  PlannedNetwork network;
  bool modelled_signatures = false;
  bool concurrent = false;                   // actions wait for day phases only
  std::vector<PlannedBehaviour> behaviours;  // of several of a participant the last counts
  std::vector<PlannedFault> faults;
  std::vector<PlannedExpectation> expectations;

  const PlannedLedger& LedgerOf(core::Currency currency) const;
  // Whether nodes stop during the run, so that messages to them are lost: by faults, or because
  // they take up a new policy.
  bool NodesStop() const {
    return !faults.empty() || (bridge.has_value() && !bridge->later_policies.empty());
  }
  // Nothing when there is none of that name.
  std::optional<LedgerIndex> FindLedger(const core::LedgerOrigin& origin) const;
  std::optional<ParticipantIndex> FindParticipant(const core::ParticipantId& id) const;
  const core::AccountAddress& AccountOf(ParticipantIndex participant, LedgerIndex ledger) const {
    return participants[participant].accounts[ledger];
  }
  // The number that its ledger gives that account: set-up opens them in the order of participants.
  std::uint32_t AccountNumberOf(ParticipantIndex participant, LedgerIndex ledger) const;
  // In the value currency, rounded half-even; nothing without a reference rate, or when the result
  // does not fit.
  std::optional<core::Amount> ValueOf(core::Currency currency, core::Amount amount) const;
};

// The numbers of those who send and receive messages in a run of a plan.
class Nodes {
 public:
  explicit Nodes(const Plan& plan)
      : ledgers_(static_cast<NodeIndex>(plan.ledgers.size())),
        participants_(static_cast<NodeIndex>(plan.participants.size())),
        witnesses_(plan.bridge ? static_cast<NodeIndex>(plan.bridge->witnesses.size()) : 0) {}

  NodeIndex Ledger(LedgerIndex ledger) const { return ledger; }
  NodeIndex Bridge() const { return ledgers_; }
  NodeIndex Observer() const { return ledgers_ + 1; }
  // A bank's client.
  NodeIndex Participant(ParticipantIndex participant) const { return ledgers_ + 2 + participant; }
  // The client of a ledger's central bank.
  NodeIndex CentralBank(LedgerIndex ledger) const { return ledgers_ + 2 + participants_ + ledger; }
  // By its position in the policy.
  NodeIndex Witness(std::size_t position) const {
    return 2 * ledgers_ + 2 + participants_ + static_cast<NodeIndex>(position);
  }
  NodeIndex size() const { return 2 * ledgers_ + 2 + participants_ + witnesses_; }

 private:
  NodeIndex ledgers_;
  NodeIndex participants_;
  NodeIndex witnesses_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_PLAN_H_
