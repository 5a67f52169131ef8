// What a load run leaves behind: figures for programs (JSON), for people on a terminal, and a page
// with plots that needs nothing but itself. Pure functions.
#ifndef CAUSEWAY_SCENARIOS_LOAD_REPORT_H_
#define CAUSEWAY_SCENARIOS_LOAD_REPORT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "scenarios/load/load_run.h"

namespace causeway::load {

// What was run, as the report tells it.
struct RunDescription {
  std::string ledger;   // origin
  std::string address;  // "host:port"
  std::string mode;     // "closed", "fixed", "steps", "poisson", "trace"
  std::string load;     // in words: "256 in flight", "5000 payments/s", ...
  bool tls = false;
  bool single = false;
  std::uint64_t batch = 1;
  std::uint64_t debtors = 0;
  std::uint64_t creditors = 0;
  double zipf_exponent = 0;
  std::uint64_t seed = 0;
  std::uint64_t unexpected = 0;  // payments
};

nlohmann::json ReportJson(const RunDescription& description, const RunResult& result);
std::string ReportText(const RunDescription& description, const RunResult& result);
std::string ReportHtml(const RunDescription& description, const RunResult& result);

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_REPORT_H_
