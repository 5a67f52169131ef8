#include "scenarios/spec/payments_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "scenarios/spec/plan.h"
#include "scenarios/study/file_source.h"
#include "scenarios/study/folder.h"
#include "scenarios/study/options.h"
#include "scenarios/study/parts.h"
#include "scenarios/study/preset.h"
#include "settlement/core/decimal.h"
#include "settlement/core/hash.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

// Of a folder with many faults, or a preset.
constexpr std::size_t kProblemsShownMax = 20;

class SourceReader {
 public:
  SourceReader(const PaymentsRequest& request, std::vector<PaymentsProblem>& problems)
      : request_(request), problems_(problems) {}

  std::optional<SourcedPayments> Read() {
    const std::size_t problems_before = problems_.size();
    const bool read = request_.csv.empty() ? ReadStudy() : ReadFolder();
    if (!read || !ReadLiquidity() || !CheckKind() || !ChooseCurrency()) return std::nullopt;
    Sample();
    if (problems_.size() != problems_before) return std::nullopt;
    return std::move(sourced_);
  }

 private:
  bool Fail(const char* field, std::string message) {
    problems_.push_back({field, std::move(message)});
    return false;
  }
  // What studies say, with the place in their own file.
  bool FailAll(const char* field, const study::ProblemList& list) {
    const std::size_t shown = std::min(list.kept().size(), kProblemsShownMax);
    for (std::size_t i = 0; i < shown; ++i) {
      Fail(field, fmt::format("{}: {}", field, list.kept()[i].ToString()));
    }
    if (list.count() > shown) {
      Fail(field, fmt::format("{}: and {} more problems", field, list.count() - shown));
    }
    return false;
  }
  bool TooMany(const char* field, std::uint64_t payments) {
    return Fail(field, fmt::format("{}: has {} payments: a scenario can have {} actions", field,
                                   payments, kActionsMax));
  }

  bool ReadStudy();
  bool ReadFolder();
  bool ReadLiquidity();
  bool CheckKind();
  bool ChooseCurrency();
  void Sample();
  const char* field() const { return request_.csv.empty() ? "study" : "csv"; }
  int digits() const { return request_.currency.minor_digits(); }

  const PaymentsRequest& request_;
  std::vector<PaymentsProblem>& problems_;
  SourcedPayments sourced_;
};

bool SourceReader::ReadStudy() {
  std::error_code ignored;
  if (std::filesystem::is_directory(request_.study, ignored)) {
    return Fail("study", fmt::format("study: {} is a folder: csv takes one", request_.study));
  }
  std::ifstream file(request_.study, std::ios::binary);
  if (!file) return Fail("study", fmt::format("study: cannot read {}", request_.study));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!study::IsPreset(text)) {
    return Fail("study", fmt::format("study: {} is no preset of a study: its first line would be "
                                     "\"# proto-message: Study\"",
                                     request_.study));
  }
  study::ProblemList list;
  absl::StatusOr<study::Preset> preset =
      study::ParsePreset(text, request_.study, request_.seed, list);
  if (!preset.ok()) return FailAll("study", list);
  study::Workload& workload = preset->workload;
  if (workload.minor_digits != digits()) {
    return Fail("study",
                fmt::format("study: {} has amounts of {} decimals, and {} has {}", request_.study,
                            workload.minor_digits, request_.currency.code(), digits()));
  }
  std::uint64_t payments = 2 * std::uint64_t{workload.foreign_exchange.trades_per_day};
  for (const study::Stream& stream : workload.streams) payments += stream.payments_per_day;
  if (payments * workload.days > kActionsMax) return TooMany("study", payments * workload.days);
  if (!request_.draws_as.empty()) workload.draws_as = request_.draws_as;
  absl::StatusOr<study::Input> input = study::DrawWorkload(workload);
  if (!input.ok()) {
    return Fail("study", fmt::format("study: {}: {}", request_.study,
                                     std::string(input.status().message())));
  }
  sourced_.input = *std::move(input);
  sourced_.options = std::move(preset->options);
  sourced_.sha256 = core::Sha256(text).ToHex();
  return true;
}

bool SourceReader::ReadFolder() {
  std::error_code ignored;
  if (!std::filesystem::is_directory(request_.csv, ignored)) {
    const bool there = std::filesystem::exists(request_.csv, ignored);
    return Fail("csv", fmt::format("csv: {} {}", request_.csv,
                                   there ? "is no folder" : "is not there: no such folder"));
  }
  const study::DiskFolder source(request_.csv);
  study::FolderResult folder = study::ReadFolder(source, digits());
  if (!folder.problems.empty()) return FailAll("csv", folder.problems);
  absl::StatusOr<std::string> hash = study::HashOfFiles(source, folder.files);
  if (!hash.ok()) return Fail("csv", fmt::format("csv: {}", std::string(hash.status().message())));
  sourced_.input = std::move(folder.input);
  sourced_.sha256 = *std::move(hash);
  if (sourced_.input.payments.size() > kActionsMax) {
    return TooMany("csv", sourced_.input.payments.size());
  }
  return true;
}

bool SourceReader::ReadLiquidity() {
  study::RunOptions& options = sourced_.options;
  if (!request_.liquidity.empty()) {
    const absl::Status set = study::SetOption(options, "liquidity", request_.liquidity, digits());
    if (!set.ok()) {
      return Fail("liquidity", fmt::format("liquidity {}", std::string(set.message())));
    }
    options.liquidity_total.reset();
  }
  if (request_.csv.empty() && !options.alpha && !options.liquidity_total) {
    return Fail("liquidity",
                "liquidity: the study does not say what its accounts begin with: give ALPHA here");
  }
  return true;
}

bool SourceReader::CheckKind() {
  const study::Input& input = sourced_.input;
  const auto linked = std::find_if(input.links.begin(), input.links.end(),
                                   [](std::uint32_t link) { return link != 0; });
  if (linked != input.links.end()) {
    return Fail(field(), fmt::format("{}: payment {} is a leg of a trade: those of a scenario are "
                                     "its pvp steps, and no payments",
                                     field(), linked - input.links.begin() + 1));
  }
  if (!input.changes.empty()) {
    return Fail(field(), fmt::format("{}: has changes within the day: those of a scenario are its "
                                     "steps; leave changes.csv out",
                                     field()));
  }
  for (const study::Account& account : input.accounts) {
    if (account.holding_limit) {
      return Fail(field(), fmt::format("{}: account {} has a holding limit: those of a scenario "
                                       "have none",
                                       field(), account.id));
    }
  }
  return true;
}

bool SourceReader::ChooseCurrency() {
  study::Input& input = sourced_.input;
  if (!input.currencies.empty()) {
    const auto found =
        std::find(input.currencies.begin(), input.currencies.end(), request_.currency.code());
    if (found == input.currencies.end()) {
      return Fail(field(),
                  fmt::format("{}: has no accounts in {}", field(), request_.currency.code()));
    }
    if (input.currencies.size() > 1) {
      const auto place = static_cast<std::size_t>(found - input.currencies.begin());
      study::Input own = std::move(study::SplitByCurrency(input)[place].input);
      input = std::move(own);
    }
  }
  sourced_.payments_all = input.payments.size();
  if (input.payments.empty()) return Fail(field(), fmt::format("{}: has no payments", field()));
  if (request_.payments > input.payments.size()) {
    return Fail("payments", fmt::format("payments: {} of {} cannot be drawn", request_.payments,
                                        input.payments.size()));
  }
  return true;
}

// Each payment is taken with the chance that as many are wanted as are left: every set of that size
// is equally likely (selection sampling: Knuth, The Art of Computer Programming, vol. 2, 3.4.2).
void SourceReader::Sample() {
  std::vector<study::Payment>& payments = sourced_.input.payments;
  std::uint64_t wanted = request_.payments == 0 ? payments.size() : request_.payments;
  const bool all = wanted == payments.size();
  core::RandomStream stream(request_.seed, fmt::format("payments-from/{}/sample", request_.name));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < payments.size(); ++i) {
    if (!all && !stream.Bernoulli(wanted, payments.size() - i)) continue;
    payments[kept++] = payments[i];
    sourced_.places.push_back(i + 1);
    --wanted;
  }
  payments.resize(kept);
  payments.shrink_to_fit();
  // Of what else goes with payments nothing is of use here.
  sourced_.input.rows.clear();
  sourced_.input.payment_ids = {};
  sourced_.input.links.clear();
  sourced_.input.settle_by.clear();
  sourced_.input.sender_customers.clear();
  sourced_.input.recipient_customers.clear();
}

}  // namespace

std::optional<SourcedPayments> SourcePayments(const PaymentsRequest& request,
                                              std::vector<PaymentsProblem>& problems) {
  return SourceReader(request, problems).Read();
}

std::vector<study::DayTerms> TermsByDay(const SourcedPayments& sourced,
                                        std::vector<PaymentsProblem>& problems) {
  const study::Input& input = sourced.input;
  const study::RunOptions& options = sourced.options;
  const study::TimeUs closes = options.closes.value_or(study::HoursAround(input).second);
  const study::TermsMaker maker(input, options, closes);
  std::vector<std::int64_t> balances;
  for (const study::Account& account : input.accounts) balances.push_back(account.balance);
  const bool anew = options.alpha || options.liquidity_total;
  std::vector<study::DayTerms> days;
  study::PaymentIndex first = 0;
  for (std::size_t day = 0; day < (anew ? input.days.size() : 1); ++day) {
    study::PaymentIndex end = first;
    const study::TimeUs next = static_cast<study::TimeUs>(day + 1) * study::kDaySpanUs;
    while (end < input.payments.size() && input.payments[end].due < next) ++end;
    absl::StatusOr<study::DayTerms> terms = maker.Of(day, balances, first, end);
    if (!terms.ok()) {
      problems.push_back({"liquidity", "liquidity: " + std::string(terms.status().message())});
      return {};
    }
    days.push_back(*std::move(terms));
    first = end;
  }
  return days;
}

}  // namespace causeway::sim
