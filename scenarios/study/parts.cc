#include "scenarios/study/parts.h"

#include <utility>

#include "settlement/core/check.h"

namespace causeway::study {
namespace {

// Where everything of the whole stands in its share.
struct Places {
  std::vector<std::uint32_t> accounts;  // by place in the whole, of all shares
  std::vector<std::uint32_t> customers;
};

template <typename Column, typename Value>
void AppendIfAny(const Column& from, PaymentIndex index, std::vector<Value>& to) {
  if (!from.empty()) to.push_back(from[index]);
}

std::uint32_t Placed(const std::vector<std::uint32_t>& places, std::uint32_t place) {
  return place == kNone ? kNone : places[place];
}

void AddAccounts(const Input& input, std::vector<CurrencyShare>& shares, Places& places) {
  for (AccountIndex i = 0; i < input.accounts.size(); ++i) {
    CurrencyShare& share = shares[input.accounts[i].currency];
    places.accounts.push_back(static_cast<std::uint32_t>(share.accounts.size()));
    share.accounts.push_back(i);
    share.input.accounts.push_back(input.accounts[i]);
    share.input.accounts.back().currency = 0;
  }
  for (const CustomerLine& line : input.customers) {
    Input& own = shares[input.accounts[line.account].currency].input;
    places.customers.push_back(static_cast<std::uint32_t>(own.customers.size()));
    own.customers.push_back(line);
    own.customers.back().account = places.accounts[line.account];
  }
  for (Limit limit : input.limits) {
    Input& own = shares[input.accounts[limit.account].currency].input;
    limit.account = places.accounts[limit.account];
    limit.counterparty = Placed(places.accounts, limit.counterparty);
    own.limits.push_back(limit);
  }
}

void AddPayments(const Input& input, const Places& places, std::vector<CurrencyShare>& shares,
                 std::vector<std::uint32_t>& payment_places) {
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    Payment payment = input.payments[i];
    CurrencyShare& share = shares[input.accounts[payment.sender].currency];
    Input& own = share.input;
    payment_places.push_back(static_cast<std::uint32_t>(share.payments.size()));
    share.payments.push_back(i);
    payment.sender = places.accounts[payment.sender];
    payment.recipient = places.accounts[payment.recipient];
    own.payments.push_back(payment);
    own.rows.push_back(input.rows[i]);
    if (!input.payment_ids.empty()) own.payment_ids.Append(input.payment_ids[i]);
    AppendIfAny(input.links, i, own.links);
    AppendIfAny(input.settle_by, i, own.settle_by);
    if (!input.sender_customers.empty()) {
      own.sender_customers.push_back(Placed(places.customers, input.sender_customers[i]));
    }
    if (!input.recipient_customers.empty()) {
      own.recipient_customers.push_back(Placed(places.customers, input.recipient_customers[i]));
    }
  }
}

// Which currency a change is of.
std::uint32_t CurrencyOf(const Input& input, const Change& change) {
  const AccountIndex account =
      change.payment == kNone ? change.account : input.payments[change.payment].sender;
  return input.accounts[account].currency;
}

}  // namespace

std::vector<CurrencyShare> SplitByCurrency(const Input& input) {
  std::vector<CurrencyShare> shares(input.currencies.size());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i].input.name = input.name;
    shares[i].input.minor_digits = input.minor_digits;
    shares[i].input.currencies = {input.currencies[i]};
    shares[i].input.stated_in = input.stated_in;
    shares[i].input.days = input.days;
  }
  Places places;
  AddAccounts(input, shares, places);
  std::vector<std::uint32_t> payment_places;
  payment_places.reserve(input.payments.size());
  AddPayments(input, places, shares, payment_places);
  for (Change change : input.changes) {
    Input& own = shares[CurrencyOf(input, change)].input;
    change.account = Placed(places.accounts, change.account);
    change.counterparty = Placed(places.accounts, change.counterparty);
    change.payment = Placed(payment_places, change.payment);
    own.changes.push_back(change);
  }
  return shares;
}

RunResult ResultOf(const Input& input, const RunResult& whole, const CurrencyShare& share,
                   std::uint32_t currency) {
  CW_CHECK(whole.parts.empty(), "payments settled whole");
  RunResult own;
  own.opens = whole.opens;
  own.closes = whole.closes;
  own.day_closes = whole.day_closes;
  own.targets = whole.targets;
  own.stress_credit_loss_basis_points = whole.stress_credit_loss_basis_points;
  own.sets = whole.sets;
  own.optimisation_runs = whole.optimisation_runs;
  for (std::size_t i = 0; i < input.changes.size(); ++i) {
    if (CurrencyOf(input, input.changes[i]) == currency) own.changes.push_back(whole.changes[i]);
  }
  std::vector<std::uint32_t> places(input.payments.size(), kNone);
  for (std::size_t i = 0; i < share.payments.size(); ++i) {
    places[share.payments[i]] = static_cast<std::uint32_t>(i);
    own.payments.push_back(whole.payments[share.payments[i]]);
  }
  for (const PaymentIndex payment : whole.settlement_order) {
    if (places[payment] != kNone) own.settlement_order.push_back(places[payment]);
  }
  for (std::size_t day = 0; day < input.days.size(); ++day) {
    for (const AccountIndex account : share.accounts) {
      own.account_days.push_back(whole.account_days[day * input.accounts.size() + account]);
    }
  }
  for (QueueSample sample : whole.samples) {
    if (sample.currency != currency) continue;
    sample.currency = 0;
    if (sample.queued_count == 0) sample.state = liquidity::QueueState::kEmpty;
    own.samples.push_back(sample);
  }
  return own;
}

absl::StatusOr<std::vector<Part>> RunParts(Input input, const RunOptions& options) {
  std::vector<Part> parts;
  if (input.currencies.size() < 2) {
    absl::StatusOr<RunResult> result = RunStudy(input, options);
    if (!result.ok()) return result.status();
    parts.push_back({input.currencies.empty() ? "" : input.currencies.front(),
                     std::move(input),
                     *std::move(result),
                     {}});
    Measure(parts);
    return parts;
  }
  if (options.liquidity_total) {
    return absl::InvalidArgumentError(
        "liquidity-total is an amount of one currency, and the accounts are in several: use "
        "liquidity, or the balances of the accounts");
  }
  RunOptions own = options;
  const auto [opens, closes] = HoursAround(input);
  own.opens = options.opens.value_or(opens);
  own.closes = options.closes.value_or(closes);
  absl::StatusOr<RunResult> whole = RunResult();
  if (options.pvp_together) whole = RunStudy(input, own);
  if (!whole.ok()) return whole.status();
  std::vector<CurrencyShare> shares = SplitByCurrency(input);
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    CurrencyShare& share = shares[i];
    if (options.behaviours) {
      own.behaviours = [&options, &share](AccountIndex account) {
        return options.behaviours(share.accounts[account]);
      };
    }
    absl::StatusOr<RunResult> result =
        options.pvp_together ? ResultOf(input, *whole, share, i) : RunStudy(share.input, own);
    if (!result.ok()) {
      return absl::Status(result.status().code(),
                          input.currencies[i] + ": " + std::string(result.status().message()));
    }
    parts.push_back({input.currencies[i], std::move(share.input), *std::move(result), {}});
  }
  Measure(parts);
  return parts;
}

void Measure(std::vector<Part>& parts) {
  if (parts.size() > 1) {
    std::vector<std::pair<const Input*, const RunResult*>> all;
    for (const Part& part : parts) all.emplace_back(&part.input, &part.result);
    const std::vector<LinkOutcome> links = LinkOutcomesOf(all);
    for (Part& part : parts) part.result.links = links;
  }
  for (Part& part : parts) part.indicators = ComputeIndicators(part.input, part.result);
}

}  // namespace causeway::study
