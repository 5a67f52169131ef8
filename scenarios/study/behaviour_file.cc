#include "scenarios/study/behaviour_file.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/options.h"
#include "scenarios/study/proto_text.h"
#include "scenarios/study/values.h"

namespace causeway::study {
namespace {

constexpr std::string_view kBehavioursFirstLine = "# proto-message: StudyBehaviours\n";

}  // namespace

void BehaviourReader::SetTime(const std::string& path, const std::string& text, TimeUs& target) {
  if (text.empty()) return Report(fmt::format("{}: expected a time of day such as 09:05", path));
  const absl::StatusOr<TimeUs> value = ParseBoundary(text);
  if (value.ok()) {
    target = *value;
  } else {
    Report(fmt::format("{} {}", path, std::string(value.status().message())));
  }
}

void BehaviourReader::Read(const std::string& path, const v1::StudyBehaviour& from) {
  const std::optional<StockBehaviour> behaviour = ReadStrategy(path, from);
  const bool by_rank = from.first_bank() != 0 || from.last_bank() != 0;
  if (from.banks_size() > 0 && by_rank) {
    return Report(fmt::format("{}: expected ranks or names, not both", path));
  }
  // Faulty banks are told beside a faulty strategy.
  const StockBehaviour any = behaviour.value_or(StockBehaviour());
  if (from.banks_size() > 0) return ReadNames(path, from, any);
  ReadRanks(path, from, any);
}

void BehaviourReader::ReadRanks(const std::string& path, const v1::StudyBehaviour& from,
                                const StockBehaviour& behaviour) {
  if (ranks_ == 0) {
    return Report(fmt::format("{}.banks: expected ids of accounts, or of owners", path));
  }
  if (from.first_bank() < 1 || from.first_bank() > from.last_bank() || from.last_bank() > ranks_) {
    return Report(fmt::format("{}: banks {} to {}: expected ranks from 1 to {}", path,
                              from.first_bank(), from.last_bank(), ranks_));
  }
  behaviours_.push_back({(from.first_bank() - 1) * each_, from.last_bank() * each_ - 1, behaviour});
}

void BehaviourReader::ReadNames(const std::string& path, const v1::StudyBehaviour& from,
                                const StockBehaviour& behaviour) {
  for (const std::string& name : from.banks()) {
    bool found = false;
    for (AccountIndex i = 0; i < accounts_.size(); ++i) {
      if (accounts_[i].id != name && accounts_[i].owner != name) continue;
      found = true;
      behaviours_.push_back({i, i, behaviour});
    }
    if (!found) {
      Report(fmt::format("{}.banks \"{}\": expected the id of an account, or of an owner", path,
                         name));
    }
  }
}

std::optional<StockBehaviour> BehaviourReader::ReadStrategy(const std::string& path,
                                                            const v1::StudyBehaviour& from) {
  switch (from.strategy_case()) {
    case v1::StudyBehaviour::kDelay:
      return DelayTradeOff{from.delay().delay_ppm_per_hour(), from.delay().liquidity_ppm()};
    case v1::StudyBehaviour::kReceiptReactive: {
      const v1::StudyReceiptReactive& given = from.receipt_reactive();
      ReceiptReactive terms;
      terms.allowance_milli = given.allowance_milli();
      if (!given.pays_all_from().empty()) {
        SetTime(path + ".receipt_reactive.pays_all_from", given.pays_all_from(),
                terms.pays_all_from);
      }
      return terms;
    }
    case v1::StudyBehaviour::kWithhold:
      return ReadWithhold(path + ".withhold", from.withhold());
    case v1::StudyBehaviour::kDefaults:
      return ReadDefault(path + ".defaults", from.defaults());
    case v1::StudyBehaviour::STRATEGY_NOT_SET:
      break;
  }
  Report(path + ": expected delay, receipt_reactive, withhold or defaults");
  return std::nullopt;
}

WithholdUnderStress BehaviourReader::ReadWithhold(const std::string& path,
                                                  const v1::StudyWithhold& from) {
  WithholdUnderStress terms;
  if (from.has_stress() && from.from().empty() && from.to().empty()) {
    terms.to = kDaySpanUs;
  } else {
    SetTime(path + ".from", from.from(), terms.from);
    SetTime(path + ".to", from.to(), terms.to);
  }
  if (from.probability_milli() > 1000) Report(path + ".probability_milli: expected at most 1000");
  terms.probability_milli = std::min(1000U, from.probability_milli());
  if (!from.has_stress()) return terms;
  const v1::StudyStress& stress = from.stress();
  terms.stress = {stress.receipts_missing_milli(), stress.counterparty_missing_milli(),
                  stress.balance_below_milli()};
  if (std::max(stress.receipts_missing_milli(), stress.counterparty_missing_milli()) > 1000) {
    Report(path + ".stress: receipts that are missing are expected to be at most 1000 thousandths");
  }
  if (stress.receipts_missing_milli() == 0 && stress.counterparty_missing_milli() == 0 &&
      stress.balance_below_milli() == 0) {
    Report(path +
           ".stress: expected receipts_missing_milli, counterparty_missing_milli or "
           "balance_below_milli above 0");
  }
  return terms;
}

DefaultAt BehaviourReader::ReadDefault(const std::string& path, const v1::StudyDefault& from) {
  DefaultAt terms;
  SetTime(path + ".at", from.at(), terms.at);
  if (from.day().empty()) return terms;
  const std::optional<std::int64_t> day = ParseDay(from.day());
  const auto found = std::find(days_.begin(), days_.end(), day ? FormatDay(*day) : std::string());
  if (found == days_.end()) {
    Report(fmt::format("{}.day \"{}\": expected one of the days, {} to {}", path, from.day(),
                       days_.front(), days_.back()));
  } else {
    terms.at += kDaySpanUs * (found - days_.begin());
  }
  return terms;
}

std::optional<FolderBehaviours> ParseBehaviours(std::string_view text, const std::string& file,
                                                const Input& input, ProblemList& problems) {
  if (text.substr(0, kBehavioursFirstLine.size()) != kBehavioursFirstLine) {
    problems.Add({file, 1, 1, "expected the line \"# proto-message: StudyBehaviours\""});
    return std::nullopt;
  }
  v1::StudyBehaviours message;
  if (!ParseProtoText(text, file, message, problems)) return std::nullopt;
  BehaviourReader reader(input.accounts, input.days, 0, 1, file, problems);
  for (int i = 0; i < message.behaviours_size(); ++i) {
    reader.Read(fmt::format("behaviours[{}]", i), message.behaviours(i));
  }
  if (!problems.empty()) return std::nullopt;
  return FolderBehaviours{reader.Take(), message.seed(), input.accounts};
}

}  // namespace causeway::study
