// Payment versus payment against the limits of the machine: lists of swaps between two ledgers
// through one bridge, durable on each of the three, in one process or over gRPC.
//
//   pvp_bench --only in-process [--list N] [--swaps N] [--rounds N] [--accounts N] [--dir DIR]
//   pvp_bench --only prepare --dir DIR [--ledgers N] [--accounts N] [--witnesses N]
//   pvp_bench --only load --dir DIR --bridge ADDRESS [--list N] [--per-call N] [--swaps N]
//             [--in-flight N] [--rate SWAPS_PER_S] [--left N] [--right N] [--no-wait]
//
// `./dev bench pvp` calls it for one part after the other (tests/bench/pvp).
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/ledger_runtime.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "fx-bridge/runtime/decision_journal.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/prng.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/server.h"
#include "tests/bench/in_flight.h"
#include "tests/bench/machine_limits.h"
#include "tests/bench/pvp_network.h"

namespace causeway::bench {
namespace {

struct Flags {
  std::string only = "in-process";
  std::size_t list = 4096;      // swaps in a list
  std::size_t per_call = 1;     // lists in a call
  std::size_t swaps = 400'000;  // a round
  std::size_t in_flight = 8;    // lists, or calls
  double rate = 0;              // swaps/s of an open loop; 0: a closed one
  int rounds = 3;
  std::size_t accounts = 10'000;
  std::size_t ledgers = 2;
  std::size_t witnesses = 0;
  std::size_t left = 0;
  std::size_t right = 1;
  std::uint64_t seed = 1;
  bool wait = true;
  std::string bridge;
  std::string directory;
  std::string json;
};

constexpr core::Duration kDeadline = core::Duration::FromHours(1);
constexpr std::chrono::milliseconds kCallDeadline{120'000};
constexpr int kExitFailed = 70;

template <typename T>
T OrExit(absl::StatusOr<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "pvp_bench: {}\n", std::string(result.status().message()));
    std::exit(kExitFailed);
  }
  return *std::move(result);
}

// The three parties in one process: runtimes that hand each other items and answers by calls.
class InProcess {
 public:
  InProcess(const std::string& directory, std::size_t accounts)
      : network_(directory, 2, accounts), traffic_(network_.Traffic(1)) {
    auto keys = std::make_shared<bridge::StaticKeyDirectory>();
    for (std::size_t i = 0; i < traffic_.sides().size(); ++i) {
      const PvpSide& side = traffic_.sides()[i];
      ledgers_.push_back(std::make_unique<node::LedgerRuntime>(network_.ledger(i).TakeEngine(),
                                                               node::RuntimeLimits{}, rpc::Now));
      keys->Add(side.bank, side.key->public_key());
    }
    bridge::BridgeEngine::Options options;
    options.policies = {network_.policy()};
    options.signer = network_.log_key();
    options.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
    options.keys = std::move(keys);
    const core::SettlementPolicy policy = OrExit(codec::DecodePolicy(network_.policy()));
    auto journal = OrExit(bridge::OpenDecisionJournal(directory + "/bridge", policy.decision_log));
    bridge_ = std::make_unique<bridge::BridgeRuntime>(
        OrExit(bridge::BridgeEngine::Open(std::move(options), std::move(journal))), rpc::Now);
    bridge_->Start(
        [this](bridge::LedgerRequest request) { Send(std::move(request)); },
        [](const bridge::WitnessCall&) {},
        [this](const bridge::BridgeEngine& engine, const std::vector<core::Hash256>& changed) {
          OnChanged(engine, changed);
        });
  }
  ~InProcess() {
    // The ledgers' last answers go to the bridge.
    for (const auto& ledger : ledgers_) ledger->Stop();
    bridge_->Stop();
  }

  // Swaps per second of lists that were signed before the clock started.
  double Run(std::size_t lists, std::size_t swaps_per_list, std::size_t in_flight_max) {
    std::vector<client::Submission> submissions;
    const core::LedgerTime deadline = rpc::Now() + kDeadline;
    for (std::size_t i = 0; i < lists; ++i) {
      submissions.push_back(traffic_.MakeList(0, 1, swaps_per_list, deadline));
    }
    settled_ = 0;
    const double processor_start = ProcessorSeconds();
    const double start = Now();
    for (client::Submission& submission : submissions) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_ < in_flight_max; });
        ++open_;
      }
      bridge_->VerifyAhead(submission.terms);
      const auto refused = bridge_->Post(
          [submission = std::move(submission)](bridge::BridgeEngine& engine,
                                               core::LedgerTime now) mutable {
            const auto result = engine.Submit(now, submission.terms, std::move(submission.legs));
            CW_CHECK(std::holds_alternative<bridge::SettlementView>(result),
                     "the benchmark's lists are taken");
          },
          nullptr);
      CW_CHECK(!refused.has_value(), "the bridge has room for what is in flight");
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_ == 0; });
    const double elapsed = Now() - start;
    processor_s_ += ProcessorSeconds() - processor_start;
    CW_CHECK(settled_ == lists * swaps_per_list, "the benchmark's swaps settle");
    swaps_ += static_cast<double>(settled_);
    return static_cast<double>(settled_) / elapsed;
  }

  double processor_ns_per_swap() const { return processor_s_ * 1e9 / swaps_; }

 private:
  void Send(bridge::LedgerRequest request) {
    std::size_t index = 0;
    while (traffic_.sides()[index].ledger != request.ledger) ++index;
    const auto kind = request.kind;
    const core::Hash256 id = request.settlement_id;
    const core::LedgerOrigin ledger = request.ledger;
    std::vector<core::Item> items;
    items.push_back(bridge::ItemOf(std::move(request)));
    ledgers_[index]->Submit(
        std::move(items), {}, {}, [this, kind, id, ledger](std::vector<node::ItemReply> replies) {
          node::ItemReply& reply = replies.front();
          CW_CHECK(!reply.result.refused, "the benchmark's ledgers take what they are asked");
          bridge_->PostReply([kind, id, ledger, vote = std::move(reply.vote),
                              status = reply.result.settlement_status](bridge::BridgeEngine& engine,
                                                                       core::LedgerTime now) {
            if (kind == bridge::RequestKind::kPrepare) {
              engine.OnPrepareReply(now, id, ledger, vote);
            } else {
              engine.OnCompleteReply(now, id, ledger, status);
            }
          });
        });
  }

  void OnChanged(const bridge::BridgeEngine& engine, const std::vector<core::Hash256>& changed) {
    for (const core::Hash256& id : changed) {
      const auto view = engine.Find(id);
      if (!view.has_value() || view->state != bridge::SettlementState::kSettled) continue;
      const std::lock_guard lock(mutex_);
      settled_ += view->list_committed.Count();
      --open_;
      changed_.notify_all();
    }
  }

  PvpNetwork network_;
  PvpTraffic traffic_;
  std::vector<std::unique_ptr<node::LedgerRuntime>> ledgers_;
  std::unique_ptr<bridge::BridgeRuntime> bridge_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t open_ = 0;
  std::size_t settled_ = 0;
  double processor_s_ = 0;
  double swaps_ = 0;
};

void MeasureInProcess(const Flags& flags, nlohmann::ordered_json& report) {
  const std::string parent =
      flags.directory.empty() ? std::filesystem::temp_directory_path().string() : flags.directory;
  std::string directory = parent + "/causeway-bench-XXXXXX";
  CW_CHECK(::mkdtemp(directory.data()) != nullptr, "a directory can be made for the benchmark");
  {
    InProcess parties(directory, flags.accounts);
    std::vector<double> rates;
    for (int round = 0; round < flags.rounds; ++round) {
      rates.push_back(parties.Run(std::max<std::size_t>(1, flags.swaps / flags.list), flags.list,
                                  flags.in_flight));
      fmt::print("in process, round {}: {:.0f} swaps/s\n", round + 1, rates.back());
      std::fflush(stdout);
    }
    report["swaps_per_s_in_process"] = Median(rates);
    report["in_process_processor_ns_per_swap"] = parties.processor_ns_per_swap();
  }
  std::filesystem::remove_all(directory);
}

// Calls that were signed before the clock started, each with `per_call` lists.
using Calls = std::vector<std::vector<client::Submission>>;

Calls MakeCalls(const Flags& flags) {
  PvpTraffic traffic(flags.directory, flags.seed);
  const core::LedgerTime deadline = rpc::Now() + kDeadline;
  Calls calls(std::max<std::size_t>(1, flags.swaps / (flags.list * flags.per_call)));
  for (std::vector<client::Submission>& call : calls) {
    for (std::size_t i = 0; i < flags.per_call; ++i) {
      call.push_back(traffic.MakeList(flags.left, flags.right, flags.list, deadline));
    }
  }
  return calls;
}

// Until every swap is booked on both ledgers, or without `wait` only handed in.
absl::Status SettleAll(const client::BridgeClient& bridge,
                       const std::vector<client::Submission>& call, std::size_t list, bool wait) {
  const auto results = bridge.SubmitSettlements(call, wait, {kCallDeadline});
  if (!results.ok()) return results.status();
  for (const auto& view : *results) {
    if (!view.ok()) return view.status();
    if (!wait) continue;
    if (view->state == client::SettlementState::kSettled && view->list_committed.Count() == list) {
      continue;
    }
    return absl::FailedPreconditionError(
        fmt::format("a list of {} swaps is {}, {} of them are committed: {}", list,
                    client::SettlementStateName(view->state), view->list_committed.Count(),
                    core::Describe(view->rejection)));
  }
  return absl::OkStatus();
}

double Quantile(std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

// A Poisson process of calls: latency from when each was due, so that one that had to wait for
// room counts as late.
void RunOpenLoop(const Flags& flags, const client::BridgeClient& bridge, const Calls& calls,
                 nlohmann::ordered_json& report) {
  const double calls_per_s = flags.rate / static_cast<double>(flags.list * flags.per_call);
  core::RandomStream random(flags.seed, "arrivals");
  std::vector<double> due_s;
  double at_s = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    at_s += static_cast<double>(
                random.NextExponentialMicros(static_cast<std::int64_t>(1e6 / calls_per_s))) *
            1e-6;
    due_s.push_back(at_s);
  }
  std::vector<double> latencies_us(calls.size());
  const double start = Now();
  const absl::StatusOr<Sample> sample =
      RunInFlight(calls.size(), flags.in_flight, [&](std::size_t number) {
        const double wait_s = start + due_s[number] - Now();
        if (wait_s > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait_s));
        const absl::Status status = SettleAll(bridge, calls[number], flags.list, flags.wait);
        latencies_us[number] = (Now() - start - due_s[number]) * 1e6;
        return status;
      });
  OrExit(sample);
  std::sort(latencies_us.begin(), latencies_us.end());
  report["latency_us_p50"] = Quantile(latencies_us, 0.50);
  report["latency_us_p99"] = Quantile(latencies_us, 0.99);
  report["latency_us_max"] = latencies_us.back();
  report["swaps_per_s"] =
      static_cast<double>(calls.size() * flags.list * flags.per_call) / (Now() - start);
}

void Load(const Flags& flags, nlohmann::ordered_json& report) {
  const Calls calls = MakeCalls(flags);
  client::BridgeClient bridge =
      OrExit(client::BridgeClient::Connect({.address = flags.bridge, .deadline = kCallDeadline}));
  const absl::Status connected = bridge.WaitForConnection(kCallDeadline);
  CW_CHECK(connected.ok(), "the bridge answers");
  report["swaps"] = calls.size() * flags.list * flags.per_call;
  report["list"] = flags.list;
  if (flags.rate > 0) {
    RunOpenLoop(flags, bridge, calls, report);
    return;
  }
  const Sample sample = OrExit(RunInFlight(calls.size(), flags.in_flight, [&](std::size_t number) {
    return SettleAll(bridge, calls[number], flags.list, flags.wait);
  }));
  report["swaps_per_s"] =
      sample.operations_per_s * static_cast<double>(flags.list * flags.per_call);
  report["latency_us_p50"] = sample.latency_us_median;
  report["latency_us_p99"] = sample.latency_us_p99;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Payment versus payment against the limits of the machine.");
  app.add_option("--only", flags.only,
                 "in-process: three parties in one process; prepare: a network's files into --dir; "
                 "load: against the --bridge of such a network")
      ->check(CLI::IsMember({"in-process", "prepare", "load"}));
  app.add_option("--list", flags.list, "swaps in a list")
      ->check(CLI::Range(std::size_t{1}, core::kListSettlementsMax));
  app.add_option("--per-call", flags.per_call, "lists in a call")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}));
  app.add_option("--swaps", flags.swaps, "swaps in a round");
  app.add_option("--in-flight", flags.in_flight, "lists (in process) or calls (load) at once")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}));
  app.add_option("--rate", flags.rate, "open loop: swaps a second");
  app.add_option("--rounds", flags.rounds, "rounds, of which the median counts")
      ->check(CLI::Range(1, 1000));
  app.add_option("--accounts", flags.accounts, "accounts with funds on each ledger");
  app.add_option("--ledgers", flags.ledgers, "ledgers of the network")
      ->check(CLI::Range(std::size_t{2}, std::size_t{4}));
  app.add_option("--witnesses", flags.witnesses, "witnesses of the network; 0: none are needed")
      ->check(CLI::Range(std::size_t{0}, std::size_t{16}));
  app.add_option("--left", flags.left, "ledger of the first leg");
  app.add_option("--right", flags.right, "ledger of the second leg");
  app.add_option("--seed", flags.seed, "of the traffic: another for each load on one network");
  app.add_flag("!--no-wait", flags.wait, "only hand in");
  app.add_option("--bridge", flags.bridge, "its address");
  app.add_option("--dir", flags.directory, "where to work, or where the network is");
  app.add_option("--json", flags.json, "write the figures here");
  CLI11_PARSE(app, argc, argv);
  rpc::PreferLatency();  // what is due is to be sent then

  nlohmann::ordered_json report;
  if (flags.only == "in-process") {
    MeasureInProcess(flags, report);
  } else if (flags.directory.empty()) {
    fmt::print(stderr, "pvp_bench: --only {} needs --dir\n", flags.only);
    return kExitFailed;
  } else if (flags.only == "prepare") {
    PvpNetwork(flags.directory, flags.ledgers, flags.accounts, flags.witnesses).WriteFiles();
    return 0;
  } else {
    Load(flags, report);
  }
  fmt::print("{}\n", report.dump(2));
  if (!flags.json.empty()) std::ofstream(flags.json) << report.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
