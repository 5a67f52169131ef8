#include "scenarios/study/preset.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <utility>

#include "causeway/v1/study.pb.h"
#include "fmt/format.h"
#include "scenarios/study/behaviour.h"
#include "scenarios/study/options.h"
#include "scenarios/study/values.h"

namespace causeway::study {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view kFirstLine = "# proto-message: Study\n";

class Collector : public pb::io::ErrorCollector {
 public:
  Collector(std::string file, ProblemList& problems)
      : file_(std::move(file)), problems_(problems) {}
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    problems_.Add({file_, static_cast<std::uint64_t>(std::max(0, line + 1)),
                   static_cast<std::uint64_t>(std::max(0, column + 1)), message});
  }

 private:
  std::string file_;
  ProblemList& problems_;
};

// Turns the message's texts into values, and reports every one that is wrong.
class PresetReader {
 public:
  PresetReader(const v1::Study& study, std::string file, ProblemList& problems)
      : study_(study), file_(std::move(file)), problems_(problems) {}

  Preset Read();

 private:
  void Report(std::string message) { problems_.Add({file_, 0, 0, std::move(message)}); }

  template <typename Target, typename Parse>
  void Set(std::string_view field, const std::string& text, Target& target, Parse parse) {
    if (text.empty()) return;
    auto value = parse(text);
    if (value.ok()) {
      target = *value;
    } else {
      Report(fmt::format("{} {}", field, std::string(value.status().message())));
    }
  }
  std::int64_t Money(std::string_view field, const std::string& text) {
    const auto amount = ParseMinor(text, preset_.workload.minor_digits);
    if (!amount) Report(fmt::format("{} \"{}\": expected a decimal number", field, text));
    return amount.value_or(1);
  }
  Hours HoursOf(std::string_view field, const std::string& from, const std::string& to,
                std::uint32_t weight) {
    Hours hours;
    hours.weight = weight;
    Set(field, from, hours.from, ParseBoundary);
    Set(field, to, hours.to, ParseBoundary);
    return hours;
  }
  LogNormal ValuesOf(const v1::StudyValues& values) {
    return {std::max(1U, values.weight()), Money("median", values.median()), values.sigma_milli()};
  }
  void ReadStream(const v1::StudyStream& from);
  void ReadForeignExchange(const v1::StudyForeignExchange& from);
  void ReadSettlement(const v1::StudySettlement& from);
  void ReadBehaviour(const v1::StudyBehaviour& from);

  const v1::Study& study_;
  std::string file_;
  ProblemList& problems_;
  Preset preset_;
  std::vector<BehaviourOf> behaviours_;
};

void PresetReader::ReadStream(const v1::StudyStream& from) {
  Stream stream;
  stream.name = from.name();
  stream.payments_per_day = from.payments_per_day();
  for (const v1::StudyValues& values : from.values()) stream.values.push_back(ValuesOf(values));
  stream.value_max = Money("value_max", from.value_max());
  for (const v1::StudyHours& hours : from.profile()) {
    stream.profile.push_back(HoursOf("profile", hours.from(), hours.to(), hours.weight()));
  }
  stream.burst_size = std::max(1U, from.burst_size());
  if (const auto priority = ParsePriority(from.priority())) {
    stream.priority = *priority;
  } else {
    Report(fmt::format("priority \"{}\": expected urgent, high or normal", from.priority()));
  }
  stream.time_specific = from.time_specific();
  stream.for_customer = from.for_customer();
  for (const Stream& other : preset_.workload.streams) {
    if (other.name == stream.name) Report(fmt::format("two streams are named \"{}\"", stream.name));
  }
  preset_.workload.streams.push_back(std::move(stream));
}

void PresetReader::ReadForeignExchange(const v1::StudyForeignExchange& from) {
  ForeignExchange& fx = preset_.workload.foreign_exchange;
  fx.trades_per_day = from.trades_per_day();
  if (fx.trades_per_day == 0) return;
  fx.values = ValuesOf(from.values());
  fx.value_max = Money("value_max", from.value_max());
  fx.pvp_milli = from.pvp_milli();
  fx.netted_milli = from.netted_milli();
  fx.pvp_window = HoursOf("pvp_window", from.pvp_window().from(), from.pvp_window().to(), 1);
  for (const v1::StudyCurrency& currency : from.currencies()) {
    fx.currencies.push_back(
        {currency.code(), HoursOf("currencies", currency.from(), currency.to(), 1)});
  }
  const auto place = [&](const std::string& code) {
    const auto found =
        std::find_if(fx.currencies.begin(), fx.currencies.end(),
                     [&](const CurrencyHours& currency) { return currency.code == code; });
    if (found == fx.currencies.end()) Report(fmt::format("currency \"{}\" is not listed", code));
    return static_cast<std::size_t>(found - fx.currencies.begin());
  };
  for (const v1::StudyPair& pair : from.pairs()) {
    const std::size_t base = place(pair.base());
    const std::size_t quote = place(pair.quote());
    fx.pairs.push_back({base, quote, pair.weight()});
  }
}

void PresetReader::ReadSettlement(const v1::StudySettlement& from) {
  RunOptions& options = preset_.options;
  Set("queue", from.queue(), options.queue, ParseDiscipline);
  for (const std::string& word : from.lsm()) {
    liquidity::Algorithm algorithm{};
    Set("lsm", word, algorithm, ParseAlgorithm);
    if (algorithm != liquidity::Algorithm::kNone) options.lsm.push_back(algorithm);
  }
  Set("lsm_every", from.lsm_every(), options.lsm_every, ParseMinutes);
  Set("entry_offset", from.entry_offset(), options.entry_offset, ParseEntryOffset);
  Set("liquidity", from.liquidity(), options.alpha, ParseAlpha);
}

void PresetReader::ReadBehaviour(const v1::StudyBehaviour& from) {
  const std::uint32_t banks = study_.banks().count();
  if (from.first_bank() < 1 || from.first_bank() > from.last_bank() || from.last_bank() > banks) {
    Report(fmt::format("behaviours: banks {} to {}: expected ranks from 1 to {}", from.first_bank(),
                       from.last_bank(), banks));
    return;
  }
  // A bank has an account in every currency.
  const auto each =
      std::max<std::size_t>(1, preset_.workload.foreign_exchange.trades_per_day == 0
                                   ? 1
                                   : preset_.workload.foreign_exchange.currencies.size());
  BehaviourOf of;
  of.first = static_cast<AccountIndex>((from.first_bank() - 1) * each);
  of.last = static_cast<AccountIndex>(from.last_bank() * each - 1);
  if (from.has_delay()) {
    of.behaviour = DelayTradeOff{from.delay().delay_ppm_per_hour(), from.delay().liquidity_ppm()};
  } else if (from.has_receipt_reactive()) {
    ReceiptReactive terms;
    terms.allowance_milli = from.receipt_reactive().allowance_milli();
    Set("pays_all_from", from.receipt_reactive().pays_all_from(), terms.pays_all_from,
        ParseBoundary);
    of.behaviour = terms;
  } else if (from.has_withhold()) {
    const Hours hours = HoursOf("withhold", from.withhold().from(), from.withhold().to(), 1);
    if (from.withhold().probability_milli() > 1000) Report("withhold: expected at most 1000");
    of.behaviour = WithholdUnderStress{hours.from, hours.to,
                                       std::min(1000U, from.withhold().probability_milli())};
  } else if (from.has_defaults()) {
    DefaultAt terms;
    Set("defaults", from.defaults().at(), terms.at, ParseBoundary);
    of.behaviour = terms;
  } else {
    Report("behaviours: expected delay, receipt_reactive, withhold or defaults");
    return;
  }
  behaviours_.push_back(of);
}

Preset PresetReader::Read() {
  Workload& workload = preset_.workload;
  preset_.description = study_.description();
  workload.name = study_.name();
  if (workload.name.empty()) Report("needs a name");
  workload.seed = study_.seed();
  workload.days = std::max(1U, study_.days());
  if (study_.decimals() > 6) Report("decimals: expected at most 6");
  workload.minor_digits = static_cast<int>(std::min(6U, study_.decimals()));
  TimeUs opens = 0;
  TimeUs closes = kDayUs;
  Set("opens", study_.opens(), opens, ParseBoundary);
  Set("closes", study_.closes(), closes, ParseBoundary);
  preset_.options.opens = opens;
  preset_.options.closes = closes;
  const v1::StudyBanks& banks = study_.banks();
  workload.banks = {banks.count(), banks.core(), std::max(1U, banks.mean_degree()),
                    banks.degree_exponent_milli(), banks.reciprocity_milli()};
  for (const v1::StudyStream& stream : study_.streams()) ReadStream(stream);
  ReadForeignExchange(study_.foreign_exchange());
  ReadSettlement(study_.settlement());
  for (const v1::StudyBehaviour& behaviour : study_.behaviours()) ReadBehaviour(behaviour);
  preset_.options.behaviours = MakeBehaviours(std::move(behaviours_), workload.seed, workload.name);
  return std::move(preset_);
}

}  // namespace

bool IsPreset(std::string_view text) { return text.substr(0, kFirstLine.size()) == kFirstLine; }

absl::StatusOr<Preset> ParsePreset(std::string_view text, const std::string& file,
                                   const std::optional<std::uint64_t>& seed,
                                   ProblemList& problems) {
  v1::Study study;
  Collector collector(file, problems);
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  const bool parsed = parser.ParseFromString(std::string(text), &study);
  if (!parsed && problems.empty()) problems.Add({file, 0, 0, "is not a protobuf text file"});
  if (!problems.empty()) return absl::InvalidArgumentError("the preset is wrong");
  if (seed) study.set_seed(*seed);
  Preset preset = PresetReader(study, file, problems).Read();
  if (!problems.empty()) return absl::InvalidArgumentError("the preset is wrong");
  return preset;
}

}  // namespace causeway::study
