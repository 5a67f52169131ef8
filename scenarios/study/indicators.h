// The indicators of a study: a pure function of its payments and of what became of them.
// docs/indicators.md has each formula and its source.
#ifndef CAUSEWAY_SCENARIOS_STUDY_INDICATORS_H_
#define CAUSEWAY_SCENARIOS_STUDY_INDICATORS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/study/input.h"
#include "scenarios/study/results.h"

namespace causeway::study {

// A share or ratio in millionths, rounded half-even. Nothing where the denominator is zero.
using Millionths = std::optional<std::int64_t>;
Millionths RatioOf(__int128 numerator, __int128 denominator);

// Amounts are minor units; times of day microseconds since midnight.

// Liquidity that payments need when they settle in the order of their due times.
struct Bounds {
  std::int64_t lower = 0;  // max(0, sent - received over the day): settled together at the end
  std::int64_t upper = 0;  // max(0, -lowest running position): settled at once
};
// By day * accounts + account; what an account pays itself, as an input by bank has it, moves
// nothing. Payments due at or after the close (of every day, or by day where
// days differ) do not count. Payments of one instant count in their order.
std::vector<Bounds> BoundsOf(const Input& input, TimeUs closes,
                             const std::vector<TimeUs>& day_closes = {});

struct CountAndValue {
  std::uint64_t count = 0;
  std::int64_t value = 0;
};

// A stretch of RunResult::samples, those between sampled times among them, in which payments waited
// and, in the exact sense of the engine, some could have settled together (gridlock) or none could
// (deadlock). Ends at the first sample that differs, or at the close.
struct Episode {
  TimeUs from = 0;
  TimeUs to = 0;
  bool gridlock = false;
};

// Of Fedwire and CHAPS practice: how early in the day value settles.
inline constexpr std::size_t kHoursMax = 48;

struct DayIndicators {
  CountAndValue submitted;  // due before the close, rejected and withheld ones too
  CountAndValue settled;
  CountAndValue unsettled;  // at the close, withheld ones too
  CountAndValue rejected;   // and cancelled
  CountAndValue late;
  CountAndValue settled_immediately;
  CountAndValue settled_from_queue;   // alone
  CountAndValue settled_bilaterally;  // at entry and in the queue
  CountAndValue settled_multilaterally;
  CountAndValue settled_in_cycles;
  Millionths offset_share;  // of settled value, with others

  // Queue time runs from the due time to settlement, or to the close.
  std::optional<std::int64_t> mean_delay_us;         // over submitted, rejected ones left out
  std::optional<std::int64_t> urgent_mean_delay_us;  // of urgent ones
  Millionths delay;  // sum(value x queue time) / sum(value x time to close)
  std::int64_t longest_delay_us = 0;

  std::int64_t lower_bound = 0;
  std::int64_t upper_bound = 0;
  std::int64_t liquidity = 0;       // opening balances and credit limits
  std::int64_t liquidity_used = 0;  // sum over banks of their largest net outflow
  Millionths usage;                 // (L - LB) / (UB - LB); 0 when UB = LB and L = LB
  Millionths used_usage;            // the same of what was used
  Millionths liquidity_saved;       // (UB - used) / UB: less than settling at once takes
  Millionths turnover;              // settled value / L
  std::int64_t peak_credit = 0;     // sum over accounts of the most that each drew
  std::int64_t credit_charge = 0;   // sum over accounts

  std::uint32_t queue_peak_count = 0;  // after any single event
  std::int64_t queue_peak_value = 0;
  std::vector<Episode> episodes;
  TimeUs gridlock_us = 0;
  TimeUs deadlock_us = 0;
  TimeUs longest_gridlock_us = 0;
  TimeUs longest_deadlock_us = 0;

  // Share of the settled value that had settled by the end of each hour of the day.
  std::array<Millionths, kHoursMax> throughput;
  std::uint64_t target_breaches = 0;      // of banks' throughput targets
  std::optional<TimeUs> half_settled_at;  // of the settled value
  std::optional<TimeUs> three_quarters_settled_at;
  Millionths herfindahl;      // of the senders' shares in settled value: 1/n to 1
  Millionths one_hour_count;  // G20: of submitted payments, those settled within an hour
  Millionths one_hour_value;

  CountAndValue linked;  // legs of linked payments
  Millionths pvp_share;  // of the value of settled legs, those settled all together
  std::int64_t principal_at_risk_peak = 0;
  Millionths principal_at_risk_hours;  // value x hours of exposure / value of settled legs
};

// BCBS 248, of one account, or one bank with all of its accounts, on one day. What one account of a
// bank pays another of it is nothing that the bank sends or receives.
struct AccountIndicators {
  std::int64_t sent = 0;  // settled
  std::int64_t received = 0;
  std::uint64_t sent_count = 0;
  std::uint64_t received_count = 0;
  Bounds bounds;
  std::int64_t usage = 0;                 // A(i): largest net cumulative outflow
  std::int64_t largest_inflow = 0;        // A(i): largest net cumulative inflow
  std::int64_t available = 0;             // A(ii): at the start, the sum of these:
  std::int64_t available_balance = 0;     // balance
  std::int64_t available_collateral = 0;  // credit by collateral
  std::int64_t available_credit = 0;      // further credit
  // The most of its credit line that it drew; of a bank the sum over its accounts.
  std::int64_t peak_credit = 0;
  std::int64_t credit_charge = 0;                // the price of what it drew
  std::int64_t submitted = 0;                    // A(iii): gross, whether settled or not
  CountAndValue time_specific;                   // A(iv)
  CountAndValue time_specific_missed;            // of these, not settled by their time
  CountAndValue for_customers;                   // B(i)
  std::int64_t customer_usage = 0;               // B(ii): largest net outflow for customers
  std::int64_t customer_lines = 0;               // B(ii): credit lines of its customers
  std::int64_t customer_lines_use = 0;           // the most that they drew of them at one time
  std::array<Millionths, kHoursMax> throughput;  // C(i): of what it sent, settled by each hour
  Millionths mean_delay;                         // value-weighted, as DayIndicators::delay

  // Stress: usage, and what was available against it.
  std::int64_t own_stress_usage = 0;           // (i) receipts come at the close only
  std::int64_t own_stress_available = 0;       //     and credit is withdrawn
  std::int64_t counterparty_stress_usage = 0;  // (ii) the day's largest payer to it pays nothing
  std::int64_t customer_stress_usage = 0;      // (iii) receipts for customers do not come
  std::int64_t market_stress_available = 0;    // (iv) credit loses a part of its worth
};
// Over all days: BCBS 248 asks for the three largest (smallest, of what is available) of a month,
// and the average.
struct ThreeAndAverage {
  std::vector<std::int64_t> three;
  std::int64_t average = 0;  // rounded half-even
};
// Of a bank.
struct AccountMonth {
  ThreeAndAverage usage;
  ThreeAndAverage largest_inflow;
  ThreeAndAverage available;  // the smallest
  // What these came to on the days of the three smallest, so that they add up to them; of equal
  // days the earlier first.
  ThreeAndAverage available_balance;
  ThreeAndAverage available_collateral;
  ThreeAndAverage available_credit;
  ThreeAndAverage submitted;
  ThreeAndAverage sent;
  ThreeAndAverage received;
  ThreeAndAverage for_customers;
  ThreeAndAverage customer_usage;
  ThreeAndAverage time_specific;
  ThreeAndAverage time_specific_missed;
  // Of its customers, not of days: the three largest lines; of these what is secured, what is
  // committed, and the most that was drawn on any day. Averages are over all lines.
  ThreeAndAverage customer_lines;
  ThreeAndAverage customer_lines_secured;
  ThreeAndAverage customer_lines_committed;
  ThreeAndAverage customer_lines_peak_use;
  ThreeAndAverage customer_lines_use;  // of all lines at one time
  ThreeAndAverage own_stress_usage;
  ThreeAndAverage own_stress_available;  // the smallest
  ThreeAndAverage counterparty_stress_usage;
  ThreeAndAverage customer_stress_usage;
  ThreeAndAverage market_stress_available;  // the smallest
  // Millionths; of days on which the bank sent something.
  std::array<ThreeAndAverage, kHoursMax> throughput;
};

// What a customer of Input::customers drew of its line on a day, at the most.
struct CustomerUse {
  std::int64_t peak = 0;
};

// How a throughput target was met: share of the value that a bank (kNone: all) submitted on a
// day that had settled by its time.
struct TargetOutcome {
  std::size_t target = 0;  // place in RunResult::targets
  std::size_t day = 0;
  std::uint32_t bank = kNone;  // place in Ownership
  Millionths share;            // nothing where nothing was submitted
  bool met = true;
};

// What an account paid another, over all days.
struct Flow {
  AccountIndex sender = 0;
  AccountIndex recipient = 0;
  CountAndValue settled;
};

struct Indicators {
  std::vector<DayIndicators> days;
  std::vector<AccountIndicators> accounts;  // day * accounts + account
  // day * banks + bank, by the places of Ownership; empty where each has one account: see OfBanks.
  std::vector<AccountIndicators> banks;
  std::vector<AccountMonth> months;  // by bank
  std::vector<Flow> flows;           // by sender, then recipient
  // By day, bank (all of them first) and target; those who submitted nothing are left out.
  std::vector<TargetOutcome> targets;
  std::vector<CustomerUse> customers;  // day * Input::customers + customer

  // day * banks + bank.
  const std::vector<AccountIndicators>& OfBanks() const { return banks.empty() ? accounts : banks; }
};

// How each link settled, by number, over the payments of all `parts` and what became of them.
// Their links have the same numbers. Empty without links.
std::vector<LinkOutcome> LinkOutcomesOf(
    const std::vector<std::pair<const Input*, const RunResult*>>& parts);

// `input` is of one currency; amounts of several would be added up. Links may reach beyond it:
// RunResult::links.
Indicators ComputeIndicators(const Input& input, const RunResult& result);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_INDICATORS_H_
