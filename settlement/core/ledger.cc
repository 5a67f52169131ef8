#include "settlement/core/ledger.h"

#include <algorithm>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/ledger_executor.h"
#include "settlement/core/ledger_state.h"

namespace causeway::core {
namespace {

absl::Status Wrong(const std::string& what) {
  return absl::InvalidArgumentError("genesis: " + what);
}

absl::Status CheckGenesis(const Genesis& genesis) {
  if (genesis.ledger.IsEmpty()) return Wrong("ledger is empty");
  if (genesis.currency.IsEmpty()) return Wrong("currency is empty");
  if (genesis.suites.empty()) return Wrong("suites is empty: name one or more");
  if (genesis.approvers_needed < 2) {
    return Wrong("approvers_needed is below 2: issue and redemption need four eyes");
  }
  const RegisterParticipant& issuer = genesis.central_bank;
  if (issuer.participant.IsEmpty()) return Wrong("central_bank.participant_id is empty");
  if (issuer.role != Role::kCentralBank) {
    return Wrong("central_bank.role is not ROLE_CENTRAL_BANK");
  }
  if (issuer.keys.size() < genesis.approvers_needed) {
    return Wrong("central_bank.keys has fewer keys than approvers_needed");
  }
  std::vector<KeyId> seen;
  for (const PublicKey& key : issuer.keys) {
    if (std::find(genesis.suites.begin(), genesis.suites.end(), key.suite) ==
        genesis.suites.end()) {
      return Wrong("central_bank.keys: a key's suite is not among suites");
    }
    seen.push_back(KeyIdOf(key));
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    return Wrong("central_bank.keys: a key is given twice");
  }
  if (genesis.liability_account.IsEmpty() ||
      genesis.liability_account.currency() != genesis.currency) {
    return Wrong("liability_account is not an address in the ledger's currency");
  }
  if (genesis.hash != Sha256(genesis.bytes)) return Wrong("hash is not that of its bytes");
  return absl::OkStatus();
}

}  // namespace

const Participant* Ledger::State::FindByKey(const KeyId& key) const {
  const auto found = participant_by_key.find(key);
  if (found == participant_by_key.end()) return nullptr;
  const Participant& participant = participants[found->second];
  for (const Participant::Key& entry : participant.keys) {
    if (entry.id == key) return entry.revoked ? nullptr : &participant;
  }
  return nullptr;
}

const PublicKey* Ledger::State::FindKey(const KeyId& key) const {
  const auto found = participant_by_key.find(key);
  if (found == participant_by_key.end()) return nullptr;
  for (const Participant::Key& entry : participants[found->second].keys) {
    if (entry.id == key && !entry.revoked) return &entry.key;
  }
  return nullptr;
}

bool Ledger::State::IsSignedBy(const AdmittedItem& item, const ParticipantId& party) const {
  return std::any_of(item.signers.begin(), item.signers.end(), [&](const KeyId& signer) {
    const Participant* participant = FindByKey(signer);
    return participant != nullptr && participant->id == party;
  });
}

absl::StatusOr<std::optional<InstructionState>> Ledger::State::FindInstruction(
    const InstructionKey& key) const {
  if (const auto found = live.find(key); found != live.end()) return found->second;
  const std::optional<std::uint32_t> party = PartyNumber(key.party);
  if (!party.has_value()) return std::optional<InstructionState>();
  return payments->FindFinal(*party, key);
}

std::optional<InstructionState> Ledger::State::FindKnown(const InstructionKey& key) {
  if (const auto found = live.find(key); found != live.end()) return found->second;
  const std::optional<std::uint32_t> party = PartyNumber(key.party);
  return party.has_value() ? payments->FindFinalToRecord(*party, key) : std::nullopt;
}

void Ledger::State::SetLive(const InstructionState& instruction) {
  const bool is_new = live.insert_or_assign(instruction.key, instruction).second;
  if (is_new && !instruction.uetr.IsNil()) live_by_uetr.emplace(instruction.uetr, instruction.key);
}

void Ledger::State::RemoveLive(const InstructionKey& key) {
  const auto found = live.find(key);
  if (found == live.end()) return;
  const auto [begin, end] = live_by_uetr.equal_range(found->second.uetr);
  const auto by_uetr = std::find_if(begin, end, [&](const auto& one) { return one.second == key; });
  if (by_uetr != end) live_by_uetr.erase(by_uetr);
  live.erase(found);
}

const Ledger::State::Policy* Ledger::State::FindPolicy(const Hash256& hash) const {
  for (const Policy& entry : policies) {
    if (entry.policy.hash == hash) return &entry;
  }
  return nullptr;
}

InstructionKey CompletionKeyOf(const ParticipantId& central_bank, const Hash256& settlement_id) {
  const auto id = InstructionId::Parse(settlement_id.ToHex().substr(0, InstructionId::kSizeMax));
  CW_CHECK(id.ok(), "hexadecimal digits make an instruction id");
  return {central_bank, ActionKind::kComplete, *id};
}

InstructionKey PrepareKeyOf(const ParticipantId& central_bank, const Hash256& list_id) {
  InstructionKey key = CompletionKeyOf(central_bank, list_id);
  key.kind = ActionKind::kPrepare;
  return key;
}

BulkResults PackResults(const BulkExecution& execution, std::size_t item) {
  BulkResults packed{.item = static_cast<std::uint32_t>(item),
                     .first_index = execution.first_index,
                     .kind = execution.kind};
  if (execution.kind == BulkKind::kResolved) {
    AppendResolvedLegs(execution.resolved, packed.results);
  } else {
    AppendPaymentResults(execution.results, packed.results);
  }
  return packed;
}

bool SameBulks(const BatchResult& result, const Batch& batch) {
  return std::equal(result.bulks.begin(), result.bulks.end(), batch.bulks.begin(),
                    batch.bulks.end(), [](const auto& execution, const BulkResults& journaled) {
                      return PackResults(*execution, execution->item) == journaled;
                    });
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::~Ledger() = default;

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Create(const Genesis& genesis,
                                                       const QueueSelector* selector,
                                                       std::unique_ptr<InstructionIndex> payments) {
  if (absl::Status status = CheckGenesis(genesis); !status.ok()) return status;
  auto state = std::make_unique<State>();
  state->genesis = genesis;
  state->selector = selector;
  state->payments = payments != nullptr ? std::move(payments) : MakeMemoryInstructionIndex();
  state->time = genesis.created;
  state->date = genesis.business_date;

  const RegisterParticipant& issuer = genesis.central_bank;
  Participant participant{.id = issuer.participant,
                          .role = issuer.role,
                          .country = issuer.country,
                          .bic = issuer.bic,
                          .lei = issuer.lei};
  for (const PublicKey& key : issuer.keys) {
    participant.keys.push_back({.key = key, .id = KeyIdOf(key)});
    state->participant_by_key[participant.keys.back().id] = 0;
  }
  state->participant_by_id[participant.id] = 0;
  state->participants.push_back(std::move(participant));

  state->AddAccount({.owner_number = 0,
                     .purpose = AccountPurpose::kIssuerLiability,
                     .address = genesis.liability_account});
  return std::unique_ptr<Ledger>(new Ledger(std::move(state)));
}

std::vector<std::optional<PublicKey>> Ledger::KeysOf(const Envelope& envelope) const {
  std::vector<std::optional<PublicKey>> keys;
  keys.reserve(envelope.signatures.size());
  for (const Signature& signature : envelope.signatures) {
    const PublicKey* const key = state_->FindKey(signature.key_id);
    keys.push_back(key == nullptr ? std::nullopt : std::optional(*key));
  }
  return keys;
}

// Parties of other ledgers sign terms too, with keys that this ledger does not know: of terms, only
// the signatures that verify count, and the others say nothing. A refusal there would make
// admission depend on which keys are registered by then, and an observer that admits a little later
// would come to another answer.
ExaminedEnvelope Examine(const Envelope& envelope, const ItemBody& body,
                         std::span<const std::optional<PublicKey>> keys,
                         const SignatureVerifier& verifier) {
  ExaminedEnvelope examined;
  if (absl::Status status = CheckEnvelope(envelope); !status.ok()) {
    examined.refused = Rejection{.outcome = Outcome::kMalformed,
                                 .rule = "envelope",
                                 .message = std::string(status.message())};
    return examined;
  }
  examined.payload_hash = PayloadHash(envelope);
  if (std::holds_alternative<CompleteSettlement>(body)) return examined;  // nobody signs it
  CW_CHECK(keys.size() == envelope.signatures.size(), "every signature has its key or none");
  const bool is_terms =
      std::holds_alternative<PrepareSettlement>(body) || std::holds_alternative<PrepareList>(body);
  std::string message;  // made once it is needed: it may have megabytes
  const auto is_good = [&](const PublicKey& key, std::string_view signature) {
    if (SignsSha256(key.suite)) return verifier.VerifySha256(key, examined.payload_hash, signature);
    if (message.empty()) message = PreAuthEncoding(envelope.payload_type, envelope.payload);
    return verifier.Verify(key, message, signature);
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Signature& signature = envelope.signatures[i];
    if (keys[i].has_value() && is_good(*keys[i], signature.signature)) {
      examined.signers.push_back(signature.key_id);
    } else if (!is_terms) {
      examined.refused =
          Rejection{.outcome = keys[i].has_value() ? Outcome::kBadSignature : Outcome::kUnknownKey,
                    .rule = signature.key_id.ToHex()};
      return examined;
    }
  }
  return examined;
}

std::variant<AdmittedItem, Rejection> Ledger::Admit(const Envelope& envelope, ItemBody body,
                                                    const SignatureVerifier& verifier) const {
  ExaminedEnvelope examined = Examine(envelope, body, KeysOf(envelope), verifier);
  return Admit(std::move(body), std::move(examined), verifier);
}

std::variant<AdmittedItem, Rejection> Ledger::Admit(ItemBody body, ExaminedEnvelope examined,
                                                    const SignatureVerifier& verifier) const {
  const State& state = *state_;
  if (examined.refused.has_value()) return *std::move(examined.refused);
  if (std::holds_alternative<CompleteSettlement>(body)) {
    return AdmitCompletion(std::move(body), examined.payload_hash, verifier);
  }
  const auto* list = std::get_if<PrepareList>(&body);
  if (list != nullptr) {
    const TermsHeader& terms = list->terms;
    for (std::size_t i = 0; i < terms.ledgers.size(); ++i) {
      if (terms.ledgers[i].ledger != state.genesis.ledger) continue;
      if (terms.parts[i].hash == list->part_hash) continue;
      return Rejection{.outcome = Outcome::kLegNotInTerms, .rule = "the part is not the list's"};
    }
  }
  const bool is_terms = list != nullptr || std::holds_alternative<PrepareSettlement>(body);
  AdmittedItem item{.body = std::move(body),
                    .payload_hash = examined.payload_hash,
                    .signers = std::move(examined.signers)};
  if (is_terms) return item;
  const auto* bulk = std::get_if<Bulk>(&item.body);
  std::optional<Rejection> refused = bulk != nullptr
                                         ? CheckInstruction(item, *bulk)
                                         : CheckInstruction(item, std::get<Command>(item.body));
  if (refused.has_value()) return *std::move(refused);
  return item;
}

std::variant<AdmittedItem, Rejection> Ledger::AdmitCompletion(
    ItemBody body, const Hash256& payload_hash, const SignatureVerifier& verifier) const {
  const auto& completion = std::get<CompleteSettlement>(body);
  const DecisionRecord& record = completion.certificate.record;
  const State::Policy* policy = state_->FindPolicy(record.policy_hash);
  if (policy == nullptr) {
    return Rejection{.outcome = Outcome::kUnknownSettlementPolicy,
                     .rule = record.policy_hash.ToHex()};
  }
  const SettlementState* settlement = FindSettlement(completion.settlement_id);
  if (settlement == nullptr && record.verdict == Verdict::kCommit) {
    // Perhaps of a list that is complete. Which it is the log says, and that is not read here,
    // where everybody waits: execution answers it, and whatever the certificate says, nothing
    // changes.
    return AdmittedItem{.body = std::move(body), .payload_hash = payload_hash, .unverified = true};
  }
  const TermsHeader* terms =
      settlement != nullptr && settlement->terms ? &*settlement->terms : nullptr;
  Rejection verdict = VerifyCertificate(completion, policy->policy, terms, verifier);
  if (verdict.outcome != Outcome::kAccepted) return verdict;
  return AdmittedItem{.body = std::move(body), .payload_hash = payload_hash};
}

namespace {

Rejection WrongLedger(const Genesis& genesis, std::string message) {
  return Rejection{
      .outcome = Outcome::kWrongLedger,
      .rule = "this is " + genesis.ledger.ToString() + " with genesis " + genesis.hash.ToHex(),
      .message = std::move(message)};
}

}  // namespace

// What a command and a bulk have in common.
template <typename Signed>
std::optional<Rejection> Ledger::CheckInstruction(const AdmittedItem& item,
                                                  const Signed& what) const {
  const State& state = *state_;
  const Genesis& genesis = state.genesis;
  if (what.ledger != genesis.ledger) {
    return WrongLedger(genesis, "the payload names the ledger " + what.ledger.ToString() +
                                    "; this is " + genesis.ledger.ToString());
  }
  if (what.genesis_hash != genesis.hash) {
    return WrongLedger(genesis, "the payload names " + genesis.ledger.ToString() +
                                    " with genesis hash " + what.genesis_hash.ToHex() +
                                    "; this is the ledger of that name with " +
                                    genesis.hash.ToHex());
  }
  if (!state.IsSignedBy(item, what.party)) {
    return Rejection{.outcome = Outcome::kNotSignedByParty, .rule = what.party.ToString()};
  }
  return std::nullopt;
}

std::vector<InstructionKey> Ledger::KeysLookedFor(const AdmittedItem& item) const {
  std::vector<InstructionKey> keys;
  const auto add = [&](const InstructionKey& key) {
    if (!state_->live.contains(key)) keys.push_back(key);
  };
  const auto add_payment = [&](const ParticipantId& party, const InstructionId& id,
                               const Pay& pay) {
    add({party, ActionKind::kPay, id});
    if (pay.cites.kind != ActionKind::kNone) add(pay.cites);
  };
  if (const auto* bulk = std::get_if<Bulk>(&item.body)) {
    add({bulk->party, ActionKind::kPayBulk, InstructionIdOf(bulk->id)});
  } else if (const auto* prepare = std::get_if<PrepareSettlement>(&item.body)) {
    if (FindSettlement(prepare->terms.settlement_id) != nullptr) return keys;  // its legs are live
    add(CompletionKeyOf(state_->central_bank(), prepare->terms.settlement_id));
    for (const ProvenLeg& leg : prepare->legs) {
      if (!state_->IsSignedBy(item, leg.leg.party)) break;  // refused there
      add(KeyOf(leg.leg));
    }
  } else if (const auto* list = std::get_if<PrepareList>(&item.body)) {
    add(CompletionKeyOf(state_->central_bank(), list->terms.settlement_id));
    add(PrepareKeyOf(state_->central_bank(), list->terms.settlement_id));
  } else if (const auto* completion = std::get_if<CompleteSettlement>(&item.body)) {
    if (FindSettlement(completion->settlement_id) != nullptr) return keys;
    add(CompletionKeyOf(state_->central_bank(), completion->settlement_id));
    add(PrepareKeyOf(state_->central_bank(), completion->settlement_id));
  } else {
    const Command& command = std::get<Command>(item.body);
    if (const auto* batch = std::get_if<PayBatch>(&command.action)) {
      for (const Pay& pay : batch->payments) add_payment(command.party, pay.id, pay);
    } else if (const auto* pay = std::get_if<Pay>(&command.action)) {
      add_payment(command.party, command.id, *pay);
    } else {
      add({command.party, KindOf(command.action), command.id});
      if (const auto* order = std::get_if<OrderAbort>(&command.action)) {
        add(CompletionKeyOf(state_->central_bank(), order->settlement_id));
      }
    }
  }
  return keys;
}

std::optional<Hash256> Ledger::SettlementLookedFor(const AdmittedItem& item) const {
  std::optional<Hash256> id;
  if (const auto* prepare = std::get_if<PrepareSettlement>(&item.body)) {
    id = prepare->terms.settlement_id;
  } else if (const auto* completion = std::get_if<CompleteSettlement>(&item.body)) {
    id = completion->settlement_id;
  } else if (const auto* command = std::get_if<Command>(&item.body)) {
    const auto* order = std::get_if<OrderAbort>(&command->action);
    if (order != nullptr) id = order->settlement_id;
  }
  if (id.has_value() && FindSettlement(*id) != nullptr) id.reset();
  return id;
}

const FundsLock* Ledger::FindLock(const InstructionKey& key) const {
  const auto found = state_->locks.find(key);
  return found == state_->locks.end() ? nullptr : &found->second;
}

AdmittedItem Ledger::AdmitFromJournal(const Envelope& envelope, ItemBody body) {
  AdmittedItem item{.body = std::move(body), .payload_hash = PayloadHash(envelope)};
  for (const Signature& signature : envelope.signatures) {
    item.signers.push_back(signature.key_id);
  }
  return item;
}

BatchResult Ledger::ApplyBatch(LedgerTime now, std::span<const AdmittedItem> items) {
  return LedgerExecutor(*state_, now).Run(items);
}

Rejection Ledger::WouldSettle(LedgerTime now, const AdmittedItem& payment) const {
  return LedgerExecutor(*state_, now).WouldSettle(payment);
}

void Ledger::CheckConservation() const {
  absl::int128 total = 0;
  for (const AccountState& account : state_->accounts) {
    total += account.available.minor();
    total += account.held.minor();
    CW_CHECK(!account.held.IsNegative(), "a hold is not negative");
    CW_CHECK(!account.incoming_reserved.IsNegative(), "a reservation is not negative");
  }
  CW_CHECK(total == 0, "the sum over all accounts is zero");
}

const Genesis& Ledger::genesis() const { return state_->genesis; }
LedgerTime Ledger::time() const { return state_->time; }
BusinessDate Ledger::date() const { return state_->date; }
DayPhase Ledger::phase() const { return state_->phase; }
std::uint64_t Ledger::next_index() const { return state_->next_index; }
std::uint64_t Ledger::next_batch_number() const { return state_->next_batch; }

Amount Ledger::issued() const {
  const auto issued = CheckedNegate(state_->accounts[state_->liability].available);
  // Redemption never exceeds issue, so the liability is at most zero; the smallest number is not
  // reached because each issue is checked against the same bound.
  CW_CHECK(issued.has_value(), "the liability is within range");
  return *issued;
}

const Participant* Ledger::FindParticipant(const ParticipantId& id) const {
  return state_->FindParticipant(id);
}

std::optional<std::uint32_t> Ledger::PartyNumber(const ParticipantId& id) const {
  return state_->PartyNumber(id);
}

const std::vector<Participant>& Ledger::participants() const { return state_->participants; }

const AccountState* Ledger::FindAccount(const AccountAddress& address) const {
  return state_->FindAccount(address);
}

const ParticipantId& Ledger::OwnerOf(const AccountState& account) const {
  return state_->OwnerOf(account);
}

const ChunkedVector<AccountState>& Ledger::accounts() const { return state_->accounts; }

const InstructionIndex& Ledger::payments() const { return *state_->payments; }

const PaymentQueue& Ledger::queue() const { return state_->queue; }

absl::StatusOr<std::uint64_t> Ledger::FindInBulks(const InstructionKey& key) const {
  return state_->FindInBulks(key);
}

absl::StatusOr<std::optional<InstructionState>> Ledger::FindInstruction(
    const InstructionKey& key) const {
  return state_->FindInstruction(key);
}

absl::StatusOr<InstructionIndex::UetrPage> Ledger::FindByUetr(const Uetr& uetr,
                                                              std::uint64_t from_leaf,
                                                              std::size_t count) const {
  absl::StatusOr<InstructionIndex::UetrPage> page =
      state_->payments->FindByUetr(uetr, from_leaf, count);
  if (!page.ok()) return page.status();
  // Those that are not final lie here; of these the page has all that come before its end.
  const auto [begin, end] = state_->live_by_uetr.equal_range(uetr);
  for (auto one = begin; one != end; ++one) {
    const InstructionState& live = state_->live.at(one->second);
    if (live.entry_index < from_leaf) continue;
    if (page->next_leaf != InstructionIndex::kNoLeaf && live.entry_index >= page->next_leaf) {
      continue;
    }
    page->found.push_back({live.entry_index, live});
  }
  std::sort(page->found.begin(), page->found.end(),
            [](const auto& left, const auto& right) { return left.leaf < right.leaf; });
  if (page->found.size() > count) {
    page->next_leaf = page->found[count].leaf;
    page->found.resize(count);
  }
  return page;
}

const SettlementState* Ledger::FindSettlement(const Hash256& settlement_id) const {
  const auto found = state_->settlements.find(settlement_id);
  return found == state_->settlements.end() ? nullptr : &found->second;
}

absl::StatusOr<std::optional<InstructionState>> Ledger::FindCompletion(
    const Hash256& settlement_id) const {
  auto found = FindInstruction(CompletionKeyOf(state_->central_bank(), settlement_id));
  if (found.ok() && found->has_value() && (*found)->settlement_id != settlement_id) found->reset();
  return found;
}

absl::StatusOr<std::optional<EndedSettlement>> Ledger::FindEnded(
    const Hash256& settlement_id) const {
  const auto completion = FindCompletion(settlement_id);
  if (!completion.ok()) return completion.status();
  if (!completion->has_value()) return state_->payments->FindSettlement(settlement_id);
  return std::optional(EndedSettlement{.status = (*completion)->status,
                                       .rejection = (*completion)->rejection,
                                       .entry_index = (*completion)->entry_index});
}

std::vector<const SettlementState*> Ledger::PreparedSettlements() const {
  std::vector<const SettlementState*> prepared;
  prepared.reserve(state_->settlements.size());
  for (const auto& [id, settlement] : state_->settlements) prepared.push_back(&settlement);
  return prepared;
}

std::vector<AwaitingInstruction> Ledger::AwaitingAfter(const InstructionKey& after,
                                                       std::size_t count,
                                                       const ParticipantId& party) const {
  std::vector<AwaitingInstruction> awaiting;
  // Keys are in the order of their parties.
  const InstructionKey first{party, ActionKind::kNone, {}};
  for (auto next = state_->awaiting.upper_bound(std::max(after, first));
       next != state_->awaiting.end() && awaiting.size() < count; ++next) {
    const InstructionKey& key = next->first;
    if (!party.IsEmpty() && key.party != party) break;
    awaiting.push_back(*FindAwaiting(key));
  }
  return awaiting;
}

std::optional<AwaitingInstruction> Ledger::FindAwaiting(const InstructionKey& key) const {
  const auto found = state_->awaiting.find(key);
  if (found == state_->awaiting.end()) return std::nullopt;
  return AwaitingInstruction{.instruction = state_->live.at(key),
                             .account = state_->accounts[found->second.account].address,
                             .amount = found->second.amount};
}

const SettlementPolicy* Ledger::FindPolicy(const Hash256& hash) const {
  const State::Policy* found = state_->FindPolicy(hash);
  return found == nullptr ? nullptr : &found->policy;
}

std::vector<Hash256> Ledger::PoliciesInForce() const {
  std::vector<Hash256> hashes;
  for (const State::Policy& entry : state_->policies) {
    if (entry.in_force) hashes.push_back(entry.policy.hash);
  }
  return hashes;
}

}  // namespace causeway::core
