// The state root: what two copies of a ledger compare to know that they agree. The encoding is
// specified in docs/formats/state-root.md; keep the two together.
#include "settlement/core/hash.h"
#include "settlement/core/ledger_snapshot_records.h"
#include "settlement/core/ledger_state.h"

namespace causeway::core {
namespace {

constexpr char kDomain[] = "causeway/state/v2\n";
// What is encoded before it is hashed: the encoding of millions of accounts is never there whole.
constexpr std::size_t kHashedAtOnce = std::size_t{1} << 16;

void WriteRootParticipant(const Participant& participant, Writer& writer) {
  writer.Sized(participant.id.text())
      .U8(static_cast<std::uint8_t>(participant.role))
      .Sized(participant.country.code())
      .Sized(participant.bic.text())
      .Sized(participant.lei.text())
      .U32(static_cast<std::uint32_t>(participant.keys.size()));
  for (const Participant::Key& key : participant.keys) {
    writer.Hash(key.id).U8(key.revoked ? 1 : 0);
  }
}

void WriteRootAccount(const AccountState& account, const ParticipantId& owner, Writer& writer) {
  writer.Sized(account.address.text())
      .Sized(owner.text())
      .U8(static_cast<std::uint8_t>(account.purpose))
      .I64(account.available.minor())
      .I64(account.held.minor())
      .I64(account.incoming_reserved.minor())
      .I64(account.holding_limit.minor())
      .I64(account.credit_line.minor())
      .U8(static_cast<std::uint8_t>((account.frozen ? 1 : 0) | (account.closed ? 2 : 0)))
      .U64(account.posting_count);
}

void WriteRootQueue(const PaymentQueue& queue, Writer& writer) {
  const QueueRules& rules = queue.rules();
  if (queue.selects()) {
    queue.WriteSelected(writer);
  } else {
    writer.U8(static_cast<std::uint8_t>(rules.discipline))
        .U8(static_cast<std::uint8_t>(rules.optimisation))
        .I64(rules.optimise_every.micros())
        .U32(rules.queued_max)
        .I64(queue.next_optimisation.micros());
  }
  writer.U64(queue.size());
  for (const auto& [debtor, waiting] : queue.accounts()) {
    for (const auto& [place, payment] : waiting) {
      writer.Sized(payment.key.party.text())
          .Sized(payment.key.id.text())
          .U32(debtor)
          .U32(payment.creditor)
          .I64(payment.amount.minor())
          .U8(static_cast<std::uint8_t>(payment.priority))
          .U64(payment.since);
      if (rules.splitting != QueueSplitting{}) writer.I64(payment.settled.minor());
    }
  }
}

// Hashes what is in `writer`, and empties it.
void HashAndClear(Writer& writer, Sha256Hasher& hasher) {
  hasher.Update(writer.bytes());
  writer = Writer();
}

}  // namespace

Hash256 Ledger::StateRoot() const {
  const State& state = *state_;
  Sha256Hasher hasher;
  Writer writer;
  writer.Raw(std::string_view(kDomain, sizeof(kDomain) - 1));
  writer.Hash(state.genesis.hash)
      .I64(state.time.micros())
      .U32(static_cast<std::uint32_t>(state.date.days()))
      .U8(static_cast<std::uint8_t>(state.phase))
      .U64(state.policy_version)
      .U64(state.next_index)
      .U64(state.next_batch);
  writer.U64(state.participants.size());
  for (const Participant& participant : state.participants)
    WriteRootParticipant(participant, writer);
  writer.U64(state.accounts.size());
  for (const AccountState& account : state.accounts) {
    WriteRootAccount(account, state.OwnerOf(account), writer);
    if (writer.bytes().size() >= kHashedAtOnce) HashAndClear(writer, hasher);
  }
  writer.U64(state.instructions_recorded);
  writer.U64(state.awaiting.size());
  for (const auto& [key, waiting] : state.awaiting) {
    writer.Sized(key.party.text())
        .U8(static_cast<std::uint8_t>(key.kind))
        .Sized(key.id.text())
        .I64(waiting.amount.minor());
  }
  writer.U64(state.settlements.size());
  for (const auto& [id, settlement] : state.settlements) {
    writer.Hash(id).U64(settlement.entry_index);
  }
  writer.U64(state.policies.size());
  for (const State::Policy& policy : state.policies) {
    writer.Hash(policy.policy.hash).U8(policy.in_force ? 1 : 0);
  }
  // Nothing where nobody ever locked, queued, forbade or set terms for anything: such a state
  // hashes as it did before.
  const bool has_queue = state.queue.rules().discipline != QueueDiscipline::kNone;
  const bool has_terms = state.has_terms();
  const bool has_orders = !state.abort_orders.empty() || has_terms;
  if (!state.locks.empty() || has_queue || has_orders) writer.U64(state.locks.size());
  for (const auto& [key, lock] : state.locks) {
    writer.Sized(key.party.text())
        .Sized(key.id.text())
        .U8(static_cast<std::uint8_t>(lock.status))
        .I64(lock.amount.minor())
        .Hash(lock.hash_lock)
        .I64(lock.expires.micros())
        .Hash(lock.secret);
  }
  if (has_queue) WriteRootQueue(state.queue, writer);
  if (has_orders) {
    if (!has_queue) writer.U8(static_cast<std::uint8_t>(QueueDiscipline::kNone));
    writer.U64(state.abort_orders.size());
    for (const auto& [id, entry] : state.abort_orders) writer.Hash(id).U64(entry);
  }
  if (has_terms) {
    writer.U32(state.credit_price.ppm_per_day)
        .U32(state.credit_price.fees_account)
        .U64(state.terms.size());
    for (const auto& [number, terms] : state.terms) WriteAccountTerms(number, terms, writer);
  }
  HashAndClear(writer, hasher);
  return hasher.Finish();
}

}  // namespace causeway::core
