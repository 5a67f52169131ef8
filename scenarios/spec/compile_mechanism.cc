// How PvP settlements are made: the mechanism of a scenario, and its times and limits.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/decimal.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {
namespace {

constexpr std::uint32_t kFirstTimeoutSecondsDefault = 7200;
constexpr std::uint32_t kSecondTimeoutSecondsDefault = 3600;
constexpr std::uint32_t kClaimMarginSecondsDefault = 600;
// A ledger takes no longer lock than a week.
constexpr std::uint32_t kLockTimeoutSecondsMax = 6 * 24 * 3600;
constexpr std::uint64_t kVolatilityPerMilleMax = 10'000;
constexpr std::uint32_t kSessionSecondsDefault = 1800;
constexpr std::uint32_t kSessionSecondsMax = 12 * 3600;
constexpr std::uint32_t kAllPercent = 100;
constexpr std::uint32_t kSigningTimeoutSecondsDefault = 30;
constexpr std::uint32_t kSigningTimeoutSecondsMax = 3600;
constexpr std::uint32_t kMatchingTimeoutSecondsDefault = 60;
constexpr std::uint32_t kMatchingTimeoutSecondsMax = 12 * 3600;
constexpr std::uint32_t kRunEverySecondsDefault = 60;
constexpr std::uint32_t kRunEverySecondsMax = 24 * 3600;
constexpr std::uint32_t kAnswerTimeoutSecondsDefault = 10;
constexpr std::uint32_t kExactTradesDefault = 16;
constexpr std::uint32_t kExactTradesMax = 28;

}  // namespace

std::string_view MechanismName(MechanismKind kind) {
  switch (kind) {
    case MechanismKind::kCoordinated:
      return "coordinated";
    case MechanismKind::kHtlc:
      return "htlc";
    case MechanismKind::kNettingCycle:
      return "netting_cycle";
    case MechanismKind::kSharedLedger:
      return "shared_ledger";
    case MechanismKind::kClsStyle:
      return "cls_style";
    case MechanismKind::kSettlementQueue:
      return "settlement_queue";
  }
  return "unknown";
}

std::optional<MechanismKind> MechanismFromName(std::string_view name) {
  const auto found = std::find_if(kMechanismKinds.begin(), kMechanismKinds.end(),
                                  [&](MechanismKind kind) { return MechanismName(kind) == name; });
  return found == kMechanismKinds.end() ? std::nullopt : std::optional(*found);
}

bool NeedsOperator(MechanismKind kind) {
  return kind == MechanismKind::kNettingCycle || kind == MechanismKind::kClsStyle ||
         kind == MechanismKind::kSettlementQueue;
}

void Compiler::CompileMechanism() {
  PlannedMechanism& mechanism = plan_.mechanism;
  if (mechanism_.has_value()) {
    mechanism.kind = *mechanism_;
  } else if (spec_.mechanism() != causeway::v1::MECHANISM_UNSPECIFIED) {
    if (!causeway::v1::Mechanism_IsValid(spec_.mechanism())) {
      Fail(root_.Of("mechanism"), "mechanism: there is none of that number");
      return;
    }
    mechanism.kind = static_cast<MechanismKind>(spec_.mechanism());
  }
  const Node node = root_.Child("mechanism_terms");
  const causeway::v1::MechanismSpec& spec = spec_.mechanism_terms();
  if (NeedsOperator(mechanism.kind) || !spec.operator_().empty()) {
    mechanism.operated_by = ReadOperator(node, spec.operator_());
  }
  if (mechanism.kind == MechanismKind::kSettlementQueue && !spec_.concurrent()) {
    Fail(root_.Of("concurrent"),
         "concurrent: must be true with settlement_queue, or a trade that waits holds up all that "
         "follow");
  }
  for (const MechanismKind kind : kMechanismKinds) CompileTerms(node, spec, kind);
  if (mechanism.kind == MechanismKind::kCoordinated) return;
  for (const causeway::v1::Step& step : spec_.steps()) {
    if (!step.has_swap()) continue;
    Fail(root_.Of("mechanism"), "mechanism: swaps on quotes are for MECHANISM_COORDINATED alone");
    return;
  }
}

// Terms that stand in the file are checked whether their mechanism is chosen or not: one file
// serves to compare mechanisms, and a fault in it should not wait for the run that chooses another
// one. Only those of the chosen one enter the plan.
void Compiler::CompileTerms(const Node& node, const causeway::v1::MechanismSpec& spec,
                            MechanismKind kind) {
  const bool chosen = kind == plan_.mechanism.kind;
  const PlannedMechanism before = plan_.mechanism;
  plan_.mechanism.kind = kind;  // for messages
  if (kind == MechanismKind::kHtlc && (chosen || spec.has_htlc())) {
    CompileHtlc(node.Child("htlc"), spec.htlc());
  }
  if (kind == MechanismKind::kSharedLedger && (chosen || spec.has_shared_ledger())) {
    CompileSharedLedger(node.Child("shared_ledger"), spec.shared_ledger());
  }
  if (kind == MechanismKind::kClsStyle && (chosen || spec.has_cls_style())) {
    CompileCls(node.Child("cls_style"), spec.cls_style());
  }
  if (kind == MechanismKind::kNettingCycle && (chosen || spec.has_netting_cycle())) {
    CompileNetting(node.Child("netting_cycle"), spec.netting_cycle());
  }
  if (kind == MechanismKind::kSettlementQueue && (chosen || spec.has_settlement_queue())) {
    CompileSettlementQueue(node.Child("settlement_queue"), spec.settlement_queue());
  }
  if (!chosen) plan_.mechanism = before;
}

std::optional<ParticipantIndex> Compiler::ReadOperator(const Node& node, const std::string& id) {
  const Place place = node.Of("operator");
  if (id.empty()) {
    Fail(place, fmt::format("operator is missing: mechanism {} is run by a participant",
                            MechanismName(plan_.mechanism.kind)));
    return std::nullopt;
  }
  for (std::size_t ledger = 0; ledger < plan_.ledgers.size(); ++ledger) {
    if (!ReadHolder(place, id, static_cast<LedgerIndex>(ledger))) return std::nullopt;
  }
  return ReadParty(place, id);
}

void Compiler::CompileHtlc(const Node& node, const causeway::v1::HtlcSpec& spec) {
  PlannedHtlc& htlc = plan_.mechanism.htlc;
  const auto seconds = [](std::uint32_t given, std::uint32_t otherwise) {
    return given == 0 ? otherwise : given;
  };
  const std::uint32_t first = seconds(spec.first_timeout_s(), kFirstTimeoutSecondsDefault);
  const std::uint32_t second = seconds(spec.second_timeout_s(), kSecondTimeoutSecondsDefault);
  const std::uint32_t margin = seconds(spec.claim_margin_s(), kClaimMarginSecondsDefault);
  if (first > kLockTimeoutSecondsMax) {
    Fail(node.Of("first_timeout_s"),
         fmt::format("first_timeout_s: at most {}", kLockTimeoutSecondsMax));
  }
  if (std::uint64_t{second} + margin > first) {
    Fail(node.Of("second_timeout_s"),
         "second_timeout_s and claim_margin_s: must fit into first_timeout_s, or the counterparty "
         "has no time to claim");
  }
  htlc.first_timeout = core::Duration::FromSeconds(first);
  htlc.second_timeout = core::Duration::FromSeconds(second);
  htlc.claim_margin = core::Duration::FromSeconds(margin);
  if (spec.annual_volatility().empty()) return;
  const absl::StatusOr<core::UnsignedDecimal> volatility = core::ParseUnsignedDecimal(
      spec.annual_volatility(), 3, "annual_volatility", spec.annual_volatility());
  if (!volatility.ok()) {
    Fail(node.Of("annual_volatility"), std::string(volatility.status().message()));
    return;
  }
  std::uint64_t per_mille = std::min<std::uint64_t>(volatility->digits, kVolatilityPerMilleMax + 1);
  for (int scale = volatility->scale; scale < 3; ++scale) per_mille *= 10;
  if (per_mille > kVolatilityPerMilleMax) {
    Fail(node.Of("annual_volatility"), "annual_volatility: at most 10");
    return;
  }
  htlc.volatility_per_mille = static_cast<std::uint32_t>(per_mille);
}

std::vector<core::Duration> Compiler::ReadTimes(
    const Node& node, const char* field,
    const google::protobuf::RepeatedPtrField<std::string>& texts, core::Duration length) {
  std::vector<core::Duration> times;
  for (int i = 0; i < texts.size(); ++i) {
    const Place place = node.Of(field, i);
    const auto time = ReadTimeOfDay(place, texts.Get(i));
    if (!time) continue;
    if (*time < opens_ || *time + length >= cuts_off_) {
      Fail(place, fmt::format("{}: must lie within the time that the ledgers are open", field));
    }
    if (!times.empty() && (*time <= times.back() || *time < times.back() + length)) {
      Fail(place,
           fmt::format("{}: must be ascending, each after the end of the one before", field));
    }
    times.push_back(*time);
  }
  if (texts.empty()) {
    Fail(node.Of(field), fmt::format("{}: mechanism {} needs at least one", field,
                                     MechanismName(plan_.mechanism.kind)));
  }
  return times;
}

void Compiler::CompileCls(const Node& node, const causeway::v1::ClsSpec& spec) {
  PlannedCls& cls = plan_.mechanism.cls;
  const std::uint32_t length =
      spec.session_length_s() == 0 ? kSessionSecondsDefault : spec.session_length_s();
  if (length > kSessionSecondsMax) {
    Fail(node.Of("session_length_s"),
         fmt::format("session_length_s: at most {}", kSessionSecondsMax));
    return;
  }
  cls.session_length = core::Duration::FromSeconds(length);
  cls.sessions = ReadTimes(node, "sessions", spec.sessions(), cls.session_length);
  CompileInstalments(node, spec);
  cls.haircut_per_mille = ReadPerMille(node.Of("haircut_per_mille"), spec.haircut_per_mille());
  const Place limit = node.Of("short_limit");
  if (!plan_.value_currency) {
    Fail(limit, "short_limit: limits are in the value currency of reference_rates");
    return;
  }
  for (const PlannedLedger& ledger : plan_.ledgers) {
    if (plan_.ValueOf(ledger.currency, core::Amount::FromMinor(1))) continue;
    Fail(limit,
         fmt::format("{} has no reference rate to value accounts with", ledger.currency.code()));
  }
  const core::Currency currency = *plan_.value_currency;
  cls.short_limit = ReadAmount(limit, spec.short_limit(), currency).value_or(core::Amount());
  cls.short_limit_all = ReadAmount(node.Of("short_limit_all"), spec.short_limit_all(), currency)
                            .value_or(core::Amount());
}

void Compiler::CompileInstalments(const Node& node, const causeway::v1::ClsSpec& spec) {
  PlannedCls& cls = plan_.mechanism.cls;
  for (int i = 0; i < spec.instalments_size(); ++i) {
    const causeway::v1::InstalmentSpec& each = spec.instalments(i);
    const Place place = node.Of("instalments", i);
    const PlannedInstalment instalment{core::Duration::FromSeconds(each.after_s()), each.percent()};
    const bool ascends =
        cls.instalments.empty() || (cls.instalments.back().after < instalment.after &&
                                    cls.instalments.back().percent < instalment.percent);
    if (!ascends || instalment.percent == 0 || instalment.after >= cls.session_length) {
      Fail(place, "instalments: must be ascending, and fall due before the session ends");
    }
    cls.instalments.push_back(instalment);
  }
  if (cls.instalments.empty()) cls.instalments.push_back({core::Duration::Zero(), kAllPercent});
  if (cls.instalments.back().percent != kAllPercent) {
    Fail(node.Of("instalments"), "instalments: the last must be 100 percent");
  }
}

void Compiler::CompileNetting(const Node& node, const causeway::v1::NettingSpec& spec) {
  PlannedNetting& netting = plan_.mechanism.netting;
  if (!plan_.bridge) {
    Fail(node.Of("times"), "netting_cycle: net positions settle by the bridge, and there is none");
  }
  netting.times = ReadTimes(node, "times", spec.times(), core::Duration::Zero());
  if (spec.signing_timeout_s() > kSigningTimeoutSecondsMax) {
    Fail(node.Of("signing_timeout_s"),
         fmt::format("signing_timeout_s: at most {}", kSigningTimeoutSecondsMax));
  }
  netting.signing_timeout = core::Duration::FromSeconds(
      spec.signing_timeout_s() == 0 ? kSigningTimeoutSecondsDefault : spec.signing_timeout_s());
}

void Compiler::CompileSharedLedger(const Node& node, const causeway::v1::SharedLedgerSpec& spec) {
  const std::uint32_t timeout =
      spec.matching_timeout_s() == 0 ? kMatchingTimeoutSecondsDefault : spec.matching_timeout_s();
  if (timeout > kMatchingTimeoutSecondsMax) {
    Fail(node.Of("matching_timeout_s"),
         fmt::format("matching_timeout_s: at most {}", kMatchingTimeoutSecondsMax));
  }
  plan_.mechanism.shared_ledger.matching_timeout = core::Duration::FromSeconds(timeout);
}

void Compiler::CompileSettlementQueue(const Node& node,
                                      const causeway::v1::SettlementQueueSpec& spec) {
  PlannedSettlementQueue& queue = plan_.mechanism.settlement_queue;
  if (!plan_.bridge) {
    Fail(node.Of("every_s"), "settlement_queue: trades settle by the bridge, and there is none");
  }
  const auto read = [&](const char* field, std::uint32_t given, std::uint32_t otherwise,
                        std::uint32_t most) {
    if (given > most) Fail(node.Of(field), fmt::format("{}: at most {}", field, most));
    return given == 0 ? otherwise : given;
  };
  queue.every = core::Duration::FromSeconds(
      read("every_s", spec.every_s(), kRunEverySecondsDefault, kRunEverySecondsMax));
  queue.answer_timeout =
      core::Duration::FromSeconds(read("answer_timeout_s", spec.answer_timeout_s(),
                                       kAnswerTimeoutSecondsDefault, kSigningTimeoutSecondsMax));
  queue.exact_max = read("exact_max", spec.exact_max(), kExactTradesDefault, kExactTradesMax);
  queue.bypass = spec.bypass();
  if (spec.wait_max_s() > 0) queue.wait_max = core::Duration::FromSeconds(spec.wait_max_s());
  if (spec.selection() != causeway::v1::SETTLEMENT_SELECTION_UNSPECIFIED) {
    if (!causeway::v1::SettlementSelection_IsValid(spec.selection())) {
      Fail(node.Of("selection"), "selection: there is none of that number");
      return;
    }
    queue.selection = static_cast<SettlementSelection>(spec.selection());
  }
  // The operator takes no part.
  const std::size_t legs_max =
      plan_.ledgers.size() * (std::max<std::size_t>(file_participants_, 2) - 2);
  if (legs_max > core::kSettlementLegsMax) {
    Fail(
        node.Of("selection"),
        fmt::format("settlement_queue: {} participants on {} ledgers may come to more net payments "
                    "than the {} legs that a settlement can have",
                    file_participants_, plan_.ledgers.size(), core::kSettlementLegsMax));
  }
}

}  // namespace causeway::sim
