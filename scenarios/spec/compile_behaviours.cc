// What banks do with payments that fall due: the behaviours of a scenario.
#include "fmt/format.h"
#include "scenarios/spec/compiler.h"

namespace causeway::sim {

void Compiler::CompileBehaviours() {
  if (spec_.behaviours_size() > 0 && !spec_.concurrent()) {
    Fail(root_.Of("concurrent"),
         "concurrent: must be true with behaviours, or a payment that is kept back holds up all "
         "that "
         "follow");
  }
  for (int i = 0; i < spec_.behaviours_size(); ++i) {
    const causeway::v1::BehaviourSpec& spec = spec_.behaviours(i);
    const Node node = root_.Child("behaviours", i);
    const std::optional<study::StockBehaviour> strategy = CompileStrategy(node, spec);
    if (spec.participants().empty()) {
      Fail(node.Of("participants"), "participants: at least one must be named");
    }
    for (int j = 0; j < spec.participants_size(); ++j) {
      const auto participant = ReadParty(node.Of("participants", j), spec.participants(j));
      if (participant && strategy) plan_.behaviours.push_back({*participant, *strategy});
    }
  }
}

study::WithholdUnderStress Compiler::CompileWithhold(const Node& node,
                                                     const causeway::v1::StudyWithhold& spec) {
  study::WithholdUnderStress terms;
  if (spec.has_stress() && spec.from().empty() && spec.to().empty()) {
    // A business day may begin on the eve of its date and end on the day after.
    terms.from = -study::kDayUs;
    terms.to = study::kDaySpanUs;
  } else {
    const auto time = [this](Place place, const std::string& text) {
      return ReadTimeOfDay(place, text).value_or(core::Duration::Zero()).micros();
    };
    terms.from = time(node.Of("from"), spec.from());
    terms.to = time(node.Of("to"), spec.to());
    if (terms.from > terms.to) Fail(node.Of("to"), "to: must not be before from");
  }
  terms.probability_milli = ReadPerMille(node.Of("probability_milli"), spec.probability_milli());
  if (!spec.has_stress()) return terms;
  const Node of_stress = node.Child("stress");
  const causeway::v1::StudyStress& stress = spec.stress();
  terms.stress.receipts_missing_milli =
      ReadPerMille(of_stress.Of("receipts_missing_milli"), stress.receipts_missing_milli());
  terms.stress.counterparty_missing_milli =
      ReadPerMille(of_stress.Of("counterparty_missing_milli"), stress.counterparty_missing_milli());
  terms.stress.balance_below_milli = stress.balance_below_milli();
  if (stress.receipts_missing_milli() == 0 && stress.counterparty_missing_milli() == 0 &&
      stress.balance_below_milli() == 0) {
    Fail(node.Of("stress"),
         "stress: must state receipts_missing_milli, counterparty_missing_milli or "
         "balance_below_milli");
  }
  return terms;
}

std::optional<study::StockBehaviour> Compiler::CompileStrategy(
    const Node& node, const causeway::v1::BehaviourSpec& spec) {
  const auto time = [this](Place place, const std::string& text) {
    return ReadTimeOfDay(place, text).value_or(core::Duration::Zero()).micros();
  };
  switch (spec.strategy_case()) {
    case causeway::v1::BehaviourSpec::kDelay:
      return study::DelayTradeOff{.delay_ppm_per_hour = spec.delay().delay_ppm_per_hour(),
                                  .liquidity_ppm = spec.delay().liquidity_ppm()};
    case causeway::v1::BehaviourSpec::kReceiptReactive: {
      const causeway::v1::StudyReceiptReactive& given = spec.receipt_reactive();
      study::ReceiptReactive terms{.allowance_milli = given.allowance_milli()};
      if (!given.pays_all_from().empty()) {
        terms.pays_all_from =
            time(node.Child("receipt_reactive").Of("pays_all_from"), given.pays_all_from());
      }
      return terms;
    }
    case causeway::v1::BehaviourSpec::kWithhold:
      return CompileWithhold(node.Child("withhold"), spec.withhold());
    case causeway::v1::BehaviourSpec::kDefaults: {
      const Node defaults = node.Child("defaults");
      study::DefaultAt terms{time(defaults.Of("at"), spec.defaults().at())};
      if (spec.defaults().day().empty()) return terms;
      const auto day = ReadBusinessDay(defaults.Of("day"), spec.defaults().day());
      if (day) terms.at += (day->StartInUtc() - plan_.days.front().StartInUtc()).micros();
      return terms;
    }
    case causeway::v1::BehaviourSpec::STRATEGY_NOT_SET:
      Fail(node.Of("participants"),
           "a behaviour must be one of delay, receipt_reactive, withhold, defaults");
  }
  return std::nullopt;
}

}  // namespace causeway::sim
