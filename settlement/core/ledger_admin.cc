// Instructions that change who takes part and under which rules: participants, keys, accounts,
// freezes, limits, the business day, settlement policies.
#include <algorithm>
#include <set>
#include <utility>

#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/ledger_executor.h"

namespace causeway::core {
namespace {

constexpr std::size_t kKeysPerParticipantMax = 64;

Rejection Invalid(std::string rule) {
  return Rejection{.outcome = Outcome::kInvalidField, .rule = std::move(rule)};
}

bool IsActive(const Participant::Key& key) { return !key.revoked; }

}  // namespace

LedgerExecutor::MaybeRejection LedgerExecutor::CheckKeys(const std::vector<PublicKey>& keys) const {
  std::set<KeyId> seen;
  for (const PublicKey& key : keys) {
    const auto& suites = state_.genesis.suites;
    if (std::find(suites.begin(), suites.end(), key.suite) == suites.end()) {
      return Invalid("keys: suite " + std::string(SuiteName(key.suite)) +
                     " is not accepted on this ledger");
    }
    if (key.suite != SuiteId::kModelled && !Verifier::Create(key).ok()) {
      return Invalid("keys: not a valid public key of its suite");
    }
    const KeyId id = KeyIdOf(key);
    if (!seen.insert(id).second || state_.participant_by_key.contains(id)) {
      return Rejection{.outcome = Outcome::kAlreadyExists, .rule = "key " + id.ToHex()};
    }
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoRegister(const Context& context,
                                                          const ParticipantId& party,
                                                          const RegisterParticipant& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (state_.participant_by_id.contains(action.participant)) {
    return Rejection{.outcome = Outcome::kAlreadyExists,
                     .rule = "participant " + action.participant.ToString()};
  }
  if (action.role == Role::kNone || action.role == Role::kCentralBank) {
    return Invalid("role: a ledger has one central bank, named in its genesis");
  }
  if (action.keys.size() > kKeysPerParticipantMax) return Invalid("keys: at most 64");
  if (action.keys.empty() && action.role != Role::kBridge && action.role != Role::kObserver) {
    return Invalid("keys: a participant that instructs needs one or more");
  }
  if (auto rejection = CheckKeys(action.keys)) return rejection;

  Participant participant{.id = action.participant,
                          .role = action.role,
                          .country = action.country,
                          .bic = action.bic,
                          .lei = action.lei};
  const std::size_t position = state_.participants.size();
  for (const PublicKey& key : action.keys) {
    participant.keys.push_back({.key = key, .id = KeyIdOf(key)});
    state_.participant_by_key[participant.keys.back().id] = position;
  }
  state_.participant_by_id[participant.id] = position;
  state_.participants.push_back(std::move(participant));
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoUpdateKeys(const Context& context,
                                                            const ParticipantId& party,
                                                            const UpdateKeys& action) {
  const auto found = state_.participant_by_id.find(action.participant);
  if (found == state_.participant_by_id.end()) {
    return Rejection{.outcome = Outcome::kUnknownParticipant,
                     .rule = action.participant.ToString()};
  }
  Participant& participant = state_.participants[found->second];
  const bool own = party == participant.id && party != state_.central_bank();
  if (!own) {
    if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  }
  const auto revokes = [&](const KeyId& id) {
    return std::find(action.revoke.begin(), action.revoke.end(), id) != action.revoke.end();
  };
  for (const KeyId& id : action.revoke) {
    const bool known =
        std::any_of(participant.keys.begin(), participant.keys.end(),
                    [&](const Participant::Key& key) { return key.id == id && IsActive(key); });
    if (!known)
      return Invalid("revoke: " + id.ToHex() + " is not an active key of the participant");
  }
  if (own) {
    // A stolen key must not lock its owner out: a key that stays has to sign.
    const bool stays = std::any_of(context.item->signers.begin(), context.item->signers.end(),
                                   [&](const KeyId& signer) {
                                     const Participant* by = state_.FindByKey(signer);
                                     return by != nullptr && by->id == party && !revokes(signer);
                                   });
    if (!stays) return Invalid("revoke: a key that stays valid must sign");
  }
  if (auto rejection = CheckKeys(action.add)) return rejection;
  const auto active = static_cast<std::size_t>(std::count_if(
      participant.keys.begin(), participant.keys.end(),
      [&](const Participant::Key& key) { return IsActive(key) && !revokes(key.id); }));
  const bool issuer = participant.id == state_.central_bank();
  if (issuer && active + action.add.size() < state_.genesis.approvers_needed) {
    return Invalid("revoke: too few approvers would be left");
  }
  if (participant.keys.size() + action.add.size() > kKeysPerParticipantMax) {
    return Invalid("add: at most 64 keys in all, revoked ones included");
  }

  for (Participant::Key& key : participant.keys) {
    if (revokes(key.id)) key.revoked = true;
  }
  for (const PublicKey& key : action.add) {
    participant.keys.push_back({.key = key, .id = KeyIdOf(key)});
    state_.participant_by_key[participant.keys.back().id] = found->second;
  }
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoOpenAccount(const Context& context,
                                                             const ParticipantId& party,
                                                             const OpenAccount& action) {
  const bool own_wallet = action.purpose == AccountPurpose::kWallet && action.owner == party &&
                          action.credit_line.IsZero();
  if (!own_wallet) {
    if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  }
  const Participant* owner = state_.FindParticipant(action.owner);
  if (owner == nullptr) {
    return Rejection{.outcome = Outcome::kUnknownParticipant, .rule = action.owner.ToString()};
  }
  if (owner->role == Role::kBridge || owner->role == Role::kObserver) {
    return Invalid("owner: a bridge or observer owns no account");
  }
  if (action.address.currency() != state_.genesis.currency) {
    return Rejection{.outcome = Outcome::kWrongCurrency, .rule = action.address.ToString()};
  }
  if (state_.account_by_address.contains(action.address)) {
    return Rejection{.outcome = Outcome::kAlreadyExists,
                     .rule = "account " + action.address.ToString()};
  }
  const bool allowed = action.purpose == AccountPurpose::kSettlement ||
                       action.purpose == AccountPurpose::kWallet ||
                       action.purpose == AccountPurpose::kFees;
  if (!allowed) {
    return Rejection{.outcome = Outcome::kWrongAccountPurpose, .rule = "purpose"};
  }
  if (action.holding_limit.IsNegative()) return Invalid("holding_limit: 0 or more");
  if (action.credit_line.IsNegative()) return Invalid("credit_line: 0 or more");

  if (auto rejection = CheckRoomForTerms(IsCreditPriced(action.credit_line) ? 1 : 0)) {
    return rejection;
  }

  state_.AddAccount({.holding_limit = action.holding_limit,
                     .credit_line = action.credit_line,
                     .owner_number = *state_.PartyNumber(action.owner),
                     .purpose = action.purpose,
                     .non_resident = owner->country != state_.genesis.central_bank.country,
                     .address = action.address});
  if (IsCreditPriced(action.credit_line)) TermsToChange(state_.accounts.back());
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoCloseAccount(const Context& context,
                                                              const ParticipantId& party,
                                                              const CloseAccount& action) {
  AccountState* account = nullptr;
  if (auto rejection = FindOpen(action.address, account)) return rejection;
  if (state_.OwnerOf(*account) != party) {
    if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  }
  if (!account->available.IsZero() || !account->held.IsZero() ||
      !account->incoming_reserved.IsZero()) {
    return Rejection{.outcome = Outcome::kAccountNotEmpty,
                     .actual = account->available.minor(),
                     .rule = action.address.ToString()};
  }
  const std::size_t position = state_.PositionOf(action.address);
  for (const auto& [key, waiting] : state_.awaiting) {
    if (waiting.account == position) {
      return Rejection{.outcome = Outcome::kAccountNotEmpty,
                       .rule = key.id.ToString() + " awaits approval"};
    }
  }
  if (state_.queue.Find(account->number) != nullptr || state_.queue.Awaits(account->number)) {
    return Rejection{.outcome = Outcome::kAccountNotEmpty, .rule = "a payment of it is queued"};
  }
  if (account->number == state_.credit_price.fees_account) {
    return Rejection{.outcome = Outcome::kAccountNotEmpty, .rule = "credit charges are paid to it"};
  }
  if (const AccountTerms* terms = state_.FindTerms(*account)) {
    const std::optional<Amount> owed = CreditCharge(terms->credit_cost);
    if (!owed.has_value() || !owed->IsZero()) {
      return Rejection{.outcome = Outcome::kAccountNotEmpty,
                       .actual = owed.value_or(Amount::Max()).minor(),
                       .rule = "a credit charge is owed"};
    }
    state_.terms.erase(account->number);
    account->has_terms = false;
  }
  account->closed = true;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetFreeze(const Context& context,
                                                           const ParticipantId& party,
                                                           const SetFreeze& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  AccountState* account = nullptr;
  if (auto rejection = FindOpen(action.address, account)) return rejection;
  if (auto rejection = CheckText(action.legal_basis, "legal_basis")) return rejection;
  account->frozen = action.frozen;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetLimits(const Context& context,
                                                           const ParticipantId& party,
                                                           const SetLimits& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  AccountState* account = nullptr;
  if (auto rejection = FindOpen(action.address, account)) return rejection;
  if (action.holding_limit.IsNegative()) return Invalid("holding_limit: 0 or more");
  if (action.credit_line.IsNegative()) return Invalid("credit_line: 0 or more");
  const AccountTerms* terms = state_.FindTerms(*account);
  if (terms != nullptr && terms->collateral.IsPositive() &&
      action.credit_line != account->credit_line) {
    return Invalid("credit_line: it rests on collateral and is set by SetCredit");
  }
  if (auto rejection = CheckCreditLine(*account, action.credit_line)) return rejection;
  account->holding_limit = action.holding_limit;
  SetCreditLine(*account, action.credit_line);
  state_.policy_version += 1;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetDayPhase(const Context& context,
                                                             const ParticipantId& party,
                                                             const SetDayPhase& action) {
  if (party != state_.central_bank()) {
    return Rejection{.outcome = Outcome::kNotAuthorised, .rule = "central bank only"};
  }
  const bool same_date = action.date == next_date_;
  bool follows = false;
  switch (action.phase) {
    case DayPhase::kOpen:
      follows = next_phase_ == DayPhase::kClosed &&
                (action.date > next_date_ || (same_date && !state_.opened_before));
      break;
    case DayPhase::kCutOff:
      follows = next_phase_ == DayPhase::kOpen && same_date;
      break;
    case DayPhase::kClosed:
      follows = next_phase_ == DayPhase::kCutOff && same_date;
      break;
    case DayPhase::kNone:
      break;
  }
  if (!follows) {
    return Rejection{
        .outcome = Outcome::kWrongDayPhase,
        .rule = "now " + next_date_.ToString() + " " + std::string(DayPhaseName(next_phase_))};
  }
  next_date_ = action.date;
  next_phase_ = action.phase;
  if (action.phase == DayPhase::kClosed) {
    day_ended_ = true;
    day_end_payload_ = context.item->payload_hash;
  }
  if (action.phase == DayPhase::kOpen) state_.queue.StartDay(header_.time);
  state_.opened_before = true;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetPolicy(const Context& context,
                                                           const ParticipantId& party,
                                                           const SetSettlementPolicy& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  const SettlementPolicy& policy = action.policy;
  auto known = std::find_if(
      state_.policies.begin(), state_.policies.end(),
      [&](const Ledger::State::Policy& entry) { return entry.policy.hash == policy.hash; });
  if (action.withdraw) {
    if (known == state_.policies.end() || !known->in_force) {
      return Rejection{.outcome = Outcome::kInvalidField, .rule = "policy: not in force"};
    }
    known->in_force = false;
    state_.policy_version += 1;
    Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
    return std::nullopt;
  }
  if (known != state_.policies.end()) {
    return Rejection{.outcome = Outcome::kAlreadyExists, .rule = "policy"};
  }
  if (absl::Status witnesses = CheckWitnesses(policy); !witnesses.ok()) {
    return Invalid(std::string(witnesses.message()));
  }
  const PolicyLedger* here = policy.Find(state_.genesis.ledger);
  if (here == nullptr || here->genesis_hash != state_.genesis.hash ||
      here->key != state_.genesis.ledger_key) {
    return Invalid("ledgers: this ledger is missing, or its genesis hash or key differ");
  }
  for (const Ledger::State::Policy& earlier : state_.policies) {
    if (earlier.policy.decision_log == policy.decision_log &&
        earlier.policy.epoch >= policy.epoch) {
      return Invalid("epoch: must be above " + std::to_string(earlier.policy.epoch));
    }
  }
  state_.policies.push_back({.policy = policy});
  state_.policy_version += 1;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

}  // namespace causeway::core
