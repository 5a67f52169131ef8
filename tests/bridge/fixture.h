// A small world for tests of the bridge engine: parties with keys, a policy, and ledgers that check
// what the real ones check about terms, votes and certificates, but hold no money.
#ifndef CAUSEWAY_TESTS_BRIDGE_FIXTURE_H_
#define CAUSEWAY_TESTS_BRIDGE_FIXTURE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/venues/board_venue.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/prng.h"
#include "settlement/core/settlement_list.h"
#include "settlement/store/memory_journal.h"
#include "tests/store/shared_journal.h"

namespace causeway::bridge {

template <typename T>
T Must(absl::StatusOr<T> value) {
  CW_CHECK(value.ok(), std::string(value.status().message()).c_str());
  return *std::move(value);
}
inline core::LedgerOrigin Origin(std::string_view text) {
  return Must(core::LedgerOrigin::Parse(text));
}
inline core::ParticipantId Party(std::string_view text) {
  return Must(core::ParticipantId::Parse(text));
}
inline core::Currency Ccy(std::string_view code) { return Must(core::Currency::Parse(code)); }
inline core::AccountAddress Address(std::string_view currency, std::string_view body) {
  return Must(core::AccountAddress::Make(Ccy(currency), body));
}
inline core::LedgerTime At(std::int64_t millis) {
  return core::LedgerTime::FromMicros(millis * 1000);
}
inline std::shared_ptr<core::SoftwareSigner> KeyOf(std::string_view name) {
  return Must(core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view()));
}

// A journal that outlives the engine, as a disk outlives a process. It can be told to fail: the
// write is then done or not done, and the caller learns only that it does not know.
class Disk final : public store::SharedJournal {
 public:
  using SharedJournal::SharedJournal;

  enum class Fault { kNone, kBefore, kAfter };
  // Of the next Append; shared by all who look at this disk.
  std::shared_ptr<Fault> fault = std::make_shared<Fault>(Fault::kNone);
  std::shared_ptr<std::uint64_t> appends = std::make_shared<std::uint64_t>(0);
  // The block that cannot be read.
  std::shared_ptr<std::optional<std::uint64_t>> damaged =
      std::make_shared<std::optional<std::uint64_t>>();

  std::unique_ptr<Disk> Mount() const {
    auto disk = std::make_unique<Disk>(this->disk());
    disk->fault = fault;
    disk->appends = appends;
    disk->damaged = damaged;
    return disk;
  }

  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    const Fault now = std::exchange(*fault, Fault::kNone);
    if (now == Fault::kBefore) return absl::InternalError("lost before the write");
    ++*appends;
    const absl::Status status = SharedJournal::Append(blocks, meta);
    if (now == Fault::kAfter) return absl::InternalError("lost after the write");
    return status;
  }
  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    if (*damaged == number) return absl::DataLossError("block " + std::to_string(number));
    return SharedJournal::Read(number);
  }
};

using PrepareAnswer = std::variant<std::string, core::Rejection>;
using CompleteAnswer = std::variant<core::InstructionStatus, core::Rejection>;

inline core::Rejection Refusal(core::Outcome outcome) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  return rejection;
}

// The ledger's side of the protocol (docs/protocols/pvp.md): prepares once, votes the same again,
// follows the first valid certificate, tombstones what it never prepared.
class FakeLedger {
 public:
  FakeLedger(std::string_view origin, const std::vector<core::SettlementPolicy>* policies,
             const core::SignatureVerifier* verifier)
      : origin_(Origin(origin)), key_(KeyOf(origin)), policies_(policies), verifier_(verifier) {}

  struct Entry {
    core::InstructionStatus status = core::InstructionStatus::kNone;
    std::optional<core::TermsHeader> terms;
    std::uint64_t hold = 0;
    core::PositionSet held;       // of a list
    core::PositionSet committed;  // of a list that is settled
    int resolutions = 0;          // how often a hold was resolved: never more than once
  };

  // Ids that this ledger is to refuse for lack of funds.
  std::map<core::Hash256, core::Outcome> refuses;
  // Of lists: what it holds of them, unless all.
  std::map<core::Hash256, core::PositionSet> holds;
  std::map<core::Hash256, Entry> entries;

  const core::LedgerOrigin& origin() const { return origin_; }
  const core::SoftwareSigner& key() const { return *key_; }
  core::Hash256 genesis_hash() const { return core::Sha256(origin_.text()); }

  PrepareAnswer Prepare(core::LedgerTime now, const LedgerRequest& request) {
    const core::Hash256 id = core::SettlementIdOf(request.terms.payload);
    const auto known = entries.find(id);
    if (known != entries.end()) {
      if (known->second.status == core::InstructionStatus::kAborted) {
        return Refusal(core::Outcome::kSettlementAborted);
      }
      if (known->second.status == core::InstructionStatus::kRejected) {
        return Refusal(core::Outcome::kInsufficientFunds);
      }
      return VoteFor(id, known->second);
    }
    const core::TermsHeader terms = Must(codec::DecodeTerms(request.terms.payload));
    if (now > terms.deadline) return Refusal(core::Outcome::kPastDeadline);
    const core::TermsLedger* here = terms.Find(origin_);
    if (terms.is_list()) {
      const auto part =
          here == nullptr ? terms.parts.end() : terms.parts.begin() + (here - terms.ledgers.data());
      if (part == terms.parts.end() || part->hash != core::ListPartHash(request.part)) {
        return Refusal(core::Outcome::kLegNotInTerms);
      }
    } else if (here == nullptr || here->leg_count != request.legs.size()) {
      return Refusal(core::Outcome::kLegNotInTerms);
    }
    for (const core::ProvenLeg& leg : request.legs) {
      const bool proven = core::VerifyInclusion(core::LeafHash(leg.bytes), leg.index,
                                                terms.LegCount(), leg.proof, terms.legs_root);
      if (!proven || leg.leg.ledger != origin_) return Refusal(core::Outcome::kLegNotInTerms);
    }
    Entry& entry = entries[id];
    if (const auto refuse = refuses.find(id); refuse != refuses.end()) {
      entry.status = core::InstructionStatus::kRejected;
      return Refusal(refuse->second);
    }
    entry.status = core::InstructionStatus::kPrepared;
    entry.terms = terms;
    entry.hold = entries.size();
    if (terms.is_list()) {
      entry.held = core::PositionSet(terms.list_count);
      const auto some = holds.find(id);
      for (std::uint32_t i = 0; i < terms.list_count; ++i) {
        if (some == holds.end() || some->second.Contains(i)) entry.held.Insert(i);
      }
    }
    return VoteFor(id, entry);
  }

  CompleteAnswer Complete(const LedgerRequest& request) {
    const core::CompleteSettlement completion = Must(codec::DecodeCompletion(request.completion));
    const auto known = entries.find(completion.settlement_id);
    const core::TermsHeader* terms =
        known != entries.end() && known->second.terms.has_value() ? &*known->second.terms : nullptr;
    const auto policy =
        std::find_if(policies_->begin(), policies_->end(), [&](const core::SettlementPolicy& each) {
          return each.hash == completion.certificate.record.policy_hash;
        });
    if (policy == policies_->end()) return Refusal(core::Outcome::kUnknownSettlementPolicy);
    const core::Rejection verified =
        core::VerifyCertificate(completion, *policy, terms, *verifier_);
    if (verified.outcome != core::Outcome::kAccepted) return verified;
    const bool commit = completion.certificate.record.verdict == core::Verdict::kCommit;
    Entry& entry = entries[completion.settlement_id];
    if (entry.status == core::InstructionStatus::kPrepared ||
        entry.status == core::InstructionStatus::kNone) {
      ++entry.resolutions;
      if (commit && terms != nullptr && terms->is_list()) {
        entry.committed = *core::CommittedBy(completion.certificate.votes, terms->list_count);
      }
      entry.status = commit ? core::InstructionStatus::kSettled : core::InstructionStatus::kAborted;
    } else if (commit != (entry.status == core::InstructionStatus::kSettled)) {
      return Refusal(core::Outcome::kSettlementConflict);
    }
    return entry.status;
  }

  std::string VoteFor(const core::Hash256& id, const Entry& entry) const {
    const std::vector<core::Hold> one = {{id, entry.hold, entry.held}};
    return core::EncodeVote(Must(core::SignVotes(origin_, genesis_hash(), one, *key_))[0]);
  }

 private:
  core::LedgerOrigin origin_;
  std::shared_ptr<core::SoftwareSigner> key_;
  const std::vector<core::SettlementPolicy>* policies_;
  const core::SignatureVerifier* verifier_;
};

// What to settle: legs as (ledger, payer).
struct Deal {
  core::Envelope terms;
  std::vector<std::string> legs;
  core::Hash256 id;
};

class World {
 public:
  explicit World(std::vector<std::string> ledger_names = {"a.example/usd", "b.example/eur"}) {
    core::SettlementPolicy policy;
    policy.epoch = 1;
    policy.decision_log = Origin("bridge.example/decisions");
    policy.decision_log_key = log_key->public_key();
    for (const std::string& name : ledger_names) {
      ledgers.push_back(std::make_unique<FakeLedger>(name, &policies_, verifier.get()));
      policy.ledgers.push_back({ledgers.back()->origin(), ledgers.back()->genesis_hash(),
                                ledgers.back()->key().public_key()});
    }
    AddPolicy(policy);
    for (const char* name : {"ALPHA", "BETA", "GAMMA", "DEALER"}) {
      keys->Add(Party(name), KeyOf(name)->public_key());
    }
    disk = std::make_unique<Disk>(
        store::NewMemoryJournal(BridgeEngine::JournalIdentityOf(policy.decision_log)));
  }

  BridgeEngine::Options Options() const {
    BridgeEngine::Options options;
    options.policies = policy_files;
    options.signer = log_key;
    options.verifier = verifier;
    options.keys = keys;
    options.venue = venue;
    return options;
  }
  absl::StatusOr<std::unique_ptr<BridgeEngine>> TryOpen() const {
    return BridgeEngine::Open(Options(), disk->Mount());
  }
  std::unique_ptr<BridgeEngine> Open() const { return Must(TryOpen()); }

  // In force: what is opened and dealt from now on is under it. The ledgers know all.
  const core::SettlementPolicy& policy() const { return policies_.back(); }
  void AddPolicy(const core::SettlementPolicy& policy) {
    policy_bytes = codec::EncodePolicy(policy);
    policy_files.push_back(policy_bytes);
    policies_.push_back(Must(codec::DecodePolicy(policy_bytes)));
  }
  void AddEpoch() {
    core::SettlementPolicy next = policy();
    ++next.epoch;
    AddPolicy(next);
  }
  FakeLedger& ledger(const core::LedgerOrigin& origin) {
    for (const auto& each : ledgers) {
      if (each->origin() == origin) return *each;
    }
    CW_CHECK(false, "a ledger of this world");
    return *ledgers[0];
  }

  // Carries a request to its ledger and the answer back.
  void Carry(core::LedgerTime now, const LedgerRequest& request, BridgeEngine& engine) {
    FakeLedger& to = ledger(request.ledger);
    if (request.kind == RequestKind::kPrepare) {
      engine.OnPrepareReply(now, request.settlement_id, request.ledger, to.Prepare(now, request));
    } else {
      engine.OnCompleteReply(now, request.settlement_id, request.ledger, to.Complete(request));
    }
  }

  // Terms, each number's its own, of a settlement that nobody handed in; their deadline is
  // At(1000).
  std::string TermsOfNobody(int number) const {
    core::TermsHeader header;
    header.policy_hash = policy().hash;
    header.deadline = At(1000);
    for (const auto& each : ledgers) header.ledgers.push_back({each->origin(), 1});
    header.legs_root = core::Sha256(std::to_string(number));
    header.nonce = core::Sha256("nonce" + std::to_string(number)).view().substr(0, 16);
    return codec::EncodeTerms(header);
  }
  // A leg of each (ledger index, payer), signed by `signers`.
  Deal MakeDeal(std::string_view nonce, core::LedgerTime deadline,
                const std::vector<std::pair<std::size_t, std::string>>& legs,
                const std::vector<std::string>& signers) const {
    Deal deal;
    std::map<core::LedgerOrigin, std::uint32_t> counts;
    for (std::size_t i = 0; i < legs.size(); ++i) {
      core::Leg leg;
      leg.salt = core::Sha256(std::string(nonce) + "salt" + std::to_string(i)).view().substr(0, 16);
      leg.ledger = ledgers[legs[i].first]->origin();
      leg.party = Party(legs[i].second);
      leg.id = Must(
          core::InstructionId::Parse(std::string(nonce.substr(0, 20)) + "-" + std::to_string(i)));
      std::array<std::uint8_t, 16> uetr{};
      uetr[0] = static_cast<std::uint8_t>(i + 1);
      leg.uetr = core::Uetr::FromRandomBytes(uetr);
      leg.debtor = Address("USD", "PAYER" + std::to_string(i));
      leg.creditor = Address("USD", "PAYEE" + std::to_string(i));
      leg.amount = {Ccy("USD"), core::Amount::FromMinor(100)};
      deal.legs.push_back(codec::EncodeLeg(leg));
      ++counts[leg.ledger];
    }
    core::TermsHeader header;
    header.policy_hash = policy().hash;
    header.deadline = deadline;
    for (const auto& [ledger, count] : counts) header.ledgers.push_back({ledger, count});
    header.legs_root = core::LegsRoot(deal.legs);
    header.nonce = core::Sha256(nonce).view().substr(0, 16);
    const std::string bytes = codec::EncodeTerms(header);
    deal.id = core::SettlementIdOf(bytes);
    deal.terms.payload_type = core::kTermsPayloadType;
    deal.terms.payload = bytes;
    for (const std::string& signer : signers) Sign(signer, deal.terms);
    return deal;
  }
  // A list of `count` settlements with a side each (ledger index, payer).
  Deal MakeListDeal(std::string_view nonce, core::LedgerTime deadline, std::uint32_t count,
                    std::vector<std::pair<std::size_t, std::string>> sides,
                    const std::vector<std::string>& signers) const {
    std::sort(sides.begin(), sides.end(), [this](const auto& left, const auto& right) {
      return ledgers[left.first]->origin() < ledgers[right.first]->origin();
    });
    Deal deal;
    core::TermsHeader header;
    header.policy_hash = policy().hash;
    header.deadline = deadline;
    header.nonce = core::Sha256(nonce).view().substr(0, 16);
    header.list_count = count;
    for (const auto& [ledger, payer] : sides) {
      std::vector<core::BulkPayment> legs(count);
      for (std::uint32_t i = 0; i < count; ++i) {
        legs[i].debtor.number = 1;
        legs[i].creditor.number = 2;
        legs[i].amount = core::Amount::FromMinor(100);
        legs[i].id[0] = static_cast<std::uint8_t>(i);
        legs[i].uetr = core::Uetr::FromRandomBytes(legs[i].id);
      }
      deal.legs.push_back(core::EncodeListPart(header.nonce, legs));
      header.ledgers.push_back({ledgers[ledger]->origin(), count});
      header.parts.push_back({Party(payer), core::ListPartHash(deal.legs.back())});
    }
    deal.terms.payload_type = core::kSettlementListPayloadType;
    deal.terms.payload = core::EncodeSettlementList(header);
    deal.id = core::SettlementIdOf(deal.terms.payload);
    for (const std::string& signer : signers) Sign(signer, deal.terms);
    return deal;
  }
  Deal Swap(std::string_view nonce, core::LedgerTime deadline) const {
    return MakeDeal(nonce, deadline, {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA", "BETA"});
  }
  static void Sign(std::string_view signer, core::Envelope& envelope) {
    CW_CHECK(core::AddSignature(envelope, *KeyOf(signer)).ok(), "signs once");
  }

  std::shared_ptr<core::SoftwareSigner> log_key = KeyOf("decision log");
  std::shared_ptr<core::OpenSslSignatureVerifier> verifier =
      std::make_shared<core::OpenSslSignatureVerifier>();
  std::shared_ptr<StaticKeyDirectory> keys = std::make_shared<StaticKeyDirectory>();
  std::shared_ptr<BoardVenue> venue;
  std::string policy_bytes;  // of policy()
  std::vector<std::string> policy_files;
  std::vector<std::unique_ptr<FakeLedger>> ledgers;
  std::unique_ptr<Disk> disk;

 private:
  std::vector<core::SettlementPolicy> policies_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_TESTS_BRIDGE_FIXTURE_H_
