#include "scenarios/load/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>

#include "fmt/format.h"
#include "settlement/core/bulk.h"

namespace causeway::load {
namespace {

constexpr std::size_t kInFlightMax = 65536;

void AddConnection(CLI::App& app, ConnectionFlags& flags) {
  app.add_option("--ledger", flags.ledger, "HOST:PORT of the ledger")->required();
  app.add_option("--tls-cert", flags.tls_cert, "Own certificate, PEM");
  app.add_option("--tls-key", flags.tls_key, "Its private key, PEM");
  app.add_option("--tls-ca", flags.tls_ca, "The authority's certificate, PEM");
  app.add_flag("--insecure", flags.insecure, "Plain text, on loopback only");
  app.add_option("--participant", flags.participant, "Who pays: an id on the ledger");
}

void AddRun(CLI::App& run, RunOptions& options, std::vector<std::string>& allowed) {
  AddConnection(run, options.connection);
  run.get_option("--participant")->required();
  run.add_option("--key", options.key, "Private key that signs, PEM, unencrypted")->required();
  run.add_option("--accounts", options.accounts,
                 "Accounts that pay, as `prepare` wrote them; else those that the ledger lists");
  run.add_option("--creditors", options.creditors, "Accounts that are paid; else those that pay");
  run.add_option("--in-flight", options.in_flight,
                 "Requests under way at once (in an open loop: at most)")
      ->check(CLI::Range(std::size_t{1}, kInFlightMax));
  run.add_option("--rate", options.rate, "Open loop: payments per second, evenly")
      ->check(CLI::PositiveNumber);
  run.add_flag("--poisson", options.poisson, "With --rate: as a Poisson process")
      ->needs(run.get_option("--rate"));
  run.add_option("--steps", options.steps,
                 "Open loop: RATE:SECONDS,RATE:SECONDS,... in payments per second");
  run.add_option("--trace", options.trace, "Open loop: replay of recorded send times");
  run.add_option("--batch", options.batch, "Payments in a bulk")
      ->check(CLI::Range(std::size_t{1}, core::kBulkPaymentsMax))
      ->capture_default_str();
  run.add_flag("--single", options.single, "Single signed payments, not bulks");
  run.add_option("--zipf", options.zipf, "Exponent of the choice of accounts; 0: all alike")
      ->check(CLI::Range(0.0, 10.0));
  run.add_option("--amount", options.amount_minor, "Of a payment, in minor units")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  run.add_option("--duration", options.duration_s, "Seconds")->check(CLI::PositiveNumber);
  run.add_option("--payments", options.payments, "Ends after so many");
  run.add_option("--warm-up", options.warm_up_s, "Seconds at the start that no figure counts")
      ->check(CLI::NonNegativeNumber);
  run.add_option("--drain", options.drain_s, "Seconds that the last answers may take")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  run.add_option("--seed", options.seed,
                 "Of everything random, from 1; drawn if left out. Serves once on a ledger")
      ->check(CLI::PositiveNumber);
  run.add_option("--pool-mib", options.pool_mib, "Memory for requests that are signed ahead")
      ->check(CLI::Range(std::size_t{1}, std::size_t{65536}))
      ->capture_default_str();
  run.add_option("--sign-ahead", options.sign_ahead_s,
                 "Seconds of signing at most before the clock starts")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  run.add_option("--signers", options.signers, "Threads that sign ahead")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  run.add_option("--allow", allowed,
                 "An outcome that is no failure, such as INSUFFICIENT_FUNDS; repeatable")
      ->allow_extra_args(false);
  run.add_option("--json", options.json, "Write the figures to this file");
  run.add_option("--html", options.html, "Write a page with plots to this file");
  run.add_option("--record-trace", options.record_trace, "Write the send times to this file");
  run.add_flag("--quiet", options.quiet, "No progress and no table");
}

void AddPrepare(CLI::App& prepare, PrepareOptions& options) {
  AddConnection(prepare, options.connection);
  prepare
      .add_option("--approver-key", options.approver_keys,
                  "Private key of an approver of the central bank, PEM; repeatable")
      ->required()
      ->allow_extra_args(false);
  prepare.add_option("--owner", options.owner, "Who shall own the accounts")->required();
  prepare.add_option("--owner-key", options.owner_key, "Its private key, PEM")->required();
  prepare.add_option("--country", options.country,
                     "Of the owner, if the ledger does not know it yet; else that of the ledger");
  prepare.add_option("--accounts", options.accounts, "How many")
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  prepare.add_option("--amount", options.amount_minor, "On each account, in minor units")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  prepare.add_option("--prefix", options.prefix, "Of the account addresses: capital letters")
      ->capture_default_str();
  prepare.add_option("--out", options.out, "File for the list of accounts")->required();
  prepare.add_option("--signers", options.signers, "Threads that sign")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  prepare.add_flag("--quiet", options.quiet, "No progress");
}

// A report that has no place is told before the load, not after it.
absl::Status CheckFolders(const std::vector<std::pair<std::string, std::string>>& files) {
  for (const auto& [flag, file] : files) {
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    if (folder.empty() || std::filesystem::is_directory(folder)) continue;
    return absl::InvalidArgumentError(
        fmt::format("{} {}: its directory does not exist", flag, file));
  }
  return absl::OkStatus();
}

absl::Status Complete(const CLI::App& run, const std::vector<std::string>& allowed,
                      RunOptions& options) {
  int plans = 0;
  for (const auto& [flag, mode] :
       {std::pair("--rate", Mode::kFixed), std::pair("--steps", Mode::kSteps),
        std::pair("--trace", Mode::kTrace)}) {
    if (run.count(flag) == 0) continue;
    options.mode = mode;
    ++plans;
  }
  if (plans > 1) {
    return absl::InvalidArgumentError("--rate, --steps and --trace exclude each other");
  }
  if (options.poisson) options.mode = Mode::kPoisson;
  const bool is_open = options.mode != Mode::kClosed;
  if (is_open && run.count("--in-flight") == 0) options.in_flight = kInFlightMax;
  if (options.single) {
    if (run.count("--batch") > 0 && options.batch != 1) {
      return absl::InvalidArgumentError("--single and --batch exclude each other");
    }
    options.batch = 1;
  }
  const bool ends = options.duration_s > 0 || options.payments > 0 ||
                    options.mode == Mode::kSteps || options.mode == Mode::kTrace;
  if (!ends) return absl::InvalidArgumentError("give --duration or --payments: else it never ends");
  if (options.payments % options.batch != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "--payments {}: must be a multiple of --batch, {}", options.payments, options.batch));
  }
  if (absl::Status status = CheckFolders({{"--json", options.json},
                                          {"--html", options.html},
                                          {"--record-trace", options.record_trace}});
      !status.ok()) {
    return status;
  }
  for (const std::string& name : allowed) {
    bool known = false;
    for (std::uint16_t number = 1; number < 500 && !known; ++number) {
      const auto outcome = core::OutcomeFromNumber(number);
      if (!outcome.has_value() || core::OutcomeName(*outcome) != name) continue;
      options.allowed.push_back(*outcome);
      known = true;
    }
    if (!known) {
      return absl::InvalidArgumentError(
          fmt::format("--allow {}: is no outcome; must be one such as INSUFFICIENT_FUNDS", name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::variant<RunOptions, PrepareOptions, Help> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app{"Loads a ledger and measures what it does.", "causeway-load"};
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 every payment had an expected outcome, 1 not, 64 wrong usage, 70 the load\n"
      "could not be run.");
  RunOptions run_options;
  PrepareOptions prepare_options;
  std::vector<std::string> allowed;
  CLI::App* run = app.add_subcommand("run", "Send payments and measure");
  AddRun(*run, run_options, allowed);
  CLI::App* prepare = app.add_subcommand("prepare", "Open accounts and put money on them");
  AddPrepare(*prepare, prepare_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream text;
    const int status = app.exit(error, text, text);
    return Help{text.str(), status == 0 ? kExitOk : kExitUsage};
  }
  if (prepare->parsed()) {
    if (const absl::Status status = CheckFolders({{"--out", prepare_options.out}}); !status.ok()) {
      return Help{std::string(status.message()) + "\n", kExitUsage};
    }
    return prepare_options;
  }
  if (const absl::Status status = Complete(*run, allowed, run_options); !status.ok()) {
    return Help{std::string(status.message()) + "\n", kExitUsage};
  }
  return run_options;
}

absl::StatusOr<client::ConnectionOptions> ConnectionOf(const ConnectionFlags& flags) {
  client::ConnectionOptions connection;
  connection.address = flags.ledger;
  const bool any_tls = !flags.tls_cert.empty() || !flags.tls_key.empty() || !flags.tls_ca.empty();
  if (flags.insecure && any_tls) {
    return absl::InvalidArgumentError("--insecure and --tls-... exclude each other");
  }
  if (!flags.insecure) {
    if (flags.tls_cert.empty() || flags.tls_key.empty() || flags.tls_ca.empty()) {
      return absl::InvalidArgumentError(
          "no credentials: give --tls-cert, --tls-key and --tls-ca, or --insecure for a ledger on "
          "this machine's loopback address");
    }
    connection.tls = rpc::TlsFiles{flags.tls_cert, flags.tls_key, flags.tls_ca};
  } else if (!flags.participant.empty()) {
    const auto participant = core::ParticipantId::Parse(flags.participant);
    if (!participant.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("--participant: {}", std::string(participant.status().message())));
    }
    connection.participant = *participant;
  }
  return connection;
}

std::string ModeName(Mode mode) {
  switch (mode) {
    case Mode::kClosed:
      return "closed";
    case Mode::kFixed:
      return "fixed";
    case Mode::kSteps:
      return "steps";
    case Mode::kPoisson:
      return "poisson";
    case Mode::kTrace:
      return "trace";
  }
  return "closed";
}

}  // namespace causeway::load
