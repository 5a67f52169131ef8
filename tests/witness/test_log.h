// A decision log as its authority would write it, with all keys at hand, so that a test can also
// write what an authority never should; and witnesses for it.
#ifndef CAUSEWAY_TESTS_WITNESS_TEST_LOG_H_
#define CAUSEWAY_TESTS_WITNESS_TEST_LOG_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "central-bank-node/witness/witness_engine.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "settlement/store/memory_journal.h"
#include "settlement/store/memory_key_index.h"
#include "tests/store/shared_journal.h"

namespace causeway::witness {

inline constexpr char kLog[] = "bridge.example/decisions";

inline std::shared_ptr<core::SoftwareSigner> KeyNamed(std::string_view name) {
  return *core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
}
inline std::string WitnessName(std::size_t index) {
  return "witness.example/w" + std::to_string(index);
}
inline core::LedgerOrigin Ledger(std::size_t index) {
  return *core::LedgerOrigin::Parse("ledger.example/l" + std::to_string(index));
}

// Of two ledgers and four witnesses, three needed.
inline std::string PolicyBytes(std::uint64_t epoch = 1) {
  core::SettlementPolicy policy;
  policy.epoch = epoch;
  policy.decision_log = *core::LedgerOrigin::Parse(kLog);
  policy.decision_log_key = KeyNamed("log")->public_key();
  for (std::size_t i = 0; i < 2; ++i) {
    policy.ledgers.push_back(
        {Ledger(i), core::Sha256(Ledger(i).text()), KeyNamed(Ledger(i).text())->public_key()});
  }
  for (std::size_t i = 0; i < 4; ++i) {
    policy.witnesses.push_back({WitnessName(i), KeyNamed(WitnessName(i))->public_key()});
  }
  policy.witnesses_needed = 3;
  policy.witnesses_faulty_max = 1;
  return codec::EncodePolicy(policy);
}
inline core::SettlementPolicy Policy(std::uint64_t epoch = 1) {
  return *codec::DecodePolicy(PolicyBytes(epoch));
}

// Terms over both ledgers, told apart by their number; the deadline is at 1,000 s.
inline std::string TermsBytes(int number, std::uint64_t epoch = 1) {
  core::TermsHeader terms;
  terms.policy_hash = Policy(epoch).hash;
  terms.deadline = core::LedgerTime::FromMicros(1'000'000'000);
  terms.ledgers = {{Ledger(0), 1}, {Ledger(1), 1}};
  terms.legs_root = core::Sha256("legs of " + std::to_string(number));
  terms.nonce = std::string(16, 'n');
  return codec::EncodeTerms(terms);
}

// A valid commit. Its parts can be changed by `change(record, votes)` before it is encoded.
template <typename Change>
core::DecidedSettlement CommitWith(int number, const Change& change, std::uint64_t epoch = 1) {
  core::DecidedSettlement decided;
  decided.terms = TermsBytes(number, epoch);
  core::DecisionRecord record;
  record.settlement_id = core::SettlementIdOf(decided.terms);
  record.verdict = core::Verdict::kCommit;
  record.policy_hash = Policy(epoch).hash;
  record.decided = core::LedgerTime::FromMicros(500'000'000);
  std::vector<core::Vote> votes;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::vector<std::pair<core::Hash256, std::uint64_t>> holds = {
        {record.settlement_id, 7 + i}};
    votes.push_back(core::SignVotes(Ledger(i), core::Sha256(Ledger(i).text()), holds,
                                    *KeyNamed(Ledger(i).text()))
                        ->front());
    record.vote_hashes.push_back(core::VoteHash(votes.back()));
  }
  change(record, votes);
  decided.record = core::EncodeDecisionRecord(record);
  for (const core::Vote& vote : votes) decided.votes.push_back(core::EncodeVote(vote));
  return decided;
}
inline core::DecidedSettlement Commit(int number, std::uint64_t epoch = 1) {
  return CommitWith(
      number, [](core::DecisionRecord&, std::vector<core::Vote>&) {}, epoch);
}
inline core::DecidedSettlement Abort(int number, std::uint64_t epoch = 1) {
  core::DecisionRecord record;
  record.settlement_id = core::SettlementIdOf(TermsBytes(number, epoch));
  record.verdict = core::Verdict::kAbort;
  record.policy_hash = Policy(epoch).hash;
  record.decided = core::LedgerTime::FromMicros(2'000'000'000);
  return {core::EncodeDecisionRecord(record), "", {}};
}

class TestLog {
 public:
  explicit TestLog(std::string key = "log") : key_(std::move(key)) {}

  // Appends a batch and returns its bytes.
  std::string Write(std::vector<core::DecidedSettlement> decided) {
    core::DecisionBatch batch;
    batch.number = batches_.size();
    batch.first_index = tree_.size();
    batch.time = core::LedgerTime::FromMicros(3'000'000'000);
    batch.decided = std::move(decided);
    for (const core::DecidedSettlement& each : batch.decided) {
      tree_.Append(core::LeafHash(each.record));
    }
    batch.checkpoint = Note(tree_.size());
    batches_.push_back(core::EncodeDecisionBatch(batch));
    return batches_.back();
  }
  std::string Write(core::DecidedSettlement decided) {
    return Write(std::vector<core::DecidedSettlement>{std::move(decided)});
  }
  // Its signed checkpoint at an earlier size, or the latest.
  std::string Note(std::uint64_t size) const {
    return *core::SignCheckpoint({kLog, size, *tree_.RootAt(size), {}}, kLog, *KeyNamed(key_));
  }
  std::string Note() const { return Note(tree_.size()); }
  const std::vector<std::string>& batches() const { return batches_; }
  const core::MerkleTree& tree() const { return tree_; }

 private:
  std::string key_;
  core::MerkleTree tree_;
  std::vector<std::string> batches_;
};

// A journal that outlives the engine, as a disk outlives a process, and counts its writes.
class Disk final : public store::SharedJournal {
 public:
  Disk()
      : SharedJournal(store::NewMemoryJournal(
            WitnessEngine::JournalIdentityOf(*core::LedgerOrigin::Parse(kLog)))) {}
  std::unique_ptr<store::Journal> Mount() const { return std::make_unique<Disk>(*this); }
  std::uint64_t appends() const { return *appends_; }

  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    ++*appends_;
    return SharedJournal::Append(blocks, meta);
  }

 private:
  std::shared_ptr<std::uint64_t> appends_ = std::make_shared<std::uint64_t>(0);
};

inline absl::StatusOr<std::unique_ptr<WitnessEngine>> OpenWitness(
    const Disk& disk, std::vector<std::string> policies = {PolicyBytes()}, std::size_t index = 0,
    std::string_view key = "") {
  WitnessEngine::Options options;
  options.policies = std::move(policies);
  options.name = WitnessName(index);
  options.signer = KeyNamed(key.empty() ? std::string_view(options.name) : key);
  options.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
  options.ids = std::make_unique<store::MemoryKeyIndex>();
  return WitnessEngine::Open(std::move(options), disk.Mount());
}

}  // namespace causeway::witness

#endif  // CAUSEWAY_TESTS_WITNESS_TEST_LOG_H_
