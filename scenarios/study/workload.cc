#include "scenarios/study/workload.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/values.h"
#include "settlement/core/prng.h"

namespace causeway::study {
namespace {

constexpr TimeUs kBurstSpanUs = 30'000'000;  // the payments of a burst come within half a minute

std::size_t DrawFrom(core::RandomStream& stream, const std::vector<std::uint64_t>& cumulative) {
  const std::uint64_t at = stream.Uniform(cumulative.back());
  return static_cast<std::size_t>(std::upper_bound(cumulative.begin(), cumulative.end(), at) -
                                  cumulative.begin());
}

template <typename Items>
std::vector<std::uint64_t> Cumulative(const Items& items) {
  std::vector<std::uint64_t> sums;
  sums.reserve(items.size());
  std::uint64_t sum = 0;
  for (const auto& item : items) sums.push_back(sum += item.weight);
  return sums;
}

absl::Status CheckHours(const Hours& hours) {
  if (hours.from >= 0 && hours.from < hours.to && hours.to <= kDaySpanUs) return absl::OkStatus();
  return absl::InvalidArgumentError("hours must end after they begin, by 48:00");
}

absl::Status CheckStream(const Stream& stream) {
  const auto bad = [&](const char* what) {
    return absl::InvalidArgumentError(fmt::format("stream \"{}\": {}", stream.name, what));
  };
  if (stream.values.empty() || Cumulative(stream.values).back() == 0) return bad("needs values");
  if (stream.profile.empty() || Cumulative(stream.profile).back() == 0)
    return bad("needs a profile");
  for (const Hours& hours : stream.profile) {
    if (!CheckHours(hours).ok()) return bad("hours must end after they begin, by 48:00");
  }
  for (const LogNormal& values : stream.values) {
    if (values.median <= 0 || values.sigma_milli > 10'000) {
      return bad("values need a median above 0 and a sigma of at most 10");
    }
  }
  if (stream.value_max <= 0) return bad("needs a largest value above 0");
  if (stream.urgent_milli > 1000) return bad("at most 1000 thousandths can be urgent");
  return absl::OkStatus();
}

absl::Status CheckCustomers(const Workload& workload) {
  const Customers& customers = workload.customers;
  if (customers.per_bank == 0) return absl::OkStatus();
  const auto bad = [](const char* what) {
    return absl::InvalidArgumentError(fmt::format("customers: {}", what));
  };
  if (workload.foreign_exchange.trades_per_day > 0) return bad("not with foreign exchange");
  if (customers.per_bank > kStudyCustomersPerBankMax ||
      std::uint64_t{customers.per_bank} * workload.banks.count > kStudyCustomersMax) {
    return bad("at most 1,000 of each bank, and a million in all");
  }
  if (customers.credit_line < 0) return bad("the credit line must not be below 0");
  if (std::none_of(workload.streams.begin(), workload.streams.end(),
                   [](const Stream& stream) { return stream.for_customer; })) {
    return bad("no stream is for_customer");
  }
  return absl::OkStatus();
}

absl::Status CheckForeignExchange(const ForeignExchange& fx) {
  const auto bad = [](const char* what) {
    return absl::InvalidArgumentError(fmt::format("foreign exchange: {}", what));
  };
  if (fx.pairs.empty() || Cumulative(fx.pairs).back() == 0) return bad("needs pairs");
  for (const Pair& pair : fx.pairs) {
    if (pair.base >= fx.currencies.size() || pair.quote >= fx.currencies.size() ||
        pair.base == pair.quote) {
      return bad("pairs must name two of its currencies");
    }
  }
  if (fx.values.median <= 0 || fx.values.sigma_milli > 10'000 || fx.value_max <= 0) {
    return bad("values need a median, a largest value and a sigma of at most 10");
  }
  if (fx.pvp_milli + fx.netted_milli > 1000) return bad("shares come to more than 1000");
  for (const CurrencyHours& currency : fx.currencies) {
    const auto same = [&](const CurrencyHours& each) { return each.code == currency.code; };
    if (!IsCurrencyName(currency.code) ||
        std::count_if(fx.currencies.begin(), fx.currencies.end(), same) > 1) {
      return bad("currencies need a code of letters and digits, each its own");
    }
    if (absl::Status status = CheckHours(currency.hours); !status.ok()) return status;
  }
  return CheckHours(fx.pvp_window);
}

class WorkloadMaker {
 public:
  explicit WorkloadMaker(const Workload& workload)
      : workload_(workload), topology_(DrawTopology(workload)) {}

  absl::StatusOr<Input> Make() {
    input_.name = workload_.name;
    input_.minor_digits = workload_.minor_digits;
    input_.days = DayNames(workload_.days);
    AddAccounts();
    AddCustomers();
    for (const Stream& stream : workload_.streams) {
      BeginStream(stream.name);
      AddStream(stream);
    }
    if (workload_.foreign_exchange.trades_per_day > 0) {
      BeginStream("fx");
      AddTrades();
    }
    if (total_ > liquidity::kTotalMinorMax) {
      return absl::InvalidArgumentError("the payments come to too much");
    }
    Sort();
    return std::move(input_);
  }

 private:
  core::RandomStream StreamOf(std::string_view name, std::string_view what) const {
    return core::RandomStream(workload_.seed,
                              fmt::format("study/{}/{}/{}", StreamRoot(workload_), name, what));
  }
  void AddAccounts();
  void AddCustomers();
  void BeginStream(const std::string& name) {
    input_.streams.push_back({name, static_cast<std::uint32_t>(input_.payments.size() + 1)});
  }
  void AddStream(const Stream& stream);
  void AddTrades();
  void Add(const Payment& payment, std::uint32_t link) {
    total_ += payment.amount;
    input_.payments.push_back(payment);
    input_.payments.back().drawn = static_cast<std::uint32_t>(input_.payments.size());
    if (workload_.foreign_exchange.trades_per_day > 0) input_.links.push_back(link);
  }
  // Of the payment that was added last.
  void AddItsCustomers(core::RandomStream& stream) {
    const std::uint32_t each = workload_.customers.per_bank;
    if (each == 0) return;
    const Payment& payment = input_.payments.back();
    const auto draw = [&](AccountIndex bank) {
      if (!payment.for_customer) return kNone;
      return bank * each + static_cast<std::uint32_t>(stream.Uniform(each));
    };
    input_.sender_customers.push_back(draw(payment.sender));
    input_.recipient_customers.push_back(draw(payment.recipient));
  }
  void Sort();
  static TimeUs DrawTime(core::RandomStream& stream, const Hours& hours) {
    return stream.UniformInRange(hours.from, hours.to - 1);
  }
  static std::int64_t DrawValue(core::RandomStream& stream, const LogNormal& values,
                                std::int64_t value_max) {
    const std::int64_t drawn = stream.NextLogNormal(values.median, values.sigma_milli);
    return std::clamp<std::int64_t>(drawn, 1, value_max);
  }
  std::pair<AccountIndex, AccountIndex> DrawParties(core::RandomStream& stream) const {
    const std::size_t sender = DrawFrom(stream, topology_.cumulative);
    const Partners& partners = topology_.partners[sender];
    return {static_cast<AccountIndex>(sender),
            partners.banks[DrawFrom(stream, partners.cumulative)]};
  }

  const Workload& workload_;
  Topology topology_;
  Input input_;
  __int128 total_ = 0;
};

void WorkloadMaker::AddAccounts() {
  input_.accounts = AccountsOf(workload_);
  input_.stated_in = workload_.stated_in;
  if (workload_.foreign_exchange.trades_per_day > 0) {
    for (const CurrencyHours& currency : workload_.foreign_exchange.currencies) {
      input_.currencies.push_back(currency.code);
    }
  }
}

// Of bank r they are r * per_bank and those after it.
void WorkloadMaker::AddCustomers() {
  const Customers& customers = workload_.customers;
  for (std::uint32_t bank = 0; customers.per_bank > 0 && bank < workload_.banks.count; ++bank) {
    const auto line = static_cast<std::int64_t>(__int128{customers.credit_line} *
                                                topology_.weights[bank] / topology_.weights[0]);
    for (std::uint32_t number = 1; number <= customers.per_bank; ++number) {
      input_.customers.push_back({bank, fmt::format("{}.C{:03}", input_.accounts[bank].id, number),
                                  line, customers.secured, customers.committed});
    }
  }
}

void WorkloadMaker::AddStream(const Stream& of) {
  core::RandomStream values = StreamOf(of.name, "values");
  core::RandomStream times = StreamOf(of.name, "times");
  core::RandomStream parties = StreamOf(of.name, "parties");
  core::RandomStream priorities = StreamOf(of.name, "priorities");
  core::RandomStream customers = StreamOf(of.name, "customers");
  const std::vector<std::uint64_t> kinds = Cumulative(of.values);
  const std::vector<std::uint64_t> hours = Cumulative(of.profile);
  for (std::uint32_t day = 0; day < workload_.days; ++day) {
    TimeUs burst_time = 0;
    std::uint32_t left_in_burst = 0;
    for (std::uint32_t i = 0; i < of.payments_per_day; ++i) {
      Payment payment;
      payment.priority = of.priority;
      payment.time_specific = of.time_specific;
      payment.for_customer = of.for_customer;
      if (left_in_burst == 0) {
        burst_time = DrawTime(times, of.profile[DrawFrom(times, hours)]);
        // Sizes are geometric, with the wanted mean.
        left_in_burst = 1;
        while (of.burst_size > 1 && left_in_burst < 100 * of.burst_size &&
               times.Bernoulli(of.burst_size - 1, of.burst_size)) {
          ++left_in_burst;
        }
      }
      --left_in_burst;
      payment.due = burst_time;
      if (of.burst_size > 1) {
        // None passes a midnight that its burst came before.
        const TimeUs end = burst_time < kDayUs ? kDayUs : kDaySpanUs;
        payment.due = std::min(burst_time + times.UniformInRange(0, kBurstSpanUs), end - 1);
      }
      payment.due += kDaySpanUs * static_cast<TimeUs>(day);
      const LogNormal& kind = of.values[DrawFrom(values, kinds)];
      payment.amount = DrawValue(values, kind, of.value_max);
      std::tie(payment.sender, payment.recipient) = DrawParties(parties);
      if (of.urgent_milli > 0 && priorities.Bernoulli(of.urgent_milli, 1000)) {
        payment.priority = liquidity::Priority::kUrgent;
      }
      Add(payment, 0);
      AddItsCustomers(customers);
    }
  }
}

void WorkloadMaker::AddTrades() {
  const ForeignExchange& fx = workload_.foreign_exchange;
  core::RandomStream values = StreamOf("fx", "values");
  core::RandomStream times = StreamOf("fx", "times");
  core::RandomStream parties = StreamOf("fx", "parties");
  core::RandomStream kinds = StreamOf("fx", "kinds");
  const std::vector<std::uint64_t> pairs = Cumulative(fx.pairs);
  const auto currencies = static_cast<AccountIndex>(fx.currencies.size());
  std::uint32_t link = 0;
  for (std::uint32_t day = 0; day < workload_.days; ++day) {
    const TimeUs midnight = kDaySpanUs * static_cast<TimeUs>(day);
    // What the first of two banks owes the second, by currency; less than zero: the other way.
    std::map<std::tuple<AccountIndex, AccountIndex, std::size_t>, std::int64_t> netted;
    const auto pay = [&](AccountIndex from, AccountIndex to, std::size_t currency,
                         std::int64_t amount, TimeUs due, std::uint32_t number) {
      Payment payment;
      payment.amount = amount;
      payment.due = midnight + due;
      payment.sender = from * currencies + static_cast<AccountIndex>(currency);
      payment.recipient = to * currencies + static_cast<AccountIndex>(currency);
      Add(payment, number);
    };
    for (std::uint32_t i = 0; i < fx.trades_per_day; ++i) {
      const Pair& pair = fx.pairs[DrawFrom(kinds, pairs)];
      const std::uint64_t kind = kinds.Uniform(1000);
      const std::int64_t value = DrawValue(values, fx.values, fx.value_max);
      const auto [seller, buyer] = DrawParties(parties);
      if (kind < fx.pvp_milli) {
        const TimeUs due = DrawTime(times, fx.pvp_window);
        pay(seller, buyer, pair.base, value, due, ++link);
        pay(buyer, seller, pair.quote, value, due, link);
      } else if (kind < fx.pvp_milli + fx.netted_milli) {
        const bool in_order = seller < buyer;
        const AccountIndex first = std::min(seller, buyer);
        const AccountIndex second = std::max(seller, buyer);
        netted[{first, second, pair.base}] += in_order ? value : -value;
        netted[{first, second, pair.quote}] += in_order ? -value : value;
      } else {
        const TimeUs base_due = DrawTime(times, fx.currencies[pair.base].hours);
        const TimeUs quote_due = DrawTime(times, fx.currencies[pair.quote].hours);
        pay(seller, buyer, pair.base, value, base_due, ++link);
        pay(buyer, seller, pair.quote, value, quote_due, link);
      }
    }
    for (const auto& [key, net] : netted) {
      const auto& [first, second, currency] = key;
      if (net == 0) continue;
      const TimeUs due = DrawTime(times, fx.currencies[currency].hours);
      pay(net > 0 ? first : second, net > 0 ? second : first, currency, net > 0 ? net : -net, due,
          0);
    }
  }
}

void WorkloadMaker::Sort() {
  std::vector<Payment>& payments = input_.payments;
  input_.rows.resize(payments.size());
  std::iota(input_.rows.begin(), input_.rows.end(), 1);
  if (input_.links.empty() && input_.sender_customers.empty()) {
    std::stable_sort(payments.begin(), payments.end(),
                     [](const Payment& a, const Payment& b) { return a.due < b.due; });
    return;
  }
  std::vector<std::uint32_t> order(payments.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return payments[a].due < payments[b].due;
  });
  const auto arrange = [&order](auto& column) {
    if (column.empty()) return;
    auto sorted = std::remove_reference_t<decltype(column)>();
    sorted.reserve(order.size());
    for (const std::uint32_t from : order) sorted.push_back(column[from]);
    column = std::move(sorted);
  };
  arrange(payments);
  arrange(input_.links);
  arrange(input_.sender_customers);
  arrange(input_.recipient_customers);
}

}  // namespace

absl::Status CheckWorkload(const Workload& workload) {
  const Banks& banks = workload.banks;
  if (banks.count < 2 || banks.count > kStudyBanksMax || banks.core > 1000) {
    return absl::InvalidArgumentError(
        fmt::format("there must be 2 to {} banks, and a core of at most 1000", kStudyBanksMax));
  }
  if (banks.degree_exponent_milli <= 1000 || banks.reciprocity_milli > 1000) {
    return absl::InvalidArgumentError("the exponent must be above 1, the reciprocity at most 1");
  }
  if (banks.payment_exponent_milli > 0 && banks.payment_exponent_milli <= 1000) {
    return absl::InvalidArgumentError("the exponent of payments must be above 1");
  }
  if (workload.days < 1 || workload.days > kStudyDaysMax) {
    return absl::InvalidArgumentError(fmt::format("there must be 1 to {} days", kStudyDaysMax));
  }
  std::uint64_t payments = 2 * std::uint64_t{workload.foreign_exchange.trades_per_day};
  for (const Stream& stream : workload.streams) {
    if (absl::Status status = CheckStream(stream); !status.ok()) return status;
    payments += stream.payments_per_day;
  }
  if (payments * workload.days > kStudyPaymentsMax) {
    return absl::InvalidArgumentError(
        fmt::format("there must be at most {} payments", kStudyPaymentsMax));
  }
  if (absl::Status status = CheckCustomers(workload); !status.ok()) return status;
  if (workload.foreign_exchange.trades_per_day == 0) return absl::OkStatus();
  return CheckForeignExchange(workload.foreign_exchange);
}

std::vector<std::string> DayNames(std::uint32_t count) {
  std::vector<std::string> names;
  for (std::uint32_t day = 1; day <= count; ++day) names.push_back(std::to_string(day));
  return names;
}

std::vector<Account> AccountsOf(const Workload& workload) {
  std::vector<Account> accounts;
  const std::size_t digits = std::max<std::size_t>(4, std::to_string(workload.banks.count).size());
  for (std::uint32_t rank = 1; rank <= workload.banks.count; ++rank) {
    const std::string owner = fmt::format("B{:0{}}", rank, digits);
    if (workload.foreign_exchange.trades_per_day == 0) {
      accounts.push_back({owner, owner});
      continue;
    }
    for (const CurrencyHours& currency : workload.foreign_exchange.currencies) {
      accounts.push_back({fmt::format("{}.{}", owner, currency.code), owner});
      accounts.back().currency =
          static_cast<std::uint32_t>(&currency - workload.foreign_exchange.currencies.data());
    }
  }
  return accounts;
}

const std::string& StreamRoot(const Workload& workload) {
  return workload.draws_as.empty() ? workload.name : workload.draws_as;
}

absl::StatusOr<Input> DrawWorkload(const Workload& workload) {
  if (absl::Status status = CheckWorkload(workload); !status.ok()) return status;
  return WorkloadMaker(workload).Make();
}

}  // namespace causeway::study
