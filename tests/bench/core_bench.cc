// What the parts of a payment cost, in nanoseconds: run after a change of the hot path.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "settlement/core/entry.h"
#include "settlement/core/envelope.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "settlement/core/prng.h"
#include "settlement/core/suite.h"

namespace causeway::core {
namespace {

void BM_Sha256(benchmark::State& state) {
  const std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Sha256(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Sha256)->Arg(64)->Arg(256)->Arg(4096);

void BM_LeafHashAndAppend(benchmark::State& state) {
  const std::string leaf(200, 'x');
  MerkleFrontier frontier;
  for (auto _ : state) frontier.Append(LeafHash(leaf));
  benchmark::DoNotOptimize(frontier.Root());
}
BENCHMARK(BM_LeafHashAndAppend);

void BM_Sign(benchmark::State& state) {
  const auto key = GenerateKey(static_cast<SuiteId>(state.range(0)));
  const std::string message(200, 'm');
  for (auto _ : state) benchmark::DoNotOptimize((*key)->Sign(message));
}
BENCHMARK(BM_Sign)->Arg(1)->Arg(2)->ArgName("suite");

void BM_Verify(benchmark::State& state) {
  const auto key = GenerateKey(static_cast<SuiteId>(state.range(0)));
  const std::string message(200, 'm');
  const std::string signature = *(*key)->Sign(message);
  const OpenSslSignatureVerifier verifier;
  for (auto _ : state) {
    benchmark::DoNotOptimize(verifier.Verify((*key)->public_key(), message, signature));
  }
}
BENCHMARK(BM_Verify)->Arg(1)->Arg(2)->ArgName("suite");

Entry MakeEntry() {
  Entry entry;
  entry.index = 12'345;
  entry.instruction = {*ParticipantId::Parse("HK-BANK-01"), ActionKind::kPay,
                       *InstructionId::Parse("PAY-0000012345")};
  entry.status = InstructionStatus::kSettled;
  entry.cause = Cause::kCommand;
  entry.rejection.outcome = Outcome::kAccepted;
  const Currency hkd = *Currency::Parse("HKD");
  for (const char* body : {"HKBANK01", "HKBANK02"}) {
    entry.postings.push_back({.address = *AccountAddress::Make(hkd, body),
                              .bucket = Bucket::kAvailable,
                              .code = TransactionCode::kPayment,
                              .amount = Amount::FromMinor(100),
                              .balance_after = Amount::FromMinor(100),
                              .sequence = 1});
  }
  return entry;
}

void BM_EncodeEntry(benchmark::State& state) {
  const Entry entry = MakeEntry();
  for (auto _ : state) benchmark::DoNotOptimize(EncodeEntry(entry));
  state.counters["bytes"] = static_cast<double>(EncodeEntry(entry).size());
}
BENCHMARK(BM_EncodeEntry);

void BM_RandomLogNormal(benchmark::State& state) {
  RandomStream random(1, "bench");
  for (auto _ : state) benchmark::DoNotOptimize(random.NextNormalQ32());
}
BENCHMARK(BM_RandomLogNormal);

}  // namespace
}  // namespace causeway::core

BENCHMARK_MAIN();
