// The payments of a scenario that come from a study: reading, drawing and sampling them. Internal
// to this library.
#ifndef CAUSEWAY_SCENARIOS_SPEC_PAYMENTS_SOURCE_H_
#define CAUSEWAY_SCENARIOS_SPEC_PAYMENTS_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/study/input.h"
#include "scenarios/study/runner.h"
#include "scenarios/study/terms.h"
#include "settlement/core/currency.h"

namespace causeway::sim {

// What is asked of a source.
struct PaymentsRequest {
  std::string name;   // of the entry
  std::string study;  // the file of a preset; or
  std::string csv;    // a folder
  std::string draws_as;
  std::uint64_t seed = 0;      // the scenario's
  core::Currency currency;     // of the ledger
  std::uint32_t payments = 0;  // 0: all
  std::string liquidity;
};

// Payments of one currency, by due time.
struct SourcedPayments {
  study::Input input;
  study::RunOptions options;          // of what accounts begin with
  std::vector<std::uint64_t> places;  // as input.payments: place in the source, from 1
  std::uint64_t payments_all = 0;     // in the source, in that currency
  std::string sha256;                 // of the file, or of the folder's files
};

// A field of PaymentsFrom, and what is wrong with it.
struct PaymentsProblem {
  const char* field = "";
  std::string message;
};

// A sample comes from the stream "payments-from/<name>/sample", so that the same payments stay
// whatever else the scenario draws. Nothing, and what is wrong, when the source cannot be had.
std::optional<SourcedPayments> SourcePayments(const PaymentsRequest& request,
                                              std::vector<PaymentsProblem>& problems);

// What each account begins each day with: as a study does it, of the payments that are there. Empty
// and a problem when the study's rule cannot be kept.
std::vector<study::DayTerms> TermsByDay(const SourcedPayments& sourced,
                                        std::vector<PaymentsProblem>& problems);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_PAYMENTS_SOURCE_H_
