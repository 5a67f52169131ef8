// The compiler of scenarios: checks a parsed file and builds its plan. Internal to this library.
#ifndef CAUSEWAY_SCENARIOS_SPEC_COMPILER_H_
#define CAUSEWAY_SCENARIOS_SPEC_COMPILER_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/spec/generator.h"
#include "scenarios/spec/located.h"
#include "scenarios/spec/payments_source.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {

// When opening balances are issued.
inline constexpr core::Duration kOpeningIssueAfterOpening = core::Duration::FromSeconds(10);
inline constexpr int kCalendarDaysMax = 3700;

class Compiler {
 public:
  Compiler(const ParsedScenario& parsed, const CompileOptions& options);

  // Once. The plan, or all findings of meaning.
  std::variant<Plan, std::vector<Finding>> Compile();

 private:
  using Spec = causeway::v1::Scenario;

  // compiler.cc
  void CompileHeader();
  void CompileReferenceRates();
  void CompileNetwork();
  void CompileCalendar();
  void CompileHolidays(const Node& node, core::BusinessDate first, core::BusinessDate last);
  void CompileExpectations();
  void CompileExpectation(int index);
  void CompileValueRange(const Node& node, const causeway::v1::ValueRange& range,
                         PlannedExpectation& out);

  // compile_parties.cc
  void CompileLedgers();
  void CompileLedger(int index);
  core::QueueRules ReadQueue(const Node& node, const causeway::v1::QueueSpec& spec,
                             core::Currency currency);
  core::QueueSplitting ReadSplitting(const Node& node, const causeway::v1::QueueSplittingSpec& spec,
                                     core::Currency currency);
  static core::QueueRun ReadQueueRun(const causeway::v1::QueueRunSpec& spec);
  void CheckQueue(const Node& node, const core::QueueRules& rules);
  void CompileParticipants();
  void CompileParticipant(int index);
  void AddSystemParticipants();
  void AddParticipant(PlannedParticipant participant, const std::vector<bool>& on_ledger);
  void OpenAccount(ParticipantIndex participant, LedgerIndex ledger);
  void MakeGenesis(PlannedLedger& ledger);
  void CompileBridge();
  void CompileProvider(int index);
  void CompileBoardRates(const Node& node, const causeway::v1::FxProviderSpec& spec,
                         PlannedProvider& provider);
  void MakePolicy();

  // compile_terms.cc; once participants and mechanism are known
  static core::AccountAddress FeesAccountOf(const PlannedLedger& ledger);
  // Not below zero, which an empty text is.
  std::optional<core::Amount> ReadTerm(Place place, const std::string& text,
                                       core::Currency currency);
  void CompileAccountTerms();
  void CompileTermsOf(const Node& node, const causeway::v1::AccountTermsSpec& spec,
                      LedgerIndex index);

  // compile_calendar.cc
  void CompileHours(const Node& node, const causeway::v1::LedgerSpec& spec, PlannedLedger& ledger);
  std::optional<core::OperatingCalendar> ReadHours(const Node& node,
                                                   const causeway::v1::RtgsHours& spec);
  std::optional<core::LocalClock> ReadClock(const Node& node, const causeway::v1::RtgsHours& spec);
  void CompileOvernight(const Node& node, const causeway::v1::OvernightRule& spec,
                        PlannedLedger& ledger);
  // Moves what comes outside of hours to the next moment at which all ledgers it needs are open,
  // when the closed ones keep it.
  void Warehouse(const PlannedWhat& what, core::LedgerTime& time, core::BusinessDate& date) const;

  // compile_venues.cc
  void CompilePostedTerms(const Node& node, const causeway::v1::BoardRate& posted,
                          core::Currency base, PlannedBoardRate& rate);
  void CompileProviderLimits(const Node& node, const causeway::v1::FxProviderSpec& spec,
                             PlannedProvider& provider);
  void CompileVenues();
  void CompileVenue(int index);
  std::optional<PlannedRfq> CompileRfq(const Node& node, const causeway::v1::RfqVenueSpec& spec);
  std::optional<PlannedBook> CompileBook(const Node& node, const causeway::v1::BookVenueSpec& spec);
  std::optional<PlannedPool> CompilePool(const Node& node, const causeway::v1::PoolVenueSpec& spec);
  std::optional<PlannedHybridCurve> CompileHybridCurve(const Node& node,
                                                       const causeway::v1::HybridCurveSpec& spec);
  std::optional<PlannedMovingScale> CompileMovingScale(const Node& node,
                                                       const causeway::v1::MovingScaleSpec& spec);
  std::uint32_t ReadFee(Place place, std::uint32_t fee_ppm);
  // A decimal of up to `scale` places as a whole number of units of its last place, 1..max.
  std::optional<std::uint64_t> ReadScaled(Place place, const std::string& text, int scale,
                                          std::uint64_t max);

  PlannedKey DeriveKey(std::string name) const;
  std::string DeriveSecret(std::string_view label, std::string_view name) const;
  bool NeedsBridge() const;
  // That the file asks for: with the bridge and the observer.
  std::size_t ParticipantCount() const;

  // compile_mechanism.cc; once participants and bridge are known
  void CompileMechanism();
  void CompileTerms(const Node& node, const causeway::v1::MechanismSpec& spec, MechanismKind kind);
  void CompileHtlc(const Node& node, const causeway::v1::HtlcSpec& spec);
  void CompileCls(const Node& node, const causeway::v1::ClsSpec& spec);
  void CompileInstalments(const Node& node, const causeway::v1::ClsSpec& spec);
  // Times of day at which something begins that lasts for so long, while the ledgers are open.
  std::vector<core::Duration> ReadTimes(
      const Node& node, const char* field,
      const google::protobuf::RepeatedPtrField<std::string>& texts, core::Duration length);
  void CompileNetting(const Node& node, const causeway::v1::NettingSpec& spec);
  void CompileSharedLedger(const Node& node, const causeway::v1::SharedLedgerSpec& spec);
  void CompileSettlementQueue(const Node& node, const causeway::v1::SettlementQueueSpec& spec);
  std::optional<ParticipantIndex> ReadOperator(const Node& node, const std::string& id);

  // compile_traffic.cc
  void CompileOpeningBalances();
  void CompileSteps();
  void CompileStep(int index);
  std::optional<PlannedWhat> CompilePay(const Node& node, const causeway::v1::PaymentStep& step);
  std::optional<PlannedWhat> CompileSwap(const Node& node, const causeway::v1::SwapStep& step);
  // Moves a PvP settlement from its trade date to its value date.
  void MoveToValueDate(Place place, const SettlePvp& pvp, std::uint32_t value_days,
                       core::LedgerTime& time, core::BusinessDate& date);
  std::optional<PlannedWhat> CompilePvp(const Node& node, const causeway::v1::PvpStep& step);
  // Of a step or a generator; nothing when there is none.
  std::optional<core::Duration> ReadWithdrawAfter(const Node& node, std::uint32_t seconds);
  bool ReadAmounts(const Node& node, const causeway::v1::PvpStep& step, SettlePvp& pvp);
  bool ReadList(const Node& node, const causeway::v1::PvpStep& step, SettlePvp& pvp);
  std::optional<PlannedWhat> CompileIssue(const Node& node, const causeway::v1::IssueStep& step);
  std::optional<PlannedWhat> CompileRedeem(const Node& node, const causeway::v1::RedeemStep& step);
  std::optional<PlannedWhat> CompileFreeze(const Node& node, const causeway::v1::FreezeStep& step);
  void CompileGenerators();
  // Of a generator or of payments_from: what begins the ids of its actions.
  void ReadTrafficName(Place place, const std::string& name);
  void CompileGenerator(int index);
  void ReadGeneratorValues(const Node& node, const causeway::v1::Generator& spec,
                           GeneratorInput& input);
  void ReadGeneratorWeights(const Node& node, const causeway::v1::Generator& spec,
                            GeneratorInput& input);
  void AddAction(Place place, std::string id, core::LedgerTime time, core::BusinessDate date,
                 PlannedWhat what);

  // compile_payments_from.cc. Reading makes the participants, once all of the file are there; what
  // they do is compiled with all other traffic.
  struct PaymentsEntry {
    LedgerIndex ledger = 0;
    int index = 0;  // among those of the ledger
    SourcedPayments sourced;
    std::vector<study::DayTerms> terms;   // one: of the first day only
    std::vector<ParticipantIndex> banks;  // by account
    std::size_t first_day = 0;            // place in the ledger's days
  };
  void ReadPaymentsFrom();
  void ReadPaymentsEntry(const Node& node, const causeway::v1::PaymentsFrom& spec,
                         PaymentsEntry& entry);
  void ReadPaymentsDays(const Node& node, const causeway::v1::PaymentsFrom& spec,
                        PaymentsEntry& entry);
  void ReadPaymentsBanks(const Node& node, const causeway::v1::PaymentsFrom& spec,
                         PaymentsEntry& entry);
  std::optional<ParticipantIndex> FindOrMakeBank(const Node& node,
                                                 const causeway::v1::PaymentsFrom& spec,
                                                 LedgerIndex ledger, const std::string& bank);
  void CompilePaymentsFrom();
  void AddSourcedTerms(Place place, const PaymentsEntry& entry);
  void AddSourcedIssues(Place place, const std::string& name, const PaymentsEntry& entry);
  void AddSourcedPayments(Place place, const std::string& name, const PaymentsEntry& entry);

  // compile_interventions.cc
  struct Due {
    std::string id;
    core::LedgerTime time;
    core::BusinessDate date;
    Place place;  // of the id
  };
  void CompileIntervention(const Node& node, const causeway::v1::Step& spec, Due due);
  void AddIntervention(const Due& due, const std::string& suffix, core::Duration later,
                       PlannedWhat what);
  bool CanSplit(const Due& due);
  void CompileOverride(const Node& node, const causeway::v1::OverrideStep& step, Due due);
  void CompileOrderAbort(const Node& node, const causeway::v1::OrderAbortStep& step, Due due);
  void FindOrderedActions();
  std::vector<std::size_t> ReadWitnesses(const Node& node, const causeway::v1::PolicyStep& step);
  void CompilePolicy(const Node& node, const causeway::v1::PolicyStep& step, Due due);
  void CompileKeys(const Node& node, const causeway::v1::KeysStep& step, Due due);
  void AddLaterKey(PlannedParticipant& participant, std::uint32_t number, core::LedgerTime time);
  void CompileCloseAccount(const Node& node, const causeway::v1::CloseAccountStep& step, Due due);
  void CompileDefault(const Node& node, const causeway::v1::DefaultStep& step, Due due);

  // compile_behaviours.cc
  void CompileBehaviours();
  study::WithholdUnderStress CompileWithhold(const Node& node,
                                             const causeway::v1::StudyWithhold& spec);
  std::optional<study::StockBehaviour> CompileStrategy(const Node& node,
                                                       const causeway::v1::BehaviourSpec& spec);

  // compile_faults.cc; once the actions have their places
  void CompileFaults();
  void CompileFault(int index);
  void CompileFaultWhat(const Node& node, const causeway::v1::Fault& spec, PlannedFault& fault);
  FaultyMessages CompileMessages(const Node& node, const causeway::v1::MessageFault& spec);
  Crash CompileCrash(const Node& node, const causeway::v1::CrashFault& spec);
  WrongClock CompileClock(const Node& node, const causeway::v1::ClockFault& spec);
  ClientFault CompileClient(const Node& node, const causeway::v1::ClientFault& spec);
  ByzantineBridge CompileByzantine(const Node& node,
                                   const causeway::v1::ByzantineBridgeFault& spec);
  ByzantineWitness CompileByzantine(const Node& node,
                                    const causeway::v1::ByzantineWitnessFault& spec);
  std::optional<std::size_t> FindWitness(const std::string& name) const;
  std::vector<NodeIndex> ReadNodes(const Node& node, const char* field,
                                   const google::protobuf::RepeatedPtrField<std::string>& names);
  std::optional<NodeIndex> ReadNode(Place place, const std::string& name);
  std::uint32_t ReadPerMille(Place place, std::uint32_t per_mille);

  // Findings, and fields that are read in many places. What returns an optional has made a finding
  // when it returns nothing.
  void Fail(Place place, std::string message);
  template <typename T>
  std::optional<T> Read(Place place, std::string_view text) {
    absl::StatusOr<T> value = T::Parse(text);
    if (value.ok()) return *value;
    Fail(place, std::string(value.status().message()));
    return std::nullopt;
  }
  std::optional<core::Amount> ReadAmount(Place place, std::string_view text,
                                         core::Currency currency);
  // Hours are below `hours_end`.
  std::optional<core::Duration> ReadTimeOfDay(Place place, std::string_view text,
                                              int hours_end = 24);
  // A business day of the calendar.
  std::optional<core::BusinessDate> ReadBusinessDay(Place place, std::string_view text);
  std::optional<LedgerIndex> ReadLedgerOfCurrency(Place place, std::string_view code);
  // A bank or FX provider of the file.
  std::optional<ParticipantIndex> ReadParty(Place place, std::string_view id);
  // The same, with an account on the ledger.
  std::optional<ParticipantIndex> ReadHolder(Place place, std::string_view id,
                                             std::optional<LedgerIndex> ledger);

  const Spec& spec_;
  Node root_;
  Plan plan_;
  std::optional<MechanismKind> mechanism_;  // replaces the file's
  std::optional<std::vector<std::string>> fault_groups_;
  std::vector<Finding> findings_;
  core::BusinessDate first_date_;  // of the calendar
  core::BusinessDate last_date_;
  bool own_hours_ = false;  // of any ledger
  core::Duration opens_;    // of the day, UTC
  core::Duration cuts_off_;
  std::set<std::string> participant_bodies_;  // ids as they stand in account addresses
  std::string directory_;                     // of the file
  std::vector<PaymentsEntry> payments_from_;
  std::map<std::string, ParticipantIndex> banks_by_id_;  // while payments_from is read
  std::size_t made_participants_ = 0;                    // for payments_from
  std::set<std::string> generator_names_;
  std::set<std::string> ids_;  // of actions
  std::set<std::string> fault_names_;
  std::size_t file_participants_ = 0;  // those listed in the file come first
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_COMPILER_H_
