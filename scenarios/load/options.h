// The command line of causeway-load.
#ifndef CAUSEWAY_SCENARIOS_LOAD_OPTIONS_H_
#define CAUSEWAY_SCENARIOS_LOAD_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/connection.h"
#include "settlement/core/outcome.h"

namespace causeway::load {

// What the program ends with.
inline constexpr int kExitOk = 0;
inline constexpr int kExitUnexpected = 1;  // a payment had an outcome that was not expected
inline constexpr int kExitUsage = 64;
inline constexpr int kExitFailed = 70;  // the load could not be run

struct ConnectionFlags {
  std::string ledger;  // "host:port"
  std::string tls_cert;
  std::string tls_key;
  std::string tls_ca;
  bool insecure = false;
  std::string participant;
};

enum class Mode { kClosed, kFixed, kSteps, kPoisson, kTrace };

struct RunOptions {
  ConnectionFlags connection;
  std::string key;
  std::string accounts;   // file; empty: asked of the ledger
  std::string creditors;  // file; empty: as the debtors
  Mode mode = Mode::kClosed;
  std::size_t in_flight = 16;
  double rate = 0;  // payments per second
  bool poisson = false;
  std::string steps;  // of payments per second
  std::string trace;  // file
  std::size_t batch = 8192;
  bool single = false;
  double zipf = 0;
  std::int64_t amount_minor = 1;
  double duration_s = 0;
  double warm_up_s = 0;
  double drain_s = 30;
  std::uint64_t payments = 0;
  std::uint64_t seed = 0;  // 0: drawn
  std::size_t pool_mib = 512;
  double sign_ahead_s = 10;
  int signers = 1;
  std::vector<core::Outcome> allowed;
  std::string json;
  std::string html;
  std::string record_trace;
  bool quiet = false;
};

struct PrepareOptions {
  ConnectionFlags connection;
  std::vector<std::string> approver_keys;
  std::string owner;
  std::string owner_key;
  std::string country;  // empty: that of the central bank
  std::uint64_t accounts = 1000;
  std::int64_t amount_minor = 1'000'000;
  std::string prefix = "LOAD";
  std::string out;
  int signers = 2;
  bool quiet = false;
};

struct Help {
  std::string text;
  int exit_status = kExitOk;
};

// What the command line asks for; Help when it asks for that, or is wrong (with the reason).
std::variant<RunOptions, PrepareOptions, Help> ParseCommandLine(int argc, const char* const* argv);

// InvalidArgument names the flag.
absl::StatusOr<client::ConnectionOptions> ConnectionOf(const ConnectionFlags& flags);
// "closed", "fixed", ...
std::string ModeName(Mode mode);

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_OPTIONS_H_
