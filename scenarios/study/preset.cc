#include "scenarios/study/preset.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "causeway/v1/study.pb.h"
#include "fmt/format.h"
#include "scenarios/study/behaviour_file.h"
#include "scenarios/study/options.h"
#include "scenarios/study/proto_text.h"
#include "scenarios/study/values.h"

namespace causeway::study {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view kFirstLine = "# proto-message: Study\n";

// Turns the message's texts into values, and reports every one that is wrong by its path.
class PresetReader {
 public:
  PresetReader(const v1::Study& study, std::string file, ProblemList& problems)
      : study_(study), file_(std::move(file)), problems_(problems) {}

  Preset Read();

 private:
  void Report(std::string message) { problems_.Add({file_, 0, 0, std::move(message)}); }

  void Set(const std::string& path, const std::string& text, TimeUs& target) {
    if (text.empty()) return Report(fmt::format("{}: expected a time of day such as 09:05", path));
    const absl::StatusOr<TimeUs> value = ParseBoundary(text);
    if (value.ok()) {
      target = *value;
    } else {
      Report(fmt::format("{} {}", path, std::string(value.status().message())));
    }
  }
  std::int64_t Money(const std::string& path, const std::string& text) {
    const auto amount = ParseMinor(text, preset_.workload.minor_digits);
    if (!amount) {
      Report(fmt::format("{} \"{}\": expected a decimal number with at most {} decimals", path,
                         text, preset_.workload.minor_digits));
    }
    return amount.value_or(1);
  }
  Hours HoursOf(const std::string& path, const std::string& from, const std::string& to,
                std::uint32_t weight) {
    Hours hours;
    hours.weight = weight;
    Set(path + ".from", from, hours.from);
    Set(path + ".to", to, hours.to);
    return hours;
  }
  LogNormal ValuesOf(const std::string& path, const v1::StudyValues& values) {
    return {std::max(1U, values.weight()), Money(path + ".median", values.median()),
            values.sigma_milli()};
  }
  void ReadStream(const std::string& path, const v1::StudyStream& from);
  void ReadForeignExchange(const v1::StudyForeignExchange& from);
  void ReadSettlement(const v1::StudySettlement& from);
  void ReadBehaviours();

  const v1::Study& study_;
  std::string file_;
  ProblemList& problems_;
  Preset preset_;
};

void PresetReader::ReadStream(const std::string& path, const v1::StudyStream& from) {
  Stream stream;
  stream.name = from.name();
  stream.payments_per_day = from.payments_per_day();
  for (const v1::StudyValues& values : from.values()) {
    stream.values.push_back(
        ValuesOf(fmt::format("{}.values[{}]", path, stream.values.size()), values));
  }
  stream.value_max = Money(path + ".value_max", from.value_max());
  for (const v1::StudyHours& hours : from.profile()) {
    stream.profile.push_back(HoursOf(fmt::format("{}.profile[{}]", path, stream.profile.size()),
                                     hours.from(), hours.to(), hours.weight()));
  }
  stream.burst_size = std::max(1U, from.burst_size());
  if (const auto priority = ParsePriority(from.priority())) {
    stream.priority = *priority;
  } else {
    Report(
        fmt::format("{}.priority \"{}\": expected urgent, high or normal", path, from.priority()));
  }
  stream.time_specific = from.time_specific();
  stream.for_customer = from.for_customer();
  stream.urgent_milli = from.urgent_milli();
  for (const Stream& other : preset_.workload.streams) {
    if (other.name == stream.name) {
      Report(fmt::format("{}.name \"{}\": another stream has it: expected each once", path,
                         stream.name));
    }
  }
  preset_.workload.streams.push_back(std::move(stream));
}

void PresetReader::ReadForeignExchange(const v1::StudyForeignExchange& from) {
  ForeignExchange& fx = preset_.workload.foreign_exchange;
  fx.trades_per_day = from.trades_per_day();
  if (fx.trades_per_day == 0) return;
  fx.values = ValuesOf("foreign_exchange.values", from.values());
  fx.value_max = Money("foreign_exchange.value_max", from.value_max());
  fx.pvp_milli = from.pvp_milli();
  fx.netted_milli = from.netted_milli();
  fx.pvp_window =
      HoursOf("foreign_exchange.pvp_window", from.pvp_window().from(), from.pvp_window().to(), 1);
  for (const v1::StudyCurrency& currency : from.currencies()) {
    const std::string path = fmt::format("foreign_exchange.currencies[{}]", fx.currencies.size());
    fx.currencies.push_back({currency.code(), HoursOf(path, currency.from(), currency.to(), 1)});
  }
  const auto place = [&](const std::string& code) {
    const auto found =
        std::find_if(fx.currencies.begin(), fx.currencies.end(),
                     [&](const CurrencyHours& currency) { return currency.code == code; });
    if (found == fx.currencies.end()) {
      Report(fmt::format("foreign_exchange.pairs[{}]: currency \"{}\" is not listed",
                         fx.pairs.size(), code));
    }
    return static_cast<std::size_t>(found - fx.currencies.begin());
  };
  for (const v1::StudyPair& pair : from.pairs()) {
    const std::size_t base = place(pair.base());
    const std::size_t quote = place(pair.quote());
    fx.pairs.push_back({base, quote, pair.weight()});
  }
}

// Its fields are the options by their names, all of them texts.
void PresetReader::ReadSettlement(const v1::StudySettlement& from) {
  const pb::Reflection& reflection = *from.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(from, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    std::string text;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(from, field); ++i) {
        text += (i == 0 ? "" : ",") + reflection.GetRepeatedString(from, field, i);
      }
    } else {
      text = reflection.GetString(from, field);
    }
    std::string option = field->name();
    std::replace(option.begin(), option.end(), '_', '-');
    const absl::Status set =
        SetOption(preset_.options, option, text, preset_.workload.minor_digits);
    if (!set.ok()) {
      Report(fmt::format("settlement.{} {}", field->name(), std::string(set.message())));
    }
  }
}

void PresetReader::ReadBehaviours() {
  // A bank has an account in every currency.
  const ForeignExchange& fx = preset_.workload.foreign_exchange;
  const std::size_t each = fx.trades_per_day == 0 ? 1 : fx.currencies.size();
  const bool sound = study_.banks().count() <= kStudyBanksMax;
  const std::vector<Account> accounts =
      sound ? AccountsOf(preset_.workload) : std::vector<Account>();
  // Any day that there may be: a run may ask for more than the preset has (--days).
  const std::vector<std::string> days = DayNames(kStudyDaysMax);
  BehaviourReader reader(accounts, days, study_.banks().count(),
                         static_cast<std::uint32_t>(std::max<std::size_t>(1, each)), file_,
                         problems_);
  for (int i = 0; i < study_.behaviours_size(); ++i) {
    reader.Read(fmt::format("behaviours[{}]", i), study_.behaviours(i));
  }
  const Workload& workload = preset_.workload;
  preset_.options.behaviours =
      MakeBehaviours(reader.Take(), accounts, workload.seed, StreamRoot(workload));
}

Preset PresetReader::Read() {
  Workload& workload = preset_.workload;
  preset_.description = study_.description();
  workload.name = study_.name();
  workload.draws_as = study_.draws_as();
  if (workload.name.empty()) Report("name: expected one");
  workload.seed = study_.seed();
  workload.days = std::max(1U, study_.days());
  workload.stated_in = study_.currency();
  if (!workload.stated_in.empty() && !IsCurrencyName(workload.stated_in)) {
    Report(fmt::format("currency \"{}\": expected 1 to 16 letters or digits, such as EUR",
                       study_.currency()));
  }
  if (study_.decimals() > 6) Report("decimals: expected at most 6");
  workload.minor_digits = static_cast<int>(std::min(6U, study_.decimals()));
  TimeUs opens = 0;
  TimeUs closes = kDayUs;
  if (!study_.opens().empty()) Set("opens", study_.opens(), opens);
  if (!study_.closes().empty()) Set("closes", study_.closes(), closes);
  preset_.options.opens = opens;
  preset_.options.closes = closes;
  const v1::StudyBanks& banks = study_.banks();
  workload.banks = {banks.count(),
                    banks.core(),
                    std::max(1U, banks.mean_degree()),
                    banks.degree_exponent_milli(),
                    banks.reciprocity_milli(),
                    banks.payment_exponent_milli()};
  for (const v1::StudyStream& stream : study_.streams()) {
    ReadStream(fmt::format("streams[{}]", workload.streams.size()), stream);
  }
  ReadForeignExchange(study_.foreign_exchange());
  const v1::StudyCustomers& customers = study_.customers();
  if (study_.has_customers()) {
    workload.customers = {customers.per_bank(),
                          Money("customers.credit_line", customers.credit_line()),
                          customers.secured(), customers.committed()};
  }
  ReadSettlement(study_.settlement());
  if (study_.behaviours_size() > 0) ReadBehaviours();
  // Once all values are read, whether they go together.
  if (problems_.empty()) {
    for (const absl::Status& status : {CheckWorkload(workload), CheckOptions(preset_.options)}) {
      if (!status.ok()) Report(std::string(status.message()));
    }
  }
  return std::move(preset_);
}

}  // namespace

bool IsPreset(std::string_view text) { return text.substr(0, kFirstLine.size()) == kFirstLine; }

std::optional<v1::Study> ParseStudyText(std::string_view text, const std::string& file,
                                        ProblemList& problems) {
  v1::Study study;
  if (!ParseProtoText(text, file, study, problems)) return std::nullopt;
  return study;
}

std::optional<Preset> MakePreset(const v1::Study& study, const std::string& file,
                                 ProblemList& problems) {
  Preset preset = PresetReader(study, file, problems).Read();
  if (!problems.empty()) return std::nullopt;
  return preset;
}

absl::StatusOr<Preset> ParsePreset(std::string_view text, const std::string& file,
                                   const std::optional<std::uint64_t>& seed,
                                   ProblemList& problems) {
  std::optional<v1::Study> study = ParseStudyText(text, file, problems);
  if (study && seed) study->set_seed(*seed);
  std::optional<Preset> preset;
  if (study) preset = MakePreset(*study, file, problems);
  if (!preset) return absl::InvalidArgumentError("the preset is wrong");
  return *std::move(preset);
}

}  // namespace causeway::study
