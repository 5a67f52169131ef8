#include "scenarios/study/terms.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace causeway::study {
namespace {

using core::Amount;
using core::Duration;
using core::LedgerTime;

constexpr TimeUs kSampleMin = kMinuteUs / 60;

// `whole` times a decimal, rounded down.
std::int64_t PartOf(std::int64_t whole, const core::UnsignedDecimal& part) {
  __int128 one = 1;
  for (int i = 0; i < part.scale; ++i) one *= 10;
  const __int128 product = static_cast<__int128>(whole) * static_cast<__int128>(part.digits) / one;
  return static_cast<std::int64_t>(std::min<__int128>(product, liquidity::kTotalMinorMax));
}
std::int64_t PartOf(std::int64_t whole, const std::optional<FundsShare>& part) {
  return part ? PartOf(whole, *part) : 0;
}

bool IsAboveOne(const std::optional<FundsShare>& share) {
  return share && PartOf(1'000'000'000, *share) > 1'000'000'000;
}

std::int64_t FundsOf(const liquidity::BankTerms& bank) {
  const std::int64_t line = liquidity::CreditLineOf(bank.collateral, bank.haircut_basis_points,
                                                    bank.uncollateralised_credit);
  return std::max<std::int64_t>(0, bank.balance.minor() + line);
}

absl::Status Wrong(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

absl::Status CheckTimes(const RunOptions& options) {
  if (options.opens && options.closes && *options.opens >= *options.closes) {
    return Wrong("the day must close after it opens");
  }
  for (const auto& time : {options.opens, options.closes}) {
    if (time && (*time < 0 || *time > kDaySpanUs)) {
      return Wrong("opening and close must be between 00:00 and 48:00");
    }
  }
  if (options.lsm_every < kSampleMin || options.sample_every < kSampleMin) {
    return Wrong("runs and samples must be at least a second apart");
  }
  return absl::OkStatus();
}

absl::Status CheckLiquidity(const RunOptions& options) {
  if (options.alpha) {
    std::uint64_t one = 1;
    for (int i = 0; i < options.alpha->scale; ++i) one *= 10;
    if (options.alpha->digits / one > kAlphaMax) {
      return Wrong(fmt::format("alpha must be at most {}", kAlphaMax));
    }
  }
  const bool gives = options.alpha || options.liquidity_total;
  if (options.alpha && options.liquidity_total) {
    return Wrong("liquidity and liquidity-total both give all that accounts have: leave out one");
  }
  if (gives && options.credit_on_collateral) {
    return Wrong(
        "credit collateral has no effect beside liquidity or liquidity-total, which give all that "
        "accounts have: leave it out, or let credit-share of it be credit");
  }
  if (options.credit_share && !gives) {
    return Wrong("credit-share needs liquidity or liquidity-total, of which it is a part");
  }
  if (IsAboveOne(options.credit_share)) return Wrong("credit-share must be at most 1");
  if (options.haircut_basis_points > 0 && !options.credit_on_collateral && !options.credit_share) {
    return Wrong("haircut needs collateral: credit collateral, or credit-share");
  }
  return absl::OkStatus();
}

absl::Status CheckQueue(const RunOptions& options) {
  using liquidity::Discipline;
  if (options.normal_bypass && options.queue != Discipline::kPriority) {
    return Wrong("normal-bypass is for queue priority");
  }
  const bool tests_entry =
      options.queue != Discipline::kImmediate && options.queue != Discipline::kDeferred;
  if (options.entry_offset != liquidity::EntryOffset::kNone && !tests_entry) {
    return Wrong("entry-offset needs a queue that is tested at entry: not immediate or deferred");
  }
  const liquidity::Splitting& parts = options.splitting;
  if (parts.part_min.IsPositive() && options.queue == Discipline::kImmediate) {
    return Wrong("split-part-min needs a queue for what remains: not immediate");
  }
  if (parts.part_min.IsZero() && (parts.part_max.IsPositive() || parts.threshold.IsPositive())) {
    return Wrong("split-part-max and split-from need split-part-min above 0");
  }
  if (parts.part_max.IsPositive() && parts.part_max < parts.part_min) {
    return Wrong("split-part-max must not be less than split-part-min");
  }
  const bool balance = options.release == liquidity::Release::kBalanceReactive;
  if (options.release_threshold && !balance) {
    return Wrong("release-threshold needs release balance");
  }
  if (options.reserve_until && !options.reserve_urgent && !options.reserve_high) {
    return Wrong("reserve-until needs reserve-urgent or reserve-high");
  }
  if (options.cycle_banks_max < 2) return Wrong("cycle-banks must be at least 2");
  return absl::OkStatus();
}

bool Runs(const RunOptions& options, liquidity::Algorithm algorithm) {
  return std::find(options.lsm.begin(), options.lsm.end(), algorithm) != options.lsm.end();
}

bool HasLimits(const Input& input, const RunOptions& options) {
  return options.bilateral_limit || options.multilateral_limit || !input.limits.empty() ||
         std::any_of(input.changes.begin(), input.changes.end(), [](const Change& change) {
           return change.kind == ChangeKind::kBilateralLimit ||
                  change.kind == ChangeKind::kMultilateralLimit;
         });
}

bool HasCredit(const Input& input, const RunOptions& options) {
  if (options.alpha || options.liquidity_total) return options.credit_share.has_value();
  return std::any_of(input.accounts.begin(), input.accounts.end(),
                     [&options](const Account& account) {
                       return account.credit_limit > 0 ||
                              (options.credit_on_collateral && account.posted_collateral > 0);
                     }) ||
         std::any_of(input.changes.begin(), input.changes.end(), [](const Change& change) {
           return change.kind == ChangeKind::kCreditLimit || change.kind == ChangeKind::kCollateral;
         });
}

}  // namespace

absl::Status CheckOptions(const RunOptions& options) {
  for (const absl::Status& status :
       {CheckTimes(options), CheckLiquidity(options), CheckQueue(options)}) {
    if (!status.ok()) return status;
  }
  // What is left is for the engine to say, in its own words.
  absl::Status checked = liquidity::CheckRules(RulesOf(options, 0));
  if (checked.ok() || !options.pvp_together) return checked;
  return Wrong("pvp together: " + std::string(checked.message()));
}

std::vector<std::string> UnusedOptions(const Input& input, const RunOptions& options) {
  using liquidity::Algorithm;
  using liquidity::Discipline;
  const RunOptions defaults;
  const bool single = Runs(options, Algorithm::kBilateralSingle);
  const bool offsets_singly = single || options.entry_offset == liquidity::EntryOffset::kSingle;
  std::vector<std::string> unused;
  const auto tell = [&unused](bool is_unused, std::string_view what) {
    if (is_unused) unused.emplace_back(what);
  };
  tell(options.queue == Discipline::kDeferred && options.lsm.empty(),
       "queue deferred settles in runs of lsm alone, and there is none: nothing will settle");
  tell(options.queue == Discipline::kImmediate && !options.lsm.empty(),
       "lsm has no effect with queue immediate, where nothing waits");
  tell(options.lsm_until_settled && options.lsm.size() < 2,
       "lsm-turns has no effect with fewer than two of lsm");
  tell(options.receipt_window != defaults.receipt_window &&
           options.release != liquidity::Release::kReceiptReactive,
       "receipt-window has no effect without release receipt");
  tell(options.offset_after != defaults.offset_after && !single,
       "offset-after has no effect without lsm bilateral-single");
  tell(options.counter_payments_max != defaults.counter_payments_max && !offsets_singly,
       "counter-payments has no effect without lsm bilateral-single or entry-offset single");
  tell(options.cycle_banks_max != defaults.cycle_banks_max && !Runs(options, Algorithm::kCycle),
       "cycle-banks has no effect without lsm cycle");
  tell(options.exact_payments_max != defaults.exact_payments_max &&
           !Runs(options, Algorithm::kExact),
       "exact-payments has no effect without lsm exact");
  tell(options.limits_bind_all && !HasLimits(input, options),
       "limits-bind has no effect where there are no limits of senders");
  tell(options.credit_price_ppm_per_day > 0 && !HasCredit(input, options),
       "credit-price has no effect where nobody has credit");
  return unused;
}

liquidity::Rules RulesOf(const RunOptions& options, TimeUs opens) {
  liquidity::Rules rules;
  rules.discipline = options.queue;
  rules.normal_bypass = options.normal_bypass;
  rules.release = options.release;
  rules.receipt_window = Duration::FromMicros(options.receipt_window);
  rules.entry_offset = options.entry_offset;
  rules.entry_counter_payments_max = options.counter_payments_max;
  rules.splitting = options.splitting;
  rules.limits_bind_normal_only = !options.limits_bind_all;
  rules.queue_max = options.queue_max;
  rules.links_settle_together = options.pvp_together;
  rules.credit_price_ppm_per_day = options.credit_price_ppm_per_day;
  rules.tell_queued = false;
  for (const liquidity::Algorithm algorithm : options.lsm) {
    liquidity::Optimisation run;
    run.algorithm = algorithm;
    run.first = LedgerTime::FromMicros(opens + options.lsm_every);
    run.every = Duration::FromMicros(options.lsm_every);
    run.only_if_previous_settled_nothing =
        options.lsm_until_settled && !rules.optimisations.empty();
    run.wait_min = Duration::FromMicros(
        algorithm == liquidity::Algorithm::kBilateralSingle ? options.offset_after : 0);
    run.counter_payments_max = options.counter_payments_max;
    run.cycle_banks_max = options.cycle_banks_max;
    run.exact_payments_max = options.exact_payments_max;
    rules.optimisations.push_back(run);
  }
  return rules;
}

TermsMaker::TermsMaker(const Input& input, const RunOptions& options, TimeUs closes)
    : input_(input), options_(options), closes_(closes), banks_(input) {
  if (!GivesLiquidity()) return;
  bounds_ = BoundsOf(input_, closes);
  if (!banks_.HaveOneAccountEach()) bank_bounds_ = BoundsOf(ByBank(input_, banks_), closes);
}

// Of accounts.
absl::StatusOr<std::vector<std::int64_t>> TermsMaker::Endowments(std::size_t day,
                                                                 PaymentIndex first,
                                                                 PaymentIndex end) const {
  const Bounds* const bounds = BoundsOfBanks(day);
  std::vector<std::int64_t> endowments(banks_.size());
  if (options_.alpha) {
    for (std::size_t i = 0; i < banks_.size(); ++i) {
      endowments[i] = bounds[i].lower + PartOf(bounds[i].upper - bounds[i].lower, *options_.alpha);
    }
    return SplitOverAccounts(day, endowments);
  }
  std::int64_t rest = *options_.liquidity_total;
  for (std::size_t i = 0; i < banks_.size(); ++i) rest -= bounds[i].lower;
  if (rest < 0) {
    return absl::FailedPreconditionError(fmt::format(
        "liquidity-total is {} minor units less than what the payments of day {} need at least",
        -rest, input_.days[day]));
  }
  std::vector<std::int64_t> to_send(banks_.size(), 0);
  __int128 all = 0;
  for (PaymentIndex i = first; i < end; ++i) {
    const Payment& payment = input_.payments[i];
    const std::uint32_t sender = banks_.Of(payment.sender);
    if (payment.due % kDaySpanUs >= closes_ || sender == banks_.Of(payment.recipient)) continue;
    to_send[sender] += payment.amount;
    all += payment.amount;
  }
  for (std::size_t i = 0; i < banks_.size(); ++i) {
    const __int128 part = all == 0 ? 0 : static_cast<__int128>(rest) * to_send[i] / all;
    endowments[i] = bounds[i].lower + static_cast<std::int64_t>(part);
  }
  return SplitOverAccounts(day, endowments);
}

// A bank's lower bound as the lower bounds of its accounts are, and the rest as their upper bounds
// are above these: what each would need by itself. Where none does, as the lower bounds are.
std::vector<std::int64_t> TermsMaker::SplitOverAccounts(
    std::size_t day, const std::vector<std::int64_t>& of_banks) const {
  if (banks_.HaveOneAccountEach()) return of_banks;
  const Bounds* const of_accounts = bounds_.data() + day * input_.accounts.size();
  std::vector<std::int64_t> endowments(input_.accounts.size());
  for (std::size_t bank = 0; bank < banks_.size(); ++bank) {
    const std::vector<AccountIndex>& accounts = banks_[bank].accounts;
    std::vector<std::int64_t> lower;
    std::vector<std::int64_t> above;
    bool any_above = false;
    for (const AccountIndex account : accounts) {
      lower.push_back(of_accounts[account].lower);
      above.push_back(of_accounts[account].upper - of_accounts[account].lower);
      any_above = any_above || above.back() > 0;
    }
    const std::int64_t least = BoundsOfBanks(day)[bank].lower;
    const std::vector<std::int64_t> first = SplitByWeight(least, lower);
    const std::vector<std::int64_t> rest =
        SplitByWeight(of_banks[bank] - least, any_above ? above : lower);
    for (std::size_t i = 0; i < accounts.size(); ++i) endowments[accounts[i]] = first[i] + rest[i];
  }
  return endowments;
}

absl::StatusOr<DayTerms> TermsMaker::Of(std::size_t day, const std::vector<std::int64_t>& balances,
                                        PaymentIndex first, PaymentIndex end) const {
  DayTerms terms;
  terms.banks.resize(input_.accounts.size());
  std::vector<std::int64_t> endowments;
  if (GivesLiquidity()) {
    absl::StatusOr<std::vector<std::int64_t>> given = Endowments(day, first, end);
    if (!given.ok()) return given.status();
    endowments = *std::move(given);
  }
  for (std::size_t i = 0; i < terms.banks.size(); ++i) {
    const Account& account = input_.accounts[i];
    liquidity::BankTerms& bank = terms.banks[i];
    std::int64_t collateral = 0;
    if (GivesLiquidity()) {
      collateral = PartOf(endowments[i], options_.credit_share);
      bank.balance = Amount::FromMinor(endowments[i] - collateral);
    } else {
      bank.balance = Amount::FromMinor(balances[i]);
      bank.uncollateralised_credit = Amount::FromMinor(account.credit_limit);
      if (options_.credit_on_collateral) collateral = account.posted_collateral;
      if (const auto carried = carried_.find(static_cast<AccountIndex>(i));
          carried != carried_.end()) {
        const Carried& after = carried->second;
        if (after.credit_limit) {
          bank.uncollateralised_credit = Amount::FromMinor(*after.credit_limit);
        }
        collateral = after.collateral.value_or(collateral);
      }
    }
    bank.collateral = Amount::FromMinor(collateral);
    bank.haircut_basis_points =
        account.haircut_basis_points.value_or(options_.haircut_basis_points);
    SetKept(static_cast<AccountIndex>(i), bank);
  }
  AddLimits(first, end, terms);
  ApplyCarried(terms);
  return terms;
}

// What an account keeps for some payments, and its limits, when it begins a day with these funds.
void TermsMaker::SetKept(AccountIndex index, liquidity::BankTerms& bank) const {
  const Account& account = input_.accounts[index];
  const std::int64_t funds = FundsOf(bank);
  const auto kept = [funds](std::int64_t own, const std::optional<FundsShare>& share) {
    return Amount::FromMinor(std::min(liquidity::kTotalMinorMax, own + PartOf(funds, share)));
  };
  bank.reserved_urgent = kept(account.reserved_urgent, options_.reserve_urgent);
  bank.reserved_high = kept(account.reserved_high, options_.reserve_high);
  bank.release_threshold = kept(account.release_threshold, options_.release_threshold);
  if (account.holding_limit) bank.holding_limit = Amount::FromMinor(*account.holding_limit);
  if (options_.multilateral_limit) {
    bank.multilateral_limit = Amount::FromMinor(PartOf(funds, options_.multilateral_limit));
  }
}

void TermsMaker::Carry(const Change& change) {
  const auto carry = [&]() -> Carried& { return carried_[change.account]; };
  switch (change.kind) {
    case ChangeKind::kCreditLimit:
      carry().credit_limit = change.value;
      break;
    case ChangeKind::kCollateral:
      carry().collateral = change.value;
      break;
    case ChangeKind::kReserveUrgent:
      carry().reserved_urgent = change.value;
      break;
    case ChangeKind::kReserveHigh:
      carry().reserved_high = change.value;
      break;
    case ChangeKind::kReleaseThreshold:
      carry().release_threshold = change.value;
      break;
    case ChangeKind::kHoldingLimit:
      carry().holding_limit.emplace(change.value);
      break;
    case ChangeKind::kMultilateralLimit:
      carry().multilateral_limit.emplace(change.value);
      break;
    case ChangeKind::kBilateralLimit:
      carried_limits_[{change.account, change.counterparty}] = change.value;
      break;
    default:
      break;
  }
}

void TermsMaker::ApplyCarried(DayTerms& terms) const {
  const auto amount = [](const std::optional<std::int64_t>& value) {
    return value ? std::optional(Amount::FromMinor(*value)) : std::nullopt;
  };
  for (const auto& [index, carried] : carried_) {
    liquidity::BankTerms& bank = terms.banks[index];
    bank.reserved_urgent = amount(carried.reserved_urgent).value_or(bank.reserved_urgent);
    bank.reserved_high = amount(carried.reserved_high).value_or(bank.reserved_high);
    bank.release_threshold = amount(carried.release_threshold).value_or(bank.release_threshold);
    if (carried.holding_limit) bank.holding_limit = amount(*carried.holding_limit);
    if (carried.multilateral_limit) bank.multilateral_limit = amount(*carried.multilateral_limit);
  }
  if (carried_limits_.empty()) return;
  terms.limits.erase(
      std::remove_if(terms.limits.begin(), terms.limits.end(),
                     [this](const liquidity::BilateralLimit& limit) {
                       return carried_limits_.count({limit.sender, limit.receiver}) > 0;
                     }),
      terms.limits.end());
  for (const auto& [pair, limit] : carried_limits_) {
    if (limit) terms.limits.push_back({pair.first, pair.second, Amount::FromMinor(*limit)});
  }
}

void TermsMaker::AddLimits(PaymentIndex first, PaymentIndex end, DayTerms& terms) const {
  using PairOf = std::pair<AccountIndex, AccountIndex>;
  std::vector<PairOf> named;
  for (const Limit& limit : input_.limits) {
    if (limit.counterparty == kNone) {
      terms.banks[limit.account].multilateral_limit = Amount::FromMinor(limit.amount);
    } else {
      named.emplace_back(limit.account, limit.counterparty);
      terms.limits.push_back({limit.account, limit.counterparty, Amount::FromMinor(limit.amount)});
    }
  }
  if (!options_.bilateral_limit) return;
  std::sort(named.begin(), named.end());
  std::vector<PairOf> pairs;
  for (PaymentIndex i = first; i < end; ++i) {
    pairs.emplace_back(input_.payments[i].sender, input_.payments[i].recipient);
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  for (const PairOf& pair : pairs) {
    if (std::binary_search(named.begin(), named.end(), pair)) continue;
    const std::int64_t limit = PartOf(FundsOf(terms.banks[pair.first]), options_.bilateral_limit);
    terms.limits.push_back({pair.first, pair.second, Amount::FromMinor(limit)});
  }
}

}  // namespace causeway::study
