// A study whose accounts are in several currencies is as many studies of one: every table and every
// indicator is of one currency, and no amounts of two are ever added up. What they have in common
// is the links of payments, and with RunOptions::pvp_together the queue.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PARTS_H_
#define CAUSEWAY_SCENARIOS_STUDY_PARTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/results.h"
#include "scenarios/study/runner.h"

namespace causeway::study {

// What concerns one currency.
struct Part {
  std::string currency;  // empty: the study does not name it
  Input input;
  RunResult result;
  Indicators indicators;
};

// The accounts of one currency, and everything that is theirs, out of `input`.
struct CurrencyShare {
  Input input;                         // Input::currencies has the one
  std::vector<AccountIndex> accounts;  // places in the whole
  std::vector<PaymentIndex> payments;
};
// By currency, in the order of Input::currencies, which has two or more.
std::vector<CurrencyShare> SplitByCurrency(const Input& input);

// Of each account its part of a run of the whole: `share` is one of SplitByCurrency. Not of a run
// in which payments settled in parts.
RunResult ResultOf(const Input& input, const RunResult& whole, const CurrencyShare& share,
                   std::uint32_t currency);

// Runs a study and computes its indicators, by currency. Currencies that no link holds together are
// run one by one, each with the options and all with the same hours. InvalidArgument when options
// or input are not sound; an amount of options that would be of several currencies is not.
absl::StatusOr<std::vector<Part>> RunParts(Input input, const RunOptions& options);

// The same of results that are there: links are looked at across all parts.
void Measure(std::vector<Part>& parts);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PARTS_H_
