// Makes the payments of a study from a seed, by integer arithmetic alone: the same on every
// machine.
#ifndef CAUSEWAY_SCENARIOS_STUDY_WORKLOAD_H_
#define CAUSEWAY_SCENARIOS_STUDY_WORKLOAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/study/input.h"

namespace causeway::study {

// The meaning of each is in proto/causeway/v1/study.proto. Values in minor units.
struct LogNormal {
  std::uint32_t weight = 1;
  std::int64_t median = 0;
  std::uint32_t sigma_milli = 0;
};
struct Hours {
  TimeUs from = 0;
  TimeUs to = 0;  // above `from`
  std::uint32_t weight = 1;
};
struct Stream {
  std::string name;
  std::uint32_t payments_per_day = 0;
  std::vector<LogNormal> values;
  std::int64_t value_max = 0;
  std::vector<Hours> profile;
  std::uint32_t burst_size = 1;
  liquidity::Priority priority = liquidity::Priority::kNormal;
  bool time_specific = false;
  bool for_customer = false;
  std::uint32_t urgent_milli = 0;
};
struct Banks {
  std::uint32_t count = 0;
  std::uint32_t core = 0;
  std::uint32_t mean_degree = 1;
  std::uint32_t degree_exponent_milli = 2100;
  std::uint32_t reciprocity_milli = 0;
  std::uint32_t payment_exponent_milli = 0;  // 0: the degree's
};
struct Customers {
  std::uint32_t per_bank = 0;
  std::int64_t credit_line = 0;  // of each of the first bank's
  bool secured = false;
  bool committed = false;
};
struct CurrencyHours {
  std::string code;
  Hours hours;
};
struct Pair {
  std::size_t base = 0;  // places in `currencies`
  std::size_t quote = 0;
  std::uint32_t weight = 0;
};
struct ForeignExchange {
  std::uint32_t trades_per_day = 0;
  LogNormal values;
  std::int64_t value_max = 0;
  std::vector<Pair> pairs;
  std::vector<CurrencyHours> currencies;
  std::uint32_t pvp_milli = 0;
  std::uint32_t netted_milli = 0;
  Hours pvp_window;
};
struct Workload {
  std::string name;
  std::string draws_as;  // names the random streams; `name` when empty
  std::uint64_t seed = 0;
  std::uint32_t days = 1;
  int minor_digits = 2;
  Banks banks;
  std::vector<Stream> streams;
  Customers customers;
  ForeignExchange foreign_exchange;  // with trades_per_day above 0: instead of streams
  std::string stated_in;             // Input::stated_in
};

inline constexpr std::uint32_t kStudyBanksMax = 100'000;
inline constexpr std::uint64_t kStudyPaymentsMax = 100'000'000;
inline constexpr std::uint32_t kStudyDaysMax = 366;
inline constexpr std::uint32_t kStudyCustomersPerBankMax = 1000;
inline constexpr std::uint32_t kStudyCustomersMax = 1'000'000;

// What the random streams of a workload begin with.
const std::string& StreamRoot(const Workload& workload);

// InvalidArgument when the workload is not sound.
absl::Status CheckWorkload(const Workload& workload);

// The names of the first `count` days: their numbers from 1.
std::vector<std::string> DayNames(std::uint32_t count);

// The accounts that are drawn, by rank of their bank.
std::vector<Account> AccountsOf(const Workload& workload);

// A bank's partners, by rank from 0, each with its weight's running sum.
struct Partners {
  std::vector<AccountIndex> banks;
  std::vector<std::uint64_t> cumulative;
};
struct Topology {
  std::vector<std::uint64_t> weights;     // of payments, by rank, falling
  std::vector<std::uint64_t> cumulative;  // of senders
  std::vector<Partners> partners;         // by rank; at least one each
};
// Draws from the stream "study/<draws_as>/topology". At least two banks.
Topology DrawTopology(const Workload& workload);

// Accounts without balances (a preset gives liquidity by ALPHA), "B0001" by rank, with foreign
// exchange "B0001.USD"; and all payments by due time. Each stream draws its values, times and
// parties from streams of its own: adding one leaves the others as they were. InvalidArgument when
// the workload is not sound.
absl::StatusOr<Input> DrawWorkload(const Workload& workload);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_WORKLOAD_H_
