#include "scenarios/explore/draw.h"

#include <algorithm>
#include <array>
#include <string>

#include "fmt/format.h"
#include "scenarios/explore/draw_interventions.h"
#include "scenarios/explore/draw_mechanism.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

using causeway::v1::Fault;
using causeway::v1::Scenario;
using core::RandomStream;

struct Site {
  const char* currency;
  const char* country;
  const char* ledger;
  const char* central_bank;
  int minor_digits;
};
constexpr std::array<Site, 4> kSites = {{
    {"EUR", "DE", "eu.sim/eur", "EU-CB", 2},
    {"USD", "US", "us.sim/usd", "US-CB", 2},
    {"JPY", "JP", "jp.sim/jpy", "JP-CB", 0},
    {"GBP", "GB", "uk.sim/gbp", "UK-CB", 2},
}};
constexpr std::array<const char*, 6> kBanks = {"BANK-A", "BANK-B", "BANK-C",
                                               "BANK-D", "BANK-E", "BANK-F"};
constexpr char kDealer[] = "DEALER";
constexpr char kBridge[] = "BRIDGE";
constexpr char kObserver[] = "OBSERVER";
constexpr char kDecisionLog[] = "bridge.sim/decisions";
constexpr char kDate[] = "2024-01-08";
// The day opens at 08:00 and cuts off at 08:10, the shortest there is.
constexpr std::int64_t kOpensMillis = 8 * 3600 * 1000;
constexpr std::int64_t kDayMillis = 600'000;
// Traffic begins when opening balances are there.
constexpr std::int64_t kTrafficBeginsMillis = 15'000;

std::string TimeOfDay(std::int64_t millis_after_opening) {
  const std::int64_t millis = kOpensMillis + millis_after_opening;
  return fmt::format("{:02}:{:02}:{:02}.{:03}", millis / 3'600'000, millis / 60'000 % 60,
                     millis / 1000 % 60, millis % 1000);
}

// Each concern draws from a stream of its own, so that more of one leaves the others as they are.
class Drawer {
 public:
  Drawer(std::uint64_t seed, const Profile& profile, bool modelled)
      : profile_(profile),
        network_(seed, "draw/network"),
        witnesses_(seed, "draw/witnesses"),
        traffic_(seed, "draw/traffic"),
        lists_(seed, "draw/lists"),
        faults_(seed, "draw/faults") {
    scenario_.set_name(fmt::format("seed-{}", seed));
    scenario_.set_description(fmt::format("Drawn from seed {}, profile {}", seed, profile.name));
    scenario_.set_seed(seed);
    scenario_.set_modelled_signatures(modelled);
    scenario_.set_concurrent(true);
  }

  Scenario Draw() {
    DrawNetwork();
    if (!coordinated()) {
      DrawMechanism(scenario_.seed(), profile_.mechanisms, kOpensMillis, scenario_);
    }
    DrawWitnesses();
    DrawTraffic();
    if (profile_.interventions) {
      DrawInterventions(scenario_.seed(), kOpensMillis + kTrafficBeginsMillis, traffic_millis_,
                        scenario_);
    }
    DrawFaults();
    scenario_.add_expectations()->set_breaches(0);
    scenario_.add_expectations()->set_all_or_none(true);
    return std::move(scenario_);
  }

 private:
  static std::int64_t In(RandomStream& random, std::int64_t low, std::int64_t high) {
    return random.UniformInRange(low, high);
  }
  std::string Amount(const Site& site, std::int64_t minor) const {
    if (site.minor_digits == 0) return fmt::format("{}", minor);
    return fmt::format("{}.{:02}", minor / 100, minor % 100);
  }
  const Site& AnySite(RandomStream& random) const { return kSites[random.Uniform(ledgers_)]; }
  std::string AnyBank(RandomStream& random) const { return banks_[random.Uniform(banks_.size())]; }
  std::string AnyLedger(RandomStream& random) const { return AnySite(random).ledger; }
  bool coordinated() const { return profile_.mechanisms.empty(); }
  bool has_operator() const { return !scenario_.mechanism_terms().operator_().empty(); }

  // network
  void DrawNetwork();
  void DrawWitnesses();
  std::string AnyWitness(const std::vector<std::string>& among);
  void AddParticipant(const std::string& id, causeway::v1::Role role);

  // traffic
  void DrawTraffic();
  causeway::v1::Step* AddStep(const std::string& id);
  void AddPvp(std::uint32_t number);
  void MakeList(causeway::v1::PvpStep* pvp, const Site& sold, const Site& bought);
  void AddSwap(std::uint32_t number);
  void AddPayment(std::uint32_t number);
  void AddFreeze(std::uint32_t number);

  // faults
  void DrawFaults();
  Fault* AddFault(std::int64_t duration_ms_max);
  std::string AnyServer();
  std::string AnyNode();
  void AddMessages();
  void AddPartition();
  void AddCrash();
  void AddCorruption();
  void AddSlowDisk();
  void AddClock();
  void AddClient();
  void AddByzantineBridge();
  void AddByzantineWitness();
  void AddOverload();

  const Profile& profile_;
  Scenario scenario_;
  RandomStream network_;
  RandomStream witnesses_;
  RandomStream traffic_;
  RandomStream lists_;
  RandomStream faults_;
  std::uint64_t ledgers_ = 2;
  std::vector<std::string> banks_;
  std::vector<std::string> witness_names_;
  std::vector<std::string> faulty_witnesses_;
  bool dealer_ = false;
  std::int64_t traffic_millis_ = 0;
  bool late_traffic_ = false;
  std::vector<std::string> pvps_;
  std::vector<std::string> listed_;  // of the PvPs, those that are lists
  std::vector<std::string> swaps_;
};

void Drawer::DrawNetwork() {
  ledgers_ = static_cast<std::uint64_t>(In(network_, 2, profile_.ledgers_max));
  for (std::uint64_t i = 0; i < ledgers_; ++i) {
    causeway::v1::LedgerSpec* ledger = scenario_.add_ledgers();
    ledger->set_ledger(kSites[i].ledger);
    ledger->set_currency(kSites[i].currency);
    ledger->set_central_bank(kSites[i].central_bank);
    ledger->set_country(kSites[i].country);
  }
  const std::int64_t banks = In(network_, 2, profile_.banks_max);
  for (std::int64_t i = 0; i < banks; ++i) {
    banks_.push_back(kBanks[static_cast<std::size_t>(i)]);
    AddParticipant(banks_.back(), causeway::v1::ROLE_COMMERCIAL_BANK);
  }
  dealer_ = network_.Bernoulli(1, 2) && coordinated();
  if (dealer_) {
    AddParticipant(kDealer, causeway::v1::ROLE_FX_PROVIDER);
    causeway::v1::FxProviderSpec* provider = scenario_.add_fx_providers();
    provider->set_participant(kDealer);
    provider->set_quote_validity_s(static_cast<std::uint32_t>(In(network_, 2, 30)));
    causeway::v1::BoardRate* rate = provider->add_rates();
    rate->set_base(kSites[0].currency);
    rate->set_quote(kSites[1].currency);
    rate->set_bid("1.09");
    rate->set_ask("1.10");
  }
  causeway::v1::Calendar* calendar = scenario_.mutable_calendar();
  calendar->set_first_date(kDate);
  calendar->set_last_date(kDate);
  calendar->set_opens("08:00");
  calendar->set_cuts_off("08:10");
  causeway::v1::BridgeSpec* bridge = scenario_.mutable_bridge();
  bridge->set_id(kBridge);
  bridge->set_decision_log(kDecisionLog);
  bridge->set_settlement_deadline_s(static_cast<std::uint32_t>(In(network_, 3, 20)));
  causeway::v1::NetworkSpec* network = scenario_.mutable_network();
  network->set_latency_us_min(static_cast<std::uint32_t>(In(network_, 100, 2'000)));
  network->set_latency_us_max(network->latency_us_min() +
                              static_cast<std::uint32_t>(In(network_, 0, 60'000)));
  network->set_sync_us(static_cast<std::uint32_t>(In(network_, 100, 5'000)));
  network->set_reply_timeout_ms(static_cast<std::uint32_t>(In(network_, 1'000, 8'000)));
}

void Drawer::DrawWitnesses() {
  if (profile_.witnesses.empty()) return;
  const WitnessDraw& drawn = profile_.witnesses[witnesses_.Uniform(profile_.witnesses.size())];
  causeway::v1::BridgeSpec* bridge = scenario_.mutable_bridge();
  bridge->set_witnesses(drawn.witnesses);
  bridge->set_witnesses_needed(drawn.needed);
  bridge->set_witnesses_faulty_max(drawn.faulty_max);
  for (std::uint32_t i = 1; i <= drawn.witnesses; ++i) {
    witness_names_.push_back(fmt::format("{}/witness-{}", kDecisionLog, i));
  }
  std::vector<std::string> good = witness_names_;
  for (std::uint32_t i = 0; i < drawn.faulty; ++i) {
    const auto chosen = good.begin() + static_cast<std::ptrdiff_t>(witnesses_.Uniform(good.size()));
    faulty_witnesses_.push_back(*chosen);
    good.erase(chosen);
  }
}

std::string Drawer::AnyWitness(const std::vector<std::string>& among) {
  return among[faults_.Uniform(among.size())];
}

void Drawer::AddParticipant(const std::string& id, causeway::v1::Role role) {
  causeway::v1::ParticipantSpec* participant = scenario_.add_participants();
  participant->set_id(id);
  participant->set_role(role);
  participant->set_country(AnySite(network_).country);
  for (std::uint64_t i = 0; i < ledgers_; ++i) {
    if (network_.Bernoulli(1, 8)) continue;
    causeway::v1::OpeningBalance* balance = participant->add_opening_balances();
    balance->set_currency(kSites[i].currency);
    balance->set_amount(Amount(kSites[i], In(network_, 1'000, 100'000)));
  }
}

void Drawer::DrawTraffic() {
  traffic_millis_ = In(traffic_, 5'000, 60'000);
  late_traffic_ = traffic_.Bernoulli(1, 4);
  const std::int64_t settlements = In(traffic_, 1, profile_.settlements_max);
  for (std::int64_t i = 1; i <= settlements; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    if (dealer_ && traffic_.Bernoulli(1, 4)) {
      AddSwap(number);
    } else {
      AddPvp(number);
    }
  }
  const std::int64_t payments = In(traffic_, 0, profile_.payments_max);
  for (std::int64_t i = 1; i <= payments; ++i) AddPayment(static_cast<std::uint32_t>(i));
  if (traffic_.Bernoulli(1, 3)) AddFreeze(1);
}

causeway::v1::Step* Drawer::AddStep(const std::string& id) {
  causeway::v1::Step* step = scenario_.add_steps();
  step->set_id(id);
  step->set_date(kDate);
  // Some come just before cut-off, so that the day ends while they are under way.
  const bool late = late_traffic_ && traffic_.Bernoulli(1, 3);
  step->set_time(TimeOfDay(late ? kDayMillis - In(traffic_, 1, 2'000)
                                : kTrafficBeginsMillis + In(traffic_, 0, traffic_millis_)));
  return step;
}

void Drawer::AddPvp(std::uint32_t number) {
  const std::string id = fmt::format("pvp-{}", number);
  causeway::v1::PvpStep* pvp = AddStep(id)->mutable_pvp();
  const std::size_t party = traffic_.Uniform(banks_.size());
  const std::size_t other = (party + 1 + traffic_.Uniform(banks_.size() - 1)) % banks_.size();
  const std::size_t sold = traffic_.Uniform(ledgers_);
  const std::size_t bought = (sold + 1 + traffic_.Uniform(ledgers_ - 1)) % ledgers_;
  pvp->set_party(banks_[party]);
  pvp->set_counterparty(banks_[other]);
  pvp->set_party_currency(kSites[sold].currency);
  pvp->set_party_amount(Amount(kSites[sold], In(traffic_, 100, 20'000)));
  pvp->set_counterparty_currency(kSites[bought].currency);
  pvp->set_counterparty_amount(Amount(kSites[bought], In(traffic_, 100, 20'000)));
  pvp->set_sign_apart(traffic_.Bernoulli(1, 2));
  if (coordinated() && lists_.Bernoulli(1, 4)) {
    MakeList(pvp, kSites[sold], kSites[bought]);
    listed_.push_back(id);
  } else {
    pvps_.push_back(id);
  }
}

void Drawer::MakeList(causeway::v1::PvpStep* pvp, const Site& sold, const Site& bought) {
  pvp->clear_party_amount();
  pvp->clear_counterparty_amount();
  const std::int64_t count = In(lists_, 1, lists_.Bernoulli(1, 8) ? 40 : 6);
  for (std::int64_t i = 0; i < count; ++i) {
    causeway::v1::ListedPvp* listed = pvp->add_list();
    listed->set_party_amount(Amount(sold, In(lists_, 100, 15'000)));
    listed->set_counterparty_amount(Amount(bought, In(lists_, 100, 15'000)));
  }
}

void Drawer::AddSwap(std::uint32_t number) {
  const std::string id = fmt::format("swap-{}", number);
  causeway::v1::SwapStep* swap = AddStep(id)->mutable_swap();
  swap->set_taker(AnyBank(traffic_));
  const bool sells_base = traffic_.Bernoulli(1, 2);
  swap->set_sell_currency(kSites[sells_base ? 0 : 1].currency);
  swap->set_buy_currency(kSites[sells_base ? 1 : 0].currency);
  swap->set_sell_amount(Amount(kSites[0], In(traffic_, 100, 20'000)));
  swaps_.push_back(id);
}

void Drawer::AddPayment(std::uint32_t number) {
  causeway::v1::PaymentStep* pay = AddStep(fmt::format("pay-{}", number))->mutable_pay();
  const std::size_t from = traffic_.Uniform(banks_.size());
  const std::size_t to = (from + 1 + traffic_.Uniform(banks_.size() - 1)) % banks_.size();
  const Site& site = AnySite(traffic_);
  pay->set_from(banks_[from]);
  pay->set_to(banks_[to]);
  pay->set_currency(site.currency);
  pay->set_amount(Amount(site, In(traffic_, 100, 30'000)));
}

// A freeze and, for most, its end a little later.
void Drawer::AddFreeze(std::uint32_t number) {
  const std::string bank = AnyBank(traffic_);
  const Site& site = AnySite(traffic_);
  const std::int64_t begins = kTrafficBeginsMillis + In(traffic_, 0, traffic_millis_);
  const std::int64_t ends = begins + In(traffic_, 10, 10'000);
  const bool lasts = traffic_.Bernoulli(1, 3);
  for (const bool lift : {false, true}) {
    if (lift && lasts) return;
    causeway::v1::Step* step = AddStep(fmt::format("{}-{}", lift ? "thaw" : "freeze", number));
    step->set_time(TimeOfDay(lift ? ends : begins));
    step->mutable_freeze()->set_participant(bank);
    step->mutable_freeze()->set_currency(site.currency);
    step->mutable_freeze()->set_lift(lift);
  }
}

void Drawer::DrawFaults() {
  if (profile_.faults_max == 0) return;
  const std::int64_t count = In(faults_, 0, profile_.faults_max);
  for (std::int64_t i = 0; i < count; ++i) {
    switch (faults_.Weighted(profile_.fault_weights)) {
      case 0:
        AddMessages();
        break;
      case 1:
        AddPartition();
        break;
      case 2:
        AddCrash();
        break;
      case 3:
        AddCorruption();
        break;
      case 4:
        AddSlowDisk();
        break;
      case 5:
        AddClock();
        break;
      case 6:
        AddClient();
        break;
      case 7:
        AddByzantineBridge();
        break;
      case 8:
        AddOverload();
        break;
      default:
        AddByzantineWitness();
    }
  }
}

Fault* Drawer::AddFault(std::int64_t duration_ms_max) {
  Fault* fault = scenario_.add_faults();
  fault->set_name(fmt::format("f{}", scenario_.faults_size()));
  fault->set_date(kDate);
  const bool late = late_traffic_ && faults_.Bernoulli(1, 4);
  fault->set_time(TimeOfDay(late ? kDayMillis - In(faults_, 0, 3'000)
                                 : kTrafficBeginsMillis + In(faults_, -5'000, traffic_millis_)));
  fault->set_duration_ms(static_cast<std::uint32_t>(In(faults_, 1, duration_ms_max)));
  return fault;
}

std::string Drawer::AnyServer() {
  if (has_operator() && faults_.Bernoulli(1, 4)) return kDrawnOperator;
  const std::uint64_t witnesses = std::min<std::uint64_t>(2, witness_names_.size());
  const std::uint64_t chosen = faults_.Uniform(ledgers_ + witnesses + 2);
  if (chosen < ledgers_) return kSites[chosen].ledger;
  if (chosen < ledgers_ + witnesses) return AnyWitness(witness_names_);
  return faults_.Bernoulli(1, 8) ? kObserver : kBridge;
}

std::string Drawer::AnyNode() {
  const std::uint64_t chosen = faults_.Uniform(4);
  if (chosen == 0) return AnyBank(faults_);
  if (chosen == 1) return AnySite(faults_).central_bank;
  return AnyServer();
}

void Drawer::AddMessages() {
  causeway::v1::MessageFault* messages = AddFault(30'000)->mutable_messages();
  const auto chance = [this](std::int64_t max) {
    return faults_.Bernoulli(1, 2) ? static_cast<std::uint32_t>(In(faults_, 1, max)) : 0;
  };
  if (faults_.Bernoulli(1, 3)) messages->add_from(AnyNode());
  if (faults_.Bernoulli(1, 3)) messages->add_to(AnyNode());
  messages->set_drop_per_mille(chance(500));
  messages->set_duplicate_per_mille(chance(500));
  messages->set_delay_per_mille(chance(600));
  messages->set_reorder_per_mille(chance(600));
  messages->set_delay_ms_max(static_cast<std::uint32_t>(In(faults_, 1, 5'000)));
}

void Drawer::AddPartition() {
  // Long enough for time-locks to run out on who is cut off.
  causeway::v1::PartitionFault* partition =
      AddFault(coordinated() ? 25'000 : 120'000)->mutable_partition();
  const bool cuts_off_bank = !coordinated() && faults_.Bernoulli(1, 2);
  partition->add_nodes(cuts_off_bank ? AnyBank(faults_) : AnyServer());
  if (faults_.Bernoulli(1, 3)) {
    const std::string second = AnyServer();
    if (second != partition->nodes(0)) partition->add_nodes(second);
  }
  if (faults_.Bernoulli(1, 2)) partition->add_others(AnyNode());
  partition->set_one_way(faults_.Bernoulli(1, 2));
}

void Drawer::AddCrash() {
  const bool storm = faults_.Bernoulli(1, 5);
  causeway::v1::CrashFault* crash = AddFault(20'000)->mutable_crash();
  crash->add_nodes(AnyServer());
  if (faults_.Bernoulli(1, 6)) {
    const std::string second = AnyServer();
    if (second != crash->nodes(0)) crash->add_nodes(second);
  }
  if (storm) crash->set_times(static_cast<std::uint32_t>(In(faults_, 2, 12)));
  crash->set_point(static_cast<causeway::v1::CrashPoint>(faults_.Uniform(3)));
  crash->set_down_ms_max(static_cast<std::uint32_t>(In(faults_, 10, storm ? 1'000 : 10'000)));
}

// With a crash behind it, in which the node meets what was damaged.
void Drawer::AddCorruption() {
  causeway::v1::CorruptionFault* corruption = AddFault(1'000)->mutable_corruption();
  std::string node = AnyServer();
  if (node == kObserver || node == kDrawnOperator) node = kBridge;
  corruption->set_node(node);
  corruption->set_metadata(node == kBridge && faults_.Bernoulli(1, 8));
  const std::string time = scenario_.faults(scenario_.faults_size() - 1).time();
  Fault* fault = AddFault(5'000);
  if (faults_.Bernoulli(1, 2)) fault->set_time(time);
  fault->mutable_crash()->add_nodes(node);
  fault->mutable_crash()->set_point(causeway::v1::CRASH_POINT_AFTER_WRITE);
}

void Drawer::AddSlowDisk() {
  causeway::v1::SlowDiskFault* slow = AddFault(20'000)->mutable_slow_disk();
  slow->add_nodes(AnyServer());
  slow->set_extra_ms_max(static_cast<std::uint32_t>(In(faults_, 1, 2'000)));
}

void Drawer::AddClock() {
  causeway::v1::ClockFault* clock = AddFault(30'000)->mutable_clock();
  clock->add_nodes(AnyNode());
  if (faults_.Bernoulli(3, 4)) {
    clock->set_offset_ms(static_cast<std::int32_t>(In(faults_, -20'000, 20'000)));
  } else {
    clock->set_drift_ppm(static_cast<std::int32_t>(In(faults_, -50'000, 50'000)));
  }
}

void Drawer::AddClient() {
  causeway::v1::ClientFault* client = AddFault(1)->mutable_client();
  const std::size_t all = swaps_.size() + pvps_.size() + listed_.size();
  std::size_t chosen = faults_.Uniform(all);
  // Under the other mechanisms a party can only withhold: the first two.
  const std::uint64_t kind = 1 + faults_.Uniform(coordinated() ? 5 : 2);
  client->set_kind(static_cast<causeway::v1::ClientFaultKind>(kind));
  if (chosen < swaps_.size()) {
    client->set_step(swaps_[chosen]);
    client->set_kind(causeway::v1::CLIENT_FAULT_KIND_VANISH);
    return;
  }
  chosen -= swaps_.size();
  const bool list = chosen >= pvps_.size();
  client->set_step(list ? listed_[chosen - pvps_.size()] : pvps_[chosen]);
  if (list && client->kind() == causeway::v1::CLIENT_FAULT_KIND_SIGN_OTHER_TERMS) {
    client->set_kind(causeway::v1::CLIENT_FAULT_KIND_CARRY_PAST);
  }
}

void Drawer::AddByzantineBridge() {
  causeway::v1::ByzantineBridgeFault* bridge = AddFault(30'000)->mutable_byzantine_bridge();
  const bool equivocates =
      profile_.bridge_equivocates || (!witness_names_.empty() && faults_.Bernoulli(2, 3));
  bridge->set_kind(equivocates ? causeway::v1::BYZANTINE_BRIDGE_KIND_EQUIVOCATE
                               : causeway::v1::BYZANTINE_BRIDGE_KIND_INVENT_COMMIT);
  bridge->set_per_mille(static_cast<std::uint32_t>(In(faults_, 100, 1'000)));
}

void Drawer::AddByzantineWitness() {
  if (faulty_witnesses_.empty()) return;
  Fault* fault = AddFault(40'000);
  causeway::v1::ByzantineWitnessFault* witness = fault->mutable_byzantine_witness();
  witness->set_witness(AnyWitness(faulty_witnesses_));
  witness->set_kind(static_cast<causeway::v1::ByzantineWitnessKind>(
      1 + faults_.Weighted(profile_.witness_weights)));
  // A backup is old from some moment on; who is in league with the operator always is.
  if (witness->kind() == causeway::v1::BYZANTINE_WITNESS_KIND_OLD_BACKUP) return;
  fault->set_time(TimeOfDay(0));
  fault->set_duration_ms(static_cast<std::uint32_t>(kDayMillis));
}

void Drawer::AddOverload() {
  causeway::v1::OverloadFault* overload = AddFault(10'000)->mutable_overload();
  overload->add_nodes(AnyLedger(faults_));
  overload->set_per_mille(static_cast<std::uint32_t>(In(faults_, 50, 900)));
}

}  // namespace

const std::vector<Profile>& Profiles() {
  // Half of the networks trust their operator.
  static const std::vector<WitnessDraw> kDrawnWitnesses = {
      {},           {},           {},           {},           {},           {},
      {1, 1, 0, 0}, {3, 2, 0, 0}, {4, 3, 1, 0}, {4, 3, 1, 1}, {4, 3, 1, 1}, {7, 5, 2, 2}};
  static const auto* const kProfiles = new std::vector<Profile>{
      {.name = "mixed",
       .description = "every kind of fault, none of them too rare",
       .fault_weights = {5, 3, 5, 2, 2, 2, 3, 2, 1, 3},
       .witnesses = kDrawnWitnesses},
      {.name = "calm", .description = "no faults", .faults_max = 0, .fault_weights = {}},
      {.name = "crashes",
       .description = "nodes that stop, and disks that are slow or damaged",
       .faults_max = 10,
       .fault_weights = {1, 0, 8, 3, 2, 0, 0, 0, 0, 0},
       .witnesses = kDrawnWitnesses},
      {.name = "network",
       .description = "messages lost, doubled, late and overtaken, and partitions",
       .faults_max = 10,
       .fault_weights = {6, 4, 0, 0, 0, 0, 0, 0, 1, 0},
       .witnesses = kDrawnWitnesses},
      {.name = "clients",
       .description = "parties that withhold, vanish and cheat, among some loss",
       .faults_max = 12,
       .fault_weights = {1, 0, 1, 0, 0, 1, 8, 1, 0, 0}},
      {.name = "witnesses",
       .description = "witnesses and operators that lie, and as many of them as may",
       .faults_max = 10,
       .fault_weights = {1, 1, 2, 1, 1, 0, 0, 3, 0, 3},
       .witnesses = {{4, 3, 1, 1}, {5, 4, 1, 1}, {7, 5, 2, 2}, {3, 2, 0, 0}}},
      {.name = kMechanismsProfile,
       .description = "the other ways to settle, under every kind of fault",
       .fault_weights = {5, 4, 5, 1, 2, 2, 3, 1, 1, 1},
       .witnesses = kDrawnWitnesses,
       .mechanisms = {causeway::v1::MECHANISM_HTLC, causeway::v1::MECHANISM_NETTING_CYCLE,
                      causeway::v1::MECHANISM_SHARED_LEDGER, causeway::v1::MECHANISM_CLS_STYLE,
                      causeway::v1::MECHANISM_SETTLEMENT_QUEUE}},
      {.name = kInterventionsProfile,
       .description = "courts that order, and policies, keys and accounts that change, under every "
                      "kind of fault",
       .settlements_max = 60,
       .payments_max = 20,
       .faults_max = 6,
       .fault_weights = {5, 3, 5, 1, 2, 2, 3, 1, 1, 2},
       .witnesses = kDrawnWitnesses,
       .interventions = true},
      {.name = "equivocation",
       .description = "a bridge with two logs, which k = 0 does not rule out: seeds must fail",
       .fault_weights = {1, 0, 1, 0, 0, 0, 0, 4, 0, 0},
       .bridge_equivocates = true},
  };
  return *kProfiles;
}

const Profile* FindProfile(std::string_view name) {
  for (const Profile& profile : Profiles()) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

Scenario DrawScenario(std::uint64_t seed, const Profile& profile, bool modelled_signatures) {
  return Drawer(seed, profile, modelled_signatures).Draw();
}

}  // namespace causeway::sim
