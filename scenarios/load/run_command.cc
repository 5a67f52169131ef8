#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "scenarios/load/accounts.h"
#include "scenarios/load/arrivals.h"
#include "scenarios/load/commands.h"
#include "scenarios/load/load_run.h"
#include "scenarios/load/payments.h"
#include "scenarios/load/report.h"
#include "scenarios/load/request_pool.h"

namespace causeway::load {
namespace {

constexpr core::Duration kPaymentsValidFor = core::Duration::FromHours(24);

std::atomic<bool> interrupted{false};
extern "C" void Interrupt(int) { interrupted = true; }

std::chrono::nanoseconds Nanoseconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(seconds));
}

absl::StatusOr<std::vector<LoadAccount>> AccountsOf(const Target& target,
                                                    const core::ParticipantId& owner) {
  const auto listed = target.ledger.ListAccounts(owner);
  if (!listed.ok()) return Annotate("the accounts", listed.status());
  std::vector<LoadAccount> accounts;
  for (const client::AccountView& view : *listed) {
    const bool usable =
        !view.closed && !view.frozen && view.purpose != core::AccountPurpose::kIssuerLiability;
    if (usable) accounts.push_back({view.address, {view.number, view.number_check}});
  }
  return accounts;
}

absl::StatusOr<std::vector<LoadAccount>> AccountsIn(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  auto accounts = ParseAccounts(*text);
  if (!accounts.ok()) return Annotate(path, accounts.status());
  return accounts;
}

absl::StatusOr<PaymentPlan> PlanPayments(const RunOptions& options, const Target& target,
                                         const core::Signer* signer) {
  PaymentPlan plan;
  plan.ledger = client::AddressOf(target.info.genesis);
  const auto party = core::ParticipantId::Parse(options.connection.participant);
  if (!party.ok()) return Annotate("--participant", party.status());
  plan.party = *party;
  plan.signer = signer;
  auto debtors =
      options.accounts.empty() ? AccountsOf(target, *party) : AccountsIn(options.accounts);
  if (!debtors.ok()) return debtors.status();
  plan.debtors = *std::move(debtors);
  if (options.creditors.empty()) {
    plan.creditors = plan.debtors;
  } else {
    auto creditors = AccountsIn(options.creditors);
    if (!creditors.ok()) return creditors.status();
    plan.creditors = *std::move(creditors);
  }
  plan.zipf_exponent = options.zipf;
  plan.amount = core::Amount::FromMinor(options.amount_minor);
  plan.valid_until = target.info.time + kPaymentsValidFor;
  plan.batch = options.batch;
  plan.single = options.single;
  plan.seed = options.seed;
  if (plan.seed == 0) {
    const absl::StatusOr<std::uint64_t> seed = RandomSeed();
    if (!seed.ok()) return seed.status();
    plan.seed = *seed;
  }
  return plan;
}

// Rates are of payments, arrivals of requests.
absl::StatusOr<std::unique_ptr<Arrivals>> PlanArrivals(const RunOptions& options,
                                                       std::uint64_t seed) {
  const auto batch = static_cast<double>(options.batch);
  switch (options.mode) {
    case Mode::kClosed:
      break;
    case Mode::kFixed:
      return FixedRate(options.rate / batch);
    case Mode::kPoisson:
      return PoissonRate(options.rate / batch, seed);
    case Mode::kSteps: {
      auto steps = ParseSteps(options.steps);
      if (!steps.ok()) return Annotate("--steps", steps.status());
      for (RateStep& step : *steps) step.rate_per_s /= batch;
      return SteppedRate(*std::move(steps));
    }
    case Mode::kTrace: {
      const auto text = ReadTextFile(options.trace);
      if (!text.ok()) return Annotate("--trace", text.status());
      auto times = ParseTrace(*text);
      if (!times.ok()) return Annotate(options.trace, times.status());
      return Replay(*std::move(times));
    }
  }
  return std::unique_ptr<Arrivals>();
}

// How many requests the run can need; 0: nobody knows.
absl::StatusOr<std::uint64_t> RequestsOf(const RunOptions& options, std::uint64_t seed) {
  const std::uint64_t most = options.payments / options.batch;
  if (options.mode == Mode::kClosed) return most;
  auto arrivals = PlanArrivals(options, seed);  // the same as those of the run
  if (!arrivals.ok()) return arrivals.status();
  const std::int64_t end = Nanoseconds(options.duration_s).count();
  std::uint64_t requests = 0;
  while (most == 0 || requests < most) {
    const std::optional<std::int64_t> due = (*arrivals)->Next();
    if (!due.has_value() || (end > 0 && *due >= end)) break;
    ++requests;
  }
  return requests;
}

std::string LoadInWords(const RunOptions& options) {
  switch (options.mode) {
    case Mode::kClosed:
      return fmt::format("{} in flight", options.in_flight);
    case Mode::kFixed:
      return fmt::format("{:g} payments/s, evenly", options.rate);
    case Mode::kPoisson:
      return fmt::format("{:g} payments/s, Poisson", options.rate);
    case Mode::kSteps:
      return fmt::format("steps {} (payments/s:seconds)", options.steps);
    case Mode::kTrace:
      return fmt::format("replay of {}", options.trace);
  }
  return "";
}

// A line on the terminal that is written over.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet) : quiet_(quiet), overwrites_(::isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() {
    if (overwrites_ && !quiet_) std::fputs("\r\033[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const Progress& progress) const {
    if (quiet_) return;
    fmt::print(stderr,
               "{}{:>6.0f} s {:>12} payments {:>10}/s  p50 {:.2f} ms  p99 {:.2f} ms  max {:.2f} "
               "ms  {} in flight{}",
               overwrites_ ? "\r\033[K" : "", progress.elapsed_s, progress.payments,
               progress.last.payments, static_cast<double>(progress.last.p50_ns) / 1e6,
               static_cast<double>(progress.last.p99_ns) / 1e6,
               static_cast<double>(progress.last.max_ns) / 1e6, progress.in_flight,
               overwrites_ ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  const bool quiet_;
  const bool overwrites_;
};

absl::Status WriteReports(const RunOptions& options, const RunDescription& description,
                          const RunResult& result) {
  absl::Status status;
  if (!options.json.empty()) {
    status.Update(WriteTextFile(options.json, ReportJson(description, result).dump(2) + "\n"));
  }
  if (!options.html.empty()) {
    status.Update(WriteTextFile(options.html, ReportHtml(description, result)));
  }
  if (!options.record_trace.empty()) {
    status.Update(WriteTextFile(options.record_trace, FormatTrace(result.send_times_ns)));
  }
  return status;
}

absl::StatusOr<RunResult> Measure(const RunOptions& options, const Target& target,
                                  PaymentPlan payments) {
  auto arrivals = PlanArrivals(options, payments.seed);
  if (!arrivals.ok()) return arrivals.status();
  const absl::StatusOr<std::uint64_t> requests = RequestsOf(options, payments.seed);
  if (!requests.ok()) return requests.status();
  if (options.mode != Mode::kClosed && *requests == 0) {
    return absl::InvalidArgumentError("the plan of the open loop has no request");
  }
  const absl::StatusOr<PaymentMaker> maker = PaymentMaker::Create(std::move(payments));
  if (!maker.ok()) return maker.status();
  RequestPool pool({.requests = *requests,
                    .bytes_max = options.pool_mib * 1024 * 1024,
                    .threads = options.signers},
                   [&maker](std::uint64_t number) { return maker->Make(number); });
  if (!options.quiet) fmt::print(stderr, "signing ahead ...\n");
  if (absl::Status status = pool.Fill(Nanoseconds(options.sign_ahead_s)); !status.ok()) {
    return status;
  }
  RunPlan plan;
  plan.in_flight_max = options.in_flight;
  plan.arrivals = *std::move(arrivals);
  plan.requests = *requests;
  plan.payments_per_request = static_cast<std::uint32_t>(options.batch);
  plan.duration = Nanoseconds(options.duration_s);
  plan.warm_up = Nanoseconds(options.warm_up_s);
  plan.drain = Nanoseconds(options.drain_s);
  plan.record_trace = !options.record_trace.empty();
  std::signal(SIGINT, Interrupt);
  std::signal(SIGTERM, Interrupt);
  const ProgressLine line(options.quiet);
  RunResult result = RunLoad(target.ledger, pool, std::move(plan), [&](const Progress& progress) {
    line.Show(progress);
    return !interrupted;
  });
  if (!pool.status().ok()) return pool.status();
  return result;
}

}  // namespace

int RunCommand(const RunOptions& options) {
  const auto signer = LoadSigner(options.key);
  if (!signer.ok()) return Failed(signer.status());
  const absl::StatusOr<Target> target = ConnectTo(options.connection);
  if (!target.ok()) return Failed(target.status());
  absl::StatusOr<PaymentPlan> payments = PlanPayments(options, *target, signer->get());
  if (!payments.ok()) return Failed(payments.status());
  RunDescription description{.ledger = target->info.genesis.ledger.ToString(),
                             .address = options.connection.ledger,
                             .mode = ModeName(options.mode),
                             .load = LoadInWords(options),
                             .tls = !options.connection.insecure,
                             .single = options.single,
                             .batch = options.batch,
                             .debtors = payments->debtors.size(),
                             .creditors = payments->creditors.size(),
                             .zipf_exponent = options.zipf,
                             .seed = payments->seed};
  const absl::StatusOr<RunResult> result = Measure(options, *target, *std::move(payments));
  if (!result.ok()) return Failed(result.status());
  description.unexpected = result->Unexpected(options.allowed);
  if (!options.quiet) fmt::print("{}", ReportText(description, *result));
  if (absl::Status status = WriteReports(options, description, *result); !status.ok()) {
    return Failed(status);
  }
  return description.unexpected == 0 ? kExitOk : kExitUnexpected;
}

}  // namespace causeway::load
