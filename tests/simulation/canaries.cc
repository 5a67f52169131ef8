#include "tests/simulation/canaries.h"

#include <algorithm>
#include <set>
#include <utility>

#include "causeway/v1/settlement.pb.h"
#include "scenarios/simulator/byzantine.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/envelope.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

bool ids_are_of_nonce_only = false;

using Items = std::vector<core::Item>;

template <typename Ledger>
class LedgerFactory final : public NodeFactory {
 public:
  std::unique_ptr<LedgerNode> MakeLedger(
      World& world, LedgerIndex ledger, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier,
      ObserverNode* observer) const override {
    return std::make_unique<Ledger>(world, ledger, keys, verifier, observer);
  }
};

template <typename Bridge>
class BridgeFactory final : public NodeFactory {
 public:
  std::unique_ptr<BridgeNode> MakeBridge(
      World& world, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier,
      const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
      ObserverNode* observer) const override {
    return std::make_unique<Bridge>(world, keys, verifier, ledgers, observer);
  }
};

// It can release what it holds, without a decision.
class ForgingLedger : public LedgerNode {
 public:
  ForgingLedger(World& world, LedgerIndex ledger, const KeyRing& keys,
                std::shared_ptr<const core::SignatureVerifier> verifier, ObserverNode* observer)
      : LedgerNode(world, ledger, keys, std::move(verifier), observer), keys_(keys) {}

 protected:
  void Release(const core::TermsHeader& terms) {
    const core::SettlementState* held = engine()->ledger().FindSettlement(terms.settlement_id);
    if (held == nullptr || held->status != core::InstructionStatus::kPrepared) return;
    auto items = std::make_shared<Items>();
    items->push_back(codec::MakeCompletionItem(
        ForgeCompletion(world_.plan, keys_, terms, core::Verdict::kAbort, now())));
    Submit(std::move(items), [](const std::vector<node::ItemReply>&) {});
  }

 private:
  const KeyRing& keys_;
};

class ReleasingLedger final : public ForgingLedger {
 public:
  using ForgingLedger::ForgingLedger;

 protected:
  absl::StatusOr<Executed> Execute(const Items& items) override {
    absl::StatusOr<Executed> executed = LedgerNode::Execute(items);
    for (const core::SettlementState* held : engine()->ledger().PreparedSettlements()) {
      if (!timed_.insert(held->settlement_id).second) continue;
      After(std::max(held->terms->deadline - now(), core::Duration::Zero()) +
                core::Duration::FromMillis(1),
            EventKind::kTimer, [this, terms = *held->terms] { Release(terms); });
    }
    return executed;
  }

 private:
  std::set<core::Hash256> timed_;
};

// What a central bank does releases what is held.
template <bool (*kReleases)(const core::Action& action, const core::SettlementState& held)>
class InterferingLedger final : public ForgingLedger {
 public:
  using ForgingLedger::ForgingLedger;

 protected:
  absl::StatusOr<Executed> Execute(const Items& items) override {
    absl::StatusOr<Executed> executed = LedgerNode::Execute(items);
    for (const core::Item& item : items) {
      const absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
      const auto* command = body.ok() ? std::get_if<core::Command>(&*body) : nullptr;
      if (command == nullptr) continue;
      for (const core::SettlementState* held : engine()->ledger().PreparedSettlements()) {
        if (!kReleases(command->action, *held)) continue;
        After(core::Duration::FromMillis(1), EventKind::kTimer,
              [this, terms = *held->terms] { Release(terms); });
      }
    }
    return executed;
  }
};

bool IsOverrideOfPayer(const core::Action& action, const core::SettlementState& held) {
  const auto* order = std::get_if<core::OperatorOverride>(&action);
  return order != nullptr &&
         std::any_of(held.legs.begin(), held.legs.end(),
                     [&](const core::Leg& leg) { return leg.debtor == order->debtor; });
}

bool IsWithdrawalOfPolicy(const core::Action& action, const core::SettlementState& held) {
  const auto* change = std::get_if<core::SetSettlementPolicy>(&action);
  return change != nullptr && change->withdraw && change->policy.hash == held.terms->policy_hash;
}

class YesVerifier final : public core::SignatureVerifier {
 public:
  bool Verify(const core::PublicKey&, std::string_view, std::string_view) const override {
    return true;
  }
  bool VerifySha256(const core::PublicKey&, const core::Hash256&, std::string_view) const override {
    return true;
  }
};

class TrustingLedger final : public LedgerNode {
 public:
  TrustingLedger(World& world, LedgerIndex ledger, const KeyRing& keys,
                 const std::shared_ptr<const core::SignatureVerifier>&, ObserverNode* observer)
      : LedgerNode(world, ledger, keys, std::make_shared<YesVerifier>(), observer) {}
};

class ForgetfulLedger final : public LedgerNode {
 public:
  using LedgerNode::LedgerNode;

 protected:
  absl::Status Boot() override {
    if (absl::Status booted = LedgerNode::Boot(); !booted.ok()) return booted;
    const auto held = engine()->ledger().PreparedSettlements();
    if (held.empty()) return absl::OkStatus();
    std::uint64_t first = engine()->size();
    for (const core::SettlementState* each : held) first = std::min(first, each->hold);
    disk()->CutTo(*engine()->FindBatch(first));
    return LedgerNode::Boot();
  }
};

class FreezingLedger final : public LedgerNode {
 public:
  using LedgerNode::LedgerNode;

 protected:
  absl::StatusOr<Executed> Execute(const Items& items) override {
    Items passed;
    std::vector<bool> stopped;
    for (const core::Item& item : items) {
      stopped.push_back(IsStopped(item));
      if (!stopped.back()) passed.push_back(item);
    }
    absl::StatusOr<Executed> executed = LedgerNode::Execute(passed);
    if (!executed.ok() || passed.size() == items.size()) return executed;
    std::vector<node::ItemReply> replies;
    std::size_t next = 0;
    for (const bool each : stopped) {
      if (each) {
        replies.emplace_back().result.refused =
            core::Rejection{.outcome = core::Outcome::kAccountFrozen};
      } else {
        replies.push_back(std::move(executed->replies[next++]));
      }
    }
    executed->replies = std::move(replies);
    return executed;
  }

 private:
  bool IsStopped(const core::Item& item) const {
    const absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
    const auto* completion = body.ok() ? std::get_if<core::CompleteSettlement>(&*body) : nullptr;
    if (completion == nullptr) return false;
    const core::Ledger& ledger = engine()->ledger();
    const core::SettlementState* held = ledger.FindSettlement(completion->settlement_id);
    if (held == nullptr || held->status != core::InstructionStatus::kPrepared) return false;
    return std::any_of(held->legs.begin(), held->legs.end(), [&](const core::Leg& leg) {
      return ledger.FindAccount(leg.debtor)->frozen;
    });
  }
};

class WitnessFactory final : public NodeFactory {
 public:
  std::unique_ptr<WitnessNode> MakeWitness(
      World& world, std::size_t position, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier,
      const ObserverNode* observer) const override;
};

class HastyWitness final : public WitnessNode {
 public:
  using WitnessNode::WitnessNode;

 protected:
  void WriteThen(Event answer) override {
    Write([] {});
    After(core::Duration::Zero(), EventKind::kOther, std::move(answer));
  }
};

std::unique_ptr<WitnessNode> WitnessFactory::MakeWitness(
    World& world, std::size_t position, const KeyRing& keys,
    const std::shared_ptr<const core::SignatureVerifier>& verifier,
    const ObserverNode* observer) const {
  return std::make_unique<HastyWitness>(world, position, keys, verifier, observer);
}

class HastyBridge final : public BridgeNode {
 public:
  using BridgeNode::BridgeNode;

 protected:
  void WriteThen(Event finish) override {
    Write([this] { ReportDecisions(); });
    After(core::Duration::Zero(), EventKind::kOther, std::move(finish));
  }
};

class InventiveBridge final : public BridgeNode {
 public:
  InventiveBridge(World& world, const KeyRing& keys,
                  const std::shared_ptr<const core::SignatureVerifier>&,
                  const std::vector<std::unique_ptr<LedgerNode>>& ledgers, ObserverNode* observer)
      : BridgeNode(world, keys, std::make_shared<YesVerifier>(), ledgers, observer) {}

 protected:
  void Send(const bridge::LedgerRequest& request) override {
    const absl::StatusOr<core::TermsHeader> terms = codec::DecodeTerms(request.terms.payload);
    const bool last = request.kind == bridge::RequestKind::kPrepare && terms.ok() &&
                      terms->ledgers.back().ledger == request.ledger;
    if (!last) {
      BridgeNode::Send(request);
      return;
    }
    const PlannedLedger& ledger = world_.plan.ledgers[*world_.plan.FindLedger(request.ledger)];
    const std::pair<core::Hash256, std::uint64_t> hold{request.settlement_id, 1};
    absl::StatusOr<std::vector<core::Vote>> votes =
        core::SignVotes(ledger.origin, ledger.genesis.hash, {&hold, 1}, *keys().decision_log());
    CW_CHECK(votes.ok(), "keys of a plan sign");
    After(core::Duration::FromMillis(1), EventKind::kOther,
          [this, id = request.settlement_id, origin = request.ledger,
           vote = core::EncodeVote(votes->front())] {
            Happen([this, id, origin, vote] {
              mutable_engine().OnPrepareReply(now(), id, origin, vote);
            });
          });
  }
};

class CredulousBridge final : public BridgeNode {
 public:
  CredulousBridge(World& world, const KeyRing& keys,
                  const std::shared_ptr<const core::SignatureVerifier>&,
                  const std::vector<std::unique_ptr<LedgerNode>>& ledgers, ObserverNode* observer)
      : BridgeNode(world, keys, std::make_shared<YesVerifier>(), ledgers, observer) {}
};

class TwoFacedBridge final : public BridgeNode {
 public:
  using BridgeNode::BridgeNode;

 protected:
  void Send(const bridge::LedgerRequest& request) override {
    const absl::StatusOr<core::TermsHeader> terms = codec::DecodeTerms(request.terms.payload);
    const bool last = request.kind == bridge::RequestKind::kPrepare && terms.ok() &&
                      terms->ledgers.back().ledger == request.ledger && request.legs.size() == 1 &&
                      terms->LegCount() == 2;
    if (!last) {
      BridgeNode::Send(request);
      return;
    }
    BridgeNode::Send(WithSmallerLeg(request, *terms));
  }

 private:
  bridge::LedgerRequest WithSmallerLeg(bridge::LedgerRequest request, core::TermsHeader terms) {
    core::ProvenLeg& leg = request.legs.front();
    leg.leg.amount.amount = core::Amount::FromMinor(1);
    leg.bytes = codec::EncodeLeg(leg.leg);
    // The other leg is not shown here: any bytes do.
    std::vector<std::string> legs(2, "the other leg");
    legs[leg.index] = leg.bytes;
    leg.proof = core::LegProof(legs, leg.index);
    terms.legs_root = core::LegsRoot(legs);
    const core::Signer* payer = &keys().participant(*world_.plan.FindParticipant(leg.leg.party));
    absl::StatusOr<core::Envelope> envelope =
        core::SignEnvelope(core::kTermsPayloadType, codec::EncodeTerms(terms), {&payer, 1});
    CW_CHECK(envelope.ok(), "terms can be signed with the plan's keys");
    request.terms = *std::move(envelope);
    return request;
  }
};

}  // namespace

std::unique_ptr<NodeFactory> ReleaseOnTimeout() {
  return std::make_unique<LedgerFactory<ReleasingLedger>>();
}
std::unique_ptr<NodeFactory> CertificateNotChecked() {
  return std::make_unique<LedgerFactory<TrustingLedger>>();
}
std::unique_ptr<NodeFactory> ForgetsHolds() {
  return std::make_unique<LedgerFactory<ForgetfulLedger>>();
}
std::unique_ptr<NodeFactory> FreezeStopsHolds() {
  return std::make_unique<LedgerFactory<FreezingLedger>>();
}
std::unique_ptr<NodeFactory> OverrideReleasesHolds() {
  return std::make_unique<LedgerFactory<InterferingLedger<IsOverrideOfPayer>>>();
}
std::unique_ptr<NodeFactory> WithdrawalReleasesHolds() {
  return std::make_unique<LedgerFactory<InterferingLedger<IsWithdrawalOfPolicy>>>();
}
std::unique_ptr<NodeFactory> BelievesAnyOrder() {
  return std::make_unique<BridgeFactory<CredulousBridge>>();
}
std::unique_ptr<NodeFactory> TellsBeforeDurable() {
  return std::make_unique<BridgeFactory<HastyBridge>>();
}
std::unique_ptr<NodeFactory> InventsCommits() {
  return std::make_unique<BridgeFactory<InventiveBridge>>();
}
std::unique_ptr<NodeFactory> ShowsOtherTerms() {
  return std::make_unique<BridgeFactory<TwoFacedBridge>>();
}

std::unique_ptr<NodeFactory> SignsBeforeItPersists() { return std::make_unique<WitnessFactory>(); }

IdsOfNonceOnly::IdsOfNonceOnly() { ids_are_of_nonce_only = true; }
IdsOfNonceOnly::~IdsOfNonceOnly() { ids_are_of_nonce_only = false; }

// The linker puts the second in the place of the first, in this program only (--wrap in
// tests/CMakeLists.txt).
core::Hash256 RealSettlementIdOf(std::string_view terms) __asm__(
    "__real__ZN8causeway4core14SettlementIdOfESt17basic_string_viewIcSt11char_traitsIcEE");
core::Hash256 WeakSettlementIdOf(std::string_view terms) __asm__(
    "__wrap__ZN8causeway4core14SettlementIdOfESt17basic_string_viewIcSt11char_traitsIcEE");

core::Hash256 WeakSettlementIdOf(std::string_view terms) {
  causeway::v1::TermsHeader header;
  const bool weak =
      ids_are_of_nonce_only && header.ParseFromArray(terms.data(), static_cast<int>(terms.size()));
  return weak ? core::Sha256(header.nonce()) : RealSettlementIdOf(terms);
}

}  // namespace causeway::sim
