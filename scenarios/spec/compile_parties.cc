// Ledgers, participants and the bridge: who is there, with which keys and accounts.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/payment_queue.h"
#include "settlement/core/quote.h"
#include "settlement/core/settlement.h"
#include "settlement/liquidity/ledger_selector.h"

namespace causeway::sim {
namespace {

constexpr core::Duration kSettlementDeadlineDefault = core::Duration::FromSeconds(60);
constexpr core::Duration kQuoteValidityDefault = core::Duration::FromSeconds(30);
constexpr std::uint32_t kSettlementDeadlineSecondsMax = 24 * 3600;
constexpr std::uint32_t kOptimiseEverySecondsMax = 24 * 3600;
// As studies have them.
constexpr std::uint32_t kCounterPaymentsUsual = 10;
constexpr std::uint32_t kCycleBanksUsual = 5;
constexpr std::uint32_t kExactUsual = 16;
constexpr char kObserverDefault[] = "OBSERVER";

// A participant's id as the body of an account address.
std::string BodyOf(const core::ParticipantId& id) {
  std::string body(id.text());
  std::erase(body, '-');
  return body;
}

core::AccountAddress AddressOf(core::Currency currency, const std::string& body) {
  const absl::StatusOr<core::AccountAddress> address = core::AccountAddress::Make(currency, body);
  CW_CHECK(address.ok(), "a participant id without dashes is a valid body");
  return *address;
}

}  // namespace

std::string Compiler::DeriveSecret(std::string_view label, std::string_view name) const {
  core::Writer writer;
  writer.Raw(label).U64(plan_.seed).Raw(name);
  return std::string(core::Sha256(writer.bytes()).view());
}

PlannedKey Compiler::DeriveKey(std::string name) const {
  PlannedKey key{.name = std::move(name), .seed = {}, .key = {}};
  key.seed = DeriveSecret("causeway/scenario-key/v1\n", key.name);
  if (plan_.modelled_signatures) {
    key.key = {core::SuiteId::kModelled, key.seed};
    return key;
  }
  const auto signer = core::SoftwareSigner::FromEd25519Seed(key.seed);
  CW_CHECK(signer.ok(), "every 32 bytes are an Ed25519 seed");
  key.key = (*signer)->public_key();
  return key;
}

void Compiler::CompileLedgers() {
  if (spec_.ledgers_size() == 0) Fail({1, 1}, "ledgers: at least one is needed");
  if (static_cast<std::size_t>(spec_.ledgers_size()) > core::kSettlementLedgersMax) {
    Fail(root_.Of("ledgers", 0),
         fmt::format("ledgers: at most {} are possible", core::kSettlementLedgersMax));
    return;
  }
  for (int i = 0; i < spec_.ledgers_size(); ++i) CompileLedger(i);
}

void Compiler::CompileLedger(int index) {
  const Node node = root_.Child("ledgers", index);
  const causeway::v1::LedgerSpec& spec = spec_.ledgers(index);
  const auto origin = Read<core::LedgerOrigin>(node.Of("ledger"), spec.ledger());
  const auto currency = Read<core::Currency>(node.Of("currency"), spec.currency());
  const auto country = Read<core::Country>(node.Of("country"), spec.country());
  const auto bank = Read<core::ParticipantId>(node.Of("central_bank"), spec.central_bank());
  std::optional<core::BusinessDate> joins;
  if (!spec.joins().empty()) {
    joins = Read<core::BusinessDate>(node.Of("joins"), spec.joins());
    if (!joins) return;
  }
  if (!origin || !currency || !country || !bank || plan_.days.empty()) return;
  PlannedLedger ledger;
  ledger.joins = joins.value_or(plan_.days.front());
  if (joins && *joins < plan_.days.front()) ledger.joins = plan_.days.front();
  CompileHours(node, spec, ledger);
  if (ledger.days.empty()) {
    Fail(node.Of("joins"), "joins: is after the last business day");
    return;
  }
  ledger.joins = ledger.days.front().date;
  for (const PlannedLedger& other : plan_.ledgers) {
    if (other.origin == *origin) {
      Fail(node.Of("ledger"), fmt::format("ledger {} is listed twice", spec.ledger()));
    }
    if (other.currency == *currency) {
      Fail(node.Of("currency"), fmt::format("currency {} has a ledger already", spec.currency()));
    }
  }
  if (!participant_bodies_.insert(BodyOf(*bank)).second) {
    Fail(node.Of("central_bank"),
         fmt::format("participant {} exists already (ids that differ only by '-' are alike)",
                     spec.central_bank()));
  }
  ledger.origin = *origin;
  ledger.currency = *currency;
  ledger.country = *country;
  ledger.central_bank = *bank;
  ledger.redeem_at_cut_off = spec.redeem_at_cut_off();
  if (spec.has_queue()) {
    ledger.queue = ReadQueue(node.Child("queue"), spec.queue(), ledger.currency);
  }
  ledger.key = DeriveKey(fmt::format("ledger/{}", origin->text()));
  for (std::uint32_t i = 1; i <= kApprovers; ++i) {
    ledger.approvers.push_back(DeriveKey(fmt::format("approver/{}/{}", bank->text(), i)));
  }
  ledger.salt_key = DeriveSecret("causeway/scenario-salt/v1\n", origin->text());
  if (spec.has_overnight()) CompileOvernight(node.Child("overnight"), spec.overnight(), ledger);
  MakeGenesis(ledger);
  plan_.ledgers.push_back(std::move(ledger));
}

void Compiler::MakeGenesis(PlannedLedger& ledger) {
  core::Genesis genesis;
  genesis.ledger = ledger.origin;
  genesis.currency = ledger.currency;
  genesis.ledger_key = ledger.key.key;
  genesis.central_bank = {.participant = ledger.central_bank,
                          .role = core::Role::kCentralBank,
                          .country = ledger.country,
                          .bic = {},
                          .lei = {},
                          .keys = {}};
  for (const PlannedKey& approver : ledger.approvers) {
    genesis.central_bank.keys.push_back(approver.key);
  }
  genesis.liability_account = AddressOf(ledger.currency, BodyOf(ledger.central_bank) + "LIABILITY");
  genesis.suites = {ledger.key.key.suite};
  genesis.business_date = ledger.joins;
  genesis.approvers_needed = kApprovers;
  genesis.created = ledger.joins.StartInUtc();
  // In the east a business date begins on the day before in UTC.
  if (ledger.own_hours) {
    genesis.created =
        std::min(genesis.created, ledger.days.front().opens - core::Duration::FromHours(1));
  }
  absl::StatusOr<core::Genesis> decoded = codec::DecodeGenesis(codec::EncodeGenesis(genesis));
  CW_CHECK(decoded.ok(), "a genesis made of checked parts decodes");
  ledger.genesis = *std::move(decoded);
}

core::QueueRun Compiler::ReadQueueRun(const causeway::v1::QueueRunSpec& spec) {
  const auto parameter = [](std::uint32_t given, bool has, std::uint32_t usual) {
    return given == 0 && has ? usual : given;
  };
  core::QueueRun run;
  run.algorithm = static_cast<core::QueueAlgorithm>(spec.algorithm());
  run.first = core::Duration::FromSeconds(spec.first_s());
  run.every = core::Duration::FromSeconds(spec.every_s());
  run.only_if_previous_settled_nothing = spec.only_if_previous_settled_nothing();
  run.wait_min = core::Duration::FromSeconds(spec.wait_min_s());
  run.counter_payments_max =
      parameter(spec.counter_payments_max(),
                run.algorithm == core::QueueAlgorithm::kBilateralSingle, kCounterPaymentsUsual);
  run.cycle_banks_max = parameter(spec.cycle_banks_max(),
                                  run.algorithm == core::QueueAlgorithm::kCycle, kCycleBanksUsual);
  run.exact_payments_max = parameter(spec.exact_payments_max(),
                                     run.algorithm == core::QueueAlgorithm::kExact, kExactUsual);
  return run;
}

core::QueueSplitting Compiler::ReadSplitting(const Node& node,
                                             const causeway::v1::QueueSplittingSpec& spec,
                                             core::Currency currency) {
  const auto read = [&](const char* field, const std::string& text) {
    return text.empty() ? core::Amount()
                        : ReadAmount(node.Of(field), text, currency).value_or(core::Amount());
  };
  return {.threshold = read("threshold", spec.threshold()),
          .part_min = read("part_min", spec.part_min()),
          .part_max = read("part_max", spec.part_max())};
}

core::QueueRules Compiler::ReadQueue(const Node& node, const causeway::v1::QueueSpec& spec,
                                     core::Currency currency) {
  core::QueueRules rules;
  if (spec.discipline() < causeway::v1::QUEUE_DISCIPLINE_FIFO ||
      spec.discipline() > causeway::v1::QUEUE_DISCIPLINE_DEFERRED) {
    Fail(node.Of("discipline"), "discipline: name one; without a queue, leave it out as a whole");
    return rules;
  }
  if (spec.optimisation() < 0 ||
      spec.optimisation() > causeway::v1::QUEUE_OPTIMISATION_BECH_SORAMAKI) {
    Fail(node.Of("optimisation"), "optimisation: there is none of that number");
    return rules;
  }
  if (spec.release() < 0 || spec.release() > causeway::v1::QUEUE_RELEASE_BALANCE_REACTIVE) {
    Fail(node.Of("release"), "release: there is none of that number");
    return rules;
  }
  if (spec.entry_offset() < 0 || spec.entry_offset() > causeway::v1::QUEUE_ENTRY_OFFSET_SINGLE) {
    Fail(node.Of("entry_offset"), "entry_offset: there is none of that number");
    return rules;
  }
  if (spec.optimise_every_s() > kOptimiseEverySecondsMax) {
    Fail(node.Of("optimise_every_s"),
         fmt::format("optimise_every_s: at most {}, a day", kOptimiseEverySecondsMax));
    return rules;
  }
  if (spec.queued_max() > core::kQueuedMax) {
    Fail(node.Of("queued_max"), fmt::format("queued_max: at most {}", core::kQueuedMax));
    return rules;
  }
  rules.discipline = static_cast<core::QueueDiscipline>(spec.discipline());
  rules.optimisation = static_cast<core::QueueOptimisation>(spec.optimisation());
  rules.optimise_every = core::Duration::FromSeconds(spec.optimise_every_s());
  const bool waits = rules.discipline != core::QueueDiscipline::kImmediate;
  rules.queued_max = spec.queued_max() == 0 && waits ? core::kQueuedMax : spec.queued_max();
  rules.normal_bypass = spec.normal_bypass();
  rules.release = static_cast<core::QueueRelease>(spec.release());
  const bool receipts = rules.release == core::QueueRelease::kReceiptReactive;
  rules.receipt_window = spec.receipt_window_s() == 0 && receipts
                             ? core::Duration::FromHours(24)
                             : core::Duration::FromSeconds(spec.receipt_window_s());
  rules.entry_offset = static_cast<core::QueueEntryOffset>(spec.entry_offset());
  rules.entry_counter_payments_max = spec.entry_counter_payments_max();
  if (rules.entry_offset != core::QueueEntryOffset::kNone &&
      rules.entry_counter_payments_max == 0) {
    rules.entry_counter_payments_max = kCounterPaymentsUsual;
  }
  for (const causeway::v1::QueueRunSpec& run : spec.optimisations()) {
    rules.optimisations.push_back(ReadQueueRun(run));
  }
  if (spec.has_splitting()) {
    rules.splitting = ReadSplitting(node.Child("splitting"), spec.splitting(), currency);
  }
  rules.limits_bind_all = spec.limits_bind_all();
  CheckQueue(node, rules);
  return rules;
}

// What the ledger would refuse, at the field that it names.
void Compiler::CheckQueue(const Node& node, const core::QueueRules& rules) {
  std::string wrong = core::WhyInvalid(rules);
  if (wrong.empty() && rules.NeedSelector()) {
    wrong = std::string(liquidity::LedgerSelector().CheckRules(rules).message());
  }
  if (wrong.empty()) return;
  const std::string field = wrong.substr(0, wrong.find_first_of(":[."));
  int index = -1;
  if (wrong.size() > field.size() && wrong[field.size()] == '[') {
    index = wrong[field.size() + 1] - '0';
    if (wrong[field.size() + 2] != ']') index = index * 10 + wrong[field.size() + 2] - '0';
  }
  Fail(node.Of(field.c_str(), index), wrong);
}

void Compiler::CompileParticipants() {
  for (int i = 0; i < spec_.participants_size(); ++i) CompileParticipant(i);
}

void Compiler::CompileParticipant(int index) {
  const Node node = root_.Child("participants", index);
  const causeway::v1::ParticipantSpec& spec = spec_.participants(index);
  PlannedParticipant participant;
  const auto id = Read<core::ParticipantId>(node.Of("id"), spec.id());
  const auto country = Read<core::Country>(node.Of("country"), spec.country());
  if (!spec.bic().empty()) {
    participant.bic = Read<core::Bic>(node.Of("bic"), spec.bic()).value_or(core::Bic());
  }
  if (!spec.lei().empty()) {
    participant.lei = Read<core::Lei>(node.Of("lei"), spec.lei()).value_or(core::Lei());
  }
  switch (spec.role()) {
    case causeway::v1::ROLE_COMMERCIAL_BANK:
      participant.role = core::Role::kCommercialBank;
      break;
    case causeway::v1::ROLE_FX_PROVIDER:
      participant.role = core::Role::kFxProvider;
      break;
    default:
      Fail(node.Of("role"),
           "role: must be ROLE_COMMERCIAL_BANK or ROLE_FX_PROVIDER; central banks stand in "
           "ledgers, the bridge in bridge, the observer in observer");
  }
  std::vector<bool> on_ledger(plan_.ledgers.size(), spec.ledgers_size() == 0);
  for (int i = 0; i < spec.ledgers_size(); ++i) {
    const auto found = std::find_if(
        plan_.ledgers.begin(), plan_.ledgers.end(),
        [&](const PlannedLedger& ledger) { return ledger.origin.text() == spec.ledgers(i); });
    if (found == plan_.ledgers.end()) {
      Fail(node.Of("ledgers", i),
           fmt::format("ledger {} is not listed in ledgers", core::Quoted(spec.ledgers(i))));
      continue;
    }
    on_ledger[static_cast<std::size_t>(found - plan_.ledgers.begin())] = true;
  }
  if (!id || !country) return;
  if (!participant_bodies_.insert(BodyOf(*id)).second) {
    Fail(node.Of("id"), fmt::format("participant {} exists already (ids that differ only by '-' "
                                    "are alike)",
                                    spec.id()));
    return;
  }
  participant.id = *id;
  participant.country = *country;
  AddParticipant(std::move(participant), on_ledger);
  file_participants_ = plan_.participants.size();
}

void Compiler::AddParticipant(PlannedParticipant participant, const std::vector<bool>& on_ledger) {
  participant.key = DeriveKey(fmt::format("participant/{}", participant.id.text()));
  for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
    participant.accounts.push_back(
        on_ledger[i] ? AddressOf(plan_.ledgers[i].currency, BodyOf(participant.id))
                     : core::AccountAddress());
  }
  plan_.participants.push_back(std::move(participant));
}

void Compiler::OpenAccount(ParticipantIndex participant, LedgerIndex ledger) {
  PlannedParticipant& holder = plan_.participants[participant];
  holder.accounts[ledger] = AddressOf(plan_.ledgers[ledger].currency, BodyOf(holder.id));
}

// The bridge and the observer. Both are of the first ledger's country, for want of a better one.
void Compiler::AddSystemParticipants() {
  if (plan_.ledgers.empty()) return;
  const std::vector<bool> nowhere(plan_.ledgers.size(), false);
  const auto add = [&](Place place, const std::string& text, core::Role role) {
    const auto id = Read<core::ParticipantId>(place, text);
    if (!id) return;
    if (!participant_bodies_.insert(BodyOf(*id)).second) {
      Fail(place, fmt::format("participant {} exists already", text));
      return;
    }
    PlannedParticipant participant;
    participant.id = *id;
    participant.role = role;
    participant.country = plan_.ledgers.front().country;
    AddParticipant(std::move(participant), nowhere);
  };
  if (spec_.has_bridge()) {
    add(root_.Child("bridge").Of("id"), spec_.bridge().id(), core::Role::kBridge);
  }
  add(root_.Of("observer"), spec_.observer().empty() ? kObserverDefault : spec_.observer(),
      core::Role::kObserver);
  if (!plan_.participants.empty()) {
    plan_.observer = static_cast<ParticipantIndex>(plan_.participants.size() - 1);
  }
}

bool Compiler::NeedsBridge() const {
  const auto settles = [](const causeway::v1::Step& step) {
    return step.has_swap() || step.has_pvp();
  };
  const auto draws = [](const causeway::v1::Generator& generator) {
    return generator.pvp_settlements() > 0;
  };
  return spec_.fx_providers_size() > 0 || spec_.venues_size() > 0 ||
         std::any_of(spec_.steps().begin(), spec_.steps().end(), settles) ||
         std::any_of(spec_.generators().begin(), spec_.generators().end(), draws);
}

void Compiler::CompileBridge() {
  if (!spec_.has_bridge()) {
    if (NeedsBridge()) Fail({1, 1}, "bridge is missing: swaps and PvP settlements need one");
    return;
  }
  const Node node = root_.Child("bridge");
  const causeway::v1::BridgeSpec& spec = spec_.bridge();
  PlannedBridge bridge;
  bridge.participant = plan_.observer - 1;  // it was added just before the observer
  const auto log = Read<core::LedgerOrigin>(node.Of("decision_log"), spec.decision_log());
  if (!log) return;
  if (plan_.FindLedger(*log)) {
    Fail(node.Of("decision_log"), "decision_log: is the origin of a ledger; logs need their own");
  }
  if (spec.settlement_deadline_s() > kSettlementDeadlineSecondsMax) {
    Fail(node.Of("settlement_deadline_s"),
         fmt::format("settlement_deadline_s {}: at most {}", spec.settlement_deadline_s(),
                     kSettlementDeadlineSecondsMax));
  }
  bridge.decision_log = *log;
  bridge.decision_log_key = DeriveKey(fmt::format("decision-log/{}", log->text()));
  bridge.settlement_deadline = spec.settlement_deadline_s() == 0
                                   ? kSettlementDeadlineDefault
                                   : core::Duration::FromSeconds(spec.settlement_deadline_s());
  // How many there may be is the policy's to say, below; this only keeps a slip of the pen small.
  const std::uint32_t witnesses =
      std::min<std::uint32_t>(spec.witnesses(), core::kPolicyWitnessesMax + 1);
  for (std::uint32_t i = 1; i <= witnesses; ++i) {
    const std::string name = fmt::format("{}/witness-{}", log->text(), i);
    bridge.witnesses.push_back({name, DeriveKey(fmt::format("witness/{}", name))});
  }
  plan_.bridge = std::move(bridge);
  MakePolicy();
  for (int i = 0; i < spec_.fx_providers_size(); ++i) CompileProvider(i);
  CompileVenues();
}

void Compiler::MakePolicy() {
  core::SettlementPolicy policy;
  policy.epoch = 1;
  policy.decision_log = plan_.bridge->decision_log;
  policy.decision_log_key = plan_.bridge->decision_log_key.key;
  for (const PlannedLedger& ledger : plan_.ledgers) {
    policy.ledgers.push_back({ledger.origin, ledger.genesis.hash, ledger.key.key});
  }
  std::sort(policy.ledgers.begin(), policy.ledgers.end(),
            [](const auto& a, const auto& b) { return a.ledger < b.ledger; });
  for (const PlannedWitness& witness : plan_.bridge->witnesses) {
    policy.witnesses.push_back({witness.name, witness.key.key});
  }
  policy.witnesses_needed = spec_.bridge().witnesses_needed();
  policy.witnesses_faulty_max = spec_.bridge().witnesses_faulty_max();
  if (absl::Status status = core::CheckWitnesses(policy); !status.ok()) {
    Fail(root_.Child("bridge").Of("witnesses_needed"), std::string(status.message()));
    return;
  }
  plan_.bridge->policy_bytes = codec::EncodePolicy(policy);
  absl::StatusOr<core::SettlementPolicy> decoded = codec::DecodePolicy(plan_.bridge->policy_bytes);
  CW_CHECK(decoded.ok(), "a policy made of checked parts decodes");
  plan_.bridge->policy = *std::move(decoded);
}

void Compiler::CompileProvider(int index) {
  const Node node = root_.Child("fx_providers", index);
  const causeway::v1::FxProviderSpec& spec = spec_.fx_providers(index);
  const auto participant = ReadParty(node.Of("participant"), spec.participant());
  if (!participant) return;
  if (plan_.participants[*participant].role != core::Role::kFxProvider) {
    Fail(node.Of("participant"),
         fmt::format("participant {} must have ROLE_FX_PROVIDER", spec.participant()));
  }
  for (const PlannedProvider& other : plan_.bridge->providers) {
    if (other.participant == *participant) {
      Fail(node.Of("participant"),
           fmt::format("participant {} has rates already", spec.participant()));
    }
  }
  PlannedProvider provider;
  provider.participant = *participant;
  provider.quote_validity = spec.quote_validity_s() == 0
                                ? kQuoteValidityDefault
                                : core::Duration::FromSeconds(spec.quote_validity_s());
  CompileBoardRates(node, spec, provider);
  CompileProviderLimits(node, spec, provider);
  plan_.bridge->providers.push_back(std::move(provider));
}

void Compiler::CompileBoardRates(const Node& node, const causeway::v1::FxProviderSpec& spec,
                                 PlannedProvider& provider) {
  if (spec.rates_size() == 0) Fail(node.Of("rates"), "rates: a provider needs at least one");
  for (int i = 0; i < spec.rates_size(); ++i) {
    const Node rate = node.Child("rates", i);
    const causeway::v1::BoardRate& posted = spec.rates(i);
    const auto base = ReadLedgerOfCurrency(rate.Of("base"), posted.base());
    const auto quote = ReadLedgerOfCurrency(rate.Of("quote"), posted.quote());
    const auto bid = Read<core::Rate>(rate.Of("bid"), posted.bid());
    const auto ask = Read<core::Rate>(rate.Of("ask"), posted.ask());
    if (!base || !quote || !bid || !ask) continue;
    for (const LedgerIndex ledger : {*base, *quote}) {
      if (plan_.AccountOf(provider.participant, ledger).IsEmpty()) {
        Fail(root_.Of("fx_providers"),
             fmt::format("participant {} has no account on {}", spec.participant(),
                         plan_.ledgers[ledger].origin.text()));
      }
    }
    if (*base == *quote) Fail(rate.Of("quote"), "base and quote must differ");
    if (*ask < *bid) {
      Fail(rate.Of("ask"), fmt::format("ask {} is below bid {}", posted.ask(), posted.bid()));
    }
    PlannedBoardRate added{plan_.ledgers[*base].currency, plan_.ledgers[*quote].currency, *bid,
                           *ask};
    CompilePostedTerms(rate, posted, added.base, added);
    for (const PlannedBoardRate& other : provider.rates) {
      if ((other.base == added.base && other.quote == added.quote) ||
          (other.base == added.quote && other.quote == added.base)) {
        Fail(rate.Of("base"),
             fmt::format("the pair {}/{} has a rate already", posted.base(), posted.quote()));
      }
    }
    provider.rates.push_back(std::move(added));
  }
}

}  // namespace causeway::sim
