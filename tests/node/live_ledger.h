// A live ledger for tests: engine on a journal whose appends a test can hold back or make fail, the
// runtime over it, and items signed by a central bank, two banks, a bridge and an observer.
#ifndef CAUSEWAY_TESTS_NODE_LIVE_LEDGER_H_
#define CAUSEWAY_TESTS_NODE_LIVE_LEDGER_H_

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/runtime/ledger_runtime.h"
#include "settlement/codec/codec.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/settlement.h"
#include "settlement/store/memory_journal.h"
#include "tests/store/shared_journal.h"

namespace causeway::node {

// A memory journal with a tap on its appends.
class TappedJournal final : public store::SharedJournal {
 public:
  explicit TappedJournal(const store::JournalIdentity& identity)
      : SharedJournal(store::NewMemoryJournal(identity)) {}

  // Appends wait from now on, until Open.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }
  // Until an append waits.
  void AwaitAppend() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }
  void FailFromNowOn() { failing_ = true; }

  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      waiting_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !closed_; });
      waiting_ = false;
    }
    if (failing_) return absl::InternalError("disk on fire");
    return SharedJournal::Append(blocks, meta);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool waiting_ = false;
  std::atomic<bool> failing_ = false;
};

// Verifies with OpenSSL; verifications by one key can be held back.
class TappedVerifier final : public core::SignatureVerifier {
 public:
  void Close(const core::PublicKey& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = key;
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_.reset();
    changed_.notify_all();
  }
  // Until a verification waits.
  void AwaitVerification() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }

  bool Verify(const core::PublicKey& key, std::string_view message,
              std::string_view signature) const override {
    WaitFor(key);
    return verifier_.Verify(key, message, signature);
  }
  bool VerifySha256(const core::PublicKey& key, const core::Hash256& digest,
                    std::string_view signature) const override {
    WaitFor(key);
    return verifier_.VerifySha256(key, digest, signature);
  }

 private:
  void WaitFor(const core::PublicKey& key) const {
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_ = closed_ == key;
    changed_.notify_all();
    changed_.wait(lock, [&] { return closed_ != key; });
  }

  const core::OpenSslSignatureVerifier verifier_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable bool waiting_ = false;
  std::optional<core::PublicKey> closed_;
};

class LiveLedgerTest : public ::testing::Test {
 protected:
  LiveLedgerTest() {
    google::protobuf::SetLogHandler(nullptr);  // refusals are reported by status
    core::Genesis genesis;
    genesis.ledger = *core::LedgerOrigin::Parse("hk.example/hkd");
    genesis.currency = *core::Currency::Parse("HKD");
    genesis.ledger_key = Key("ledger")->public_key();
    genesis.central_bank = {
        .participant = Party("CENTRAL"),
        .role = core::Role::kCentralBank,
        .country = *core::Country::Parse("HK"),
        .keys = {Key("central-1")->public_key(), Key("central-2")->public_key()}};
    genesis.liability_account = Address("LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = *core::BusinessDate::Parse("2022-08-15");
    genesis.created = kStart;
    genesis_ = *codec::DecodeGenesis(codec::EncodeGenesis(genesis));
  }

  // ALPHA and BETA with accounts, 1,000.00 with ALPHA, the day open; BRIDGE and AUDITOR.
  void StartRuntime(RuntimeLimits limits = {}) {
    auto journal = std::make_unique<TappedJournal>(store::JournalIdentity{
        .kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash});
    journal_ = journal.get();
    auto engine = LedgerEngine::Open(
        genesis_,
        {.signer = Key("ledger"), .verifier = verifier_, .salt_key = std::string(32, 's')},
        std::move(journal));
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    SetUpParticipants(**engine);
    Drive(*std::move(engine), limits);
  }
  void Drive(std::unique_ptr<LedgerEngine> engine, RuntimeLimits limits = {}) {
    runtime_ = std::make_unique<LedgerRuntime>(std::move(engine), limits, [this] {
      return core::LedgerTime::FromMicros(now_micros_.fetch_add(1));
    });
  }

  void SetUpParticipants(LedgerEngine& engine) {
    std::vector<core::Item> first;
    for (const auto& [name, role] :
         std::map<std::string, core::Role>{{"ALPHA", core::Role::kCommercialBank},
                                           {"BETA", core::Role::kCommercialBank},
                                           {"BRIDGE", core::Role::kBridge},
                                           {"AUDITOR", core::Role::kObserver}}) {
      first.push_back(ByCentral(core::RegisterParticipant{.participant = Party(name),
                                                          .role = role,
                                                          .country = *core::Country::Parse("HK"),
                                                          .keys = {Key(name)->public_key()}}));
    }
    std::vector<core::Item> second;
    for (const char* bank : {"ALPHA", "BETA"}) {
      second.push_back(ByCentral(core::OpenAccount{.address = Address(bank),
                                                   .owner = Party(bank),
                                                   .purpose = core::AccountPurpose::kSettlement}));
    }
    second.push_back(ByCentral(core::SetDayPhase{genesis_.business_date, core::DayPhase::kOpen}));
    // The day's phase is that of a batch's beginning.
    const std::vector<core::Item> third = {
        ByCentral(core::Issue{Address("ALPHA"), Hkd(100'000), "RTGS-1"})};
    for (const auto& items : {first, second, third}) {
      const auto replies = engine.Submit(kStart, items);
      ASSERT_TRUE(replies.ok());
      for (const ItemReply& reply : *replies) {
        ASSERT_FALSE(reply.result.refused) << core::Describe(*reply.result.refused);
        for (const core::InstructionState& state : reply.result.instructions) {
          ASSERT_EQ(state.status, core::InstructionStatus::kSettled)
              << core::Describe(state.rejection);
        }
      }
    }
  }

  static core::ParticipantId Party(std::string_view name) {
    return *core::ParticipantId::Parse(name);
  }
  std::shared_ptr<core::SoftwareSigner> Key(const std::string& name) {
    auto& key = keys_[name];
    if (key == nullptr) key = *core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
    return key;
  }
  static core::AccountAddress Address(std::string_view body) {
    return *core::AccountAddress::Make(*core::Currency::Parse("HKD"), body);
  }
  static core::Money Hkd(std::int64_t minor) {
    return {*core::Currency::Parse("HKD"), core::Amount::FromMinor(minor)};
  }
  static core::Uetr SomeUetr(std::uint32_t number) {
    std::array<std::uint8_t, 16> random{};
    for (std::size_t i = 0; i < 4; ++i) random[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return core::Uetr::FromRandomBytes(random);
  }
  core::Item Signed(std::string_view party, core::Action action,
                    const std::vector<std::string>& signers, std::string_view id = "") {
    core::Command command{.ledger = genesis_.ledger,
                          .genesis_hash = genesis_.hash,
                          .party = Party(party),
                          .valid_until = kStart + core::Duration::FromHours(1),
                          .action = std::move(action)};
    if (!std::holds_alternative<core::PayBatch>(command.action)) {
      command.id =
          *core::InstructionId::Parse(id.empty() ? "I-" + std::to_string(++ids_) : std::string(id));
    }
    if (auto* pay = std::get_if<core::Pay>(&command.action)) pay->id = command.id;
    std::vector<const core::Signer*> keys;
    for (const std::string& name : signers) keys.push_back(Key(name).get());
    return {.envelope = *core::SignEnvelope(core::kCommandPayloadType,
                                            codec::EncodeCommand(command), keys)};
  }
  core::Item ByCentral(core::Action action) {
    return Signed("CENTRAL", std::move(action), {"central-1", "central-2"});
  }
  core::Pay PayOf(std::string_view from, std::string_view to, std::int64_t minor) {
    return {.uetr = SomeUetr(static_cast<std::uint32_t>(++ids_)),
            .debtor = Address(from),
            .creditor = Address(to),
            .amount = Hkd(minor)};
  }
  core::Item PayItem(std::string_view from, std::string_view to, std::int64_t minor,
                     std::string_view id = "") {
    return Signed(from, PayOf(from, to, minor), {std::string(from)}, id);
  }
  core::Item PayBatchItem(std::size_t count) {
    core::PayBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      core::Pay pay = PayOf("ALPHA", "BETA", 1);
      pay.id = *core::InstructionId::Parse("B-" + std::to_string(++ids_));
      batch.payments.push_back(std::move(pay));
    }
    return Signed("ALPHA", std::move(batch), {"ALPHA"});
  }

  // One leg here, from ALPHA to BETA, under a policy whose decision log BRIDGE keeps.
  core::Item SetPolicyItem() {
    policy_ = {.epoch = 1,
               .decision_log = *core::LedgerOrigin::Parse("bridge.example/decisions"),
               .decision_log_key = Key("BRIDGE")->public_key(),
               .ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key}}};
    policy_ = *codec::DecodePolicy(codec::EncodePolicy(policy_));
    return ByCentral(core::SetSettlementPolicy{policy_});
  }
  struct Prepare {
    core::Hash256 settlement_id;
    core::Envelope terms;
    std::vector<core::ProvenLeg> legs;
  };
  Prepare MakePrepare(std::int64_t minor, std::string_view leg_id) {
    const core::Leg leg{.salt = std::string(16, 's'),
                        .ledger = genesis_.ledger,
                        .party = Party("ALPHA"),
                        .id = *core::InstructionId::Parse(leg_id),
                        .uetr = SomeUetr(77),
                        .debtor = Address("ALPHA"),
                        .creditor = Address("BETA"),
                        .amount = Hkd(minor)};
    const std::vector<std::string> legs = {codec::EncodeLeg(leg)};
    const core::TermsHeader terms{.policy_hash = policy_.hash,
                                  .deadline = kStart + core::Duration::FromMinutes(10),
                                  .ledgers = {{genesis_.ledger, 1}},
                                  .legs_root = core::LegsRoot(legs),
                                  .nonce = std::string(16, 'n')};
    const std::string bytes = codec::EncodeTerms(terms);
    return {core::SettlementIdOf(bytes),
            *core::SignEnvelope(core::kTermsPayloadType, bytes, *Key("ALPHA")),
            {{.bytes = legs[0], .leg = leg, .index = 0, .proof = core::LegProof(legs, 0)}}};
  }
  // The completion that aborts it, under a decision log of this one record.
  std::string AbortOf(const Prepare& prepare) {
    core::CompleteSettlement completion{.settlement_id = prepare.settlement_id};
    core::Certificate& certificate = completion.certificate;
    certificate.record = {.settlement_id = prepare.settlement_id,
                          .verdict = core::Verdict::kAbort,
                          .policy_hash = policy_.hash,
                          .decided = kStart};
    certificate.record_bytes = core::EncodeDecisionRecord(certificate.record);
    core::MerkleTree log;
    log.Append(core::LeafHash(certificate.record_bytes));
    const std::string origin = policy_.decision_log.ToString();
    certificate.checkpoint = *core::SignCheckpoint(
        {.origin = origin, .size = 1, .root = log.Root()}, origin, *Key("BRIDGE"));
    return codec::EncodeCompletion(completion);
  }

  // Hands the items over; the replies come in the future.
  std::future<std::vector<ItemReply>> SubmitSoon(std::vector<core::Item> items,
                                                 std::function<bool()> abandoned = nullptr,
                                                 LedgerRuntime::Entitlement entitled = nullptr,
                                                 const std::string& caller = {}) {
    auto promise = std::make_shared<std::promise<std::vector<ItemReply>>>();
    runtime_->Submit(
        std::move(items), std::move(entitled), std::move(abandoned),
        [promise](std::vector<ItemReply> replies) { promise->set_value(std::move(replies)); },
        caller);
    return promise->get_future();
  }
  static std::vector<core::Item> List(core::Item item) {
    std::vector<core::Item> items;
    items.push_back(std::move(item));
    return items;
  }
  ItemReply SubmitOne(core::Item item) { return SubmitSoon(List(std::move(item))).get().front(); }
  std::int64_t Available(std::string_view account) {
    return runtime_->Read([&](const LedgerEngine& engine) {
      return engine.ledger().FindAccount(Address(account))->available.minor();
    });
  }

  static constexpr core::LedgerTime kStart = core::LedgerTime::FromMicros(1'660'500'000'000'000);

  core::Genesis genesis_;
  core::SettlementPolicy policy_;
  std::atomic<std::int64_t> now_micros_ = kStart.micros() + 1;
  std::map<std::string, std::shared_ptr<core::SoftwareSigner>> keys_;
  int ids_ = 0;
  const std::shared_ptr<TappedVerifier> verifier_ = std::make_shared<TappedVerifier>();
  TappedJournal* journal_ = nullptr;
  std::unique_ptr<LedgerRuntime> runtime_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_TESTS_NODE_LIVE_LEDGER_H_
