#include "scenarios/simulator/hash_lock_mechanism.h"

#include <utility>

#include "fmt/format.h"
#include "scenarios/mechanisms/meter.h"
#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/participants.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kPartySide = 0;
constexpr std::size_t kCounterpartySide = 1;
constexpr std::size_t kHashLockSecretBytes = 32;

core::InstructionId HashLockId(const std::string& text) {
  const absl::StatusOr<core::InstructionId> id = core::InstructionId::Parse(text);
  CW_CHECK(id.ok(), "the compiler leaves room after the ids of settlements");
  return *id;
}

}  // namespace

LedgerIndex HashLockMechanism::LedgerOf(const Trade& trade, std::size_t side) const {
  return side == kPartySide ? trade.what.party_ledger : trade.what.counterparty_ledger;
}

ParticipantIndex HashLockMechanism::TraderOf(const Trade& trade, std::size_t side) const {
  return side == kPartySide ? trade.what.party : trade.what.counterparty;
}

core::Amount HashLockMechanism::AmountOf(const Trade& trade, std::size_t side) const {
  return side == kPartySide ? trade.what.party_amount : trade.what.counterparty_amount;
}

core::LedgerTime HashLockMechanism::TimeAt(const Trade& trade, std::size_t side) const {
  return world_.clocks.TimeAt(world_.nodes.Participant(TraderOf(trade, side)));
}

core::InstructionKey HashLockMechanism::LockKeyOf(ActionIndex action, std::size_t side) const {
  const Trade& trade = *trades_[action];
  return {world_.plan.participants[TraderOf(trade, side)].id, core::ActionKind::kLockFunds,
          HashLockId(fmt::format("{}-L{}", world_.plan.actions[action].id, side + 1))};
}

void HashLockMechanism::Settle(ActionIndex action, Done done) {
  const Plan& plan = world_.plan;
  trades_[action] = std::make_unique<Trade>();
  Trade& trade = At(action);
  trade.what = std::get<SettlePvp>(plan.actions[action].what);
  trade.done = std::move(done);
  trade.started = world_.clock.now();
  core::RandomStream secrets(plan.seed, fmt::format("hash-lock/{}", plan.actions[action].id));
  const auto secret = core::Hash256::FromBytes(secrets.Bytes(kHashLockSecretBytes));
  CW_CHECK(secret.has_value(), "a secret has 32 bytes");
  trade.hash_lock = core::Sha256(secret->view());
  const PlannedHtlc& terms = plan.mechanism.htlc;
  trade.sides[kPartySide].trader.emplace(HashLockTrader::Role::kParty, terms,
                                         TimeAt(trade, kPartySide), Withholds(plan, action, false),
                                         *secret);
  trade.sides[kCounterpartySide].trader.emplace(HashLockTrader::Role::kCounterparty, terms,
                                                TimeAt(trade, kCounterpartySide),
                                                Withholds(plan, action, true), core::Hash256{});
  Continue(action, kPartySide);
  Continue(action, kCounterpartySide);
}

void HashLockMechanism::Continue(ActionIndex action, std::size_t side) {
  switch (At(action).sides[side].trader->Next(TimeAt(At(action), side))) {
    case TraderStep::kLock:
      return Lock(action, side);
    case TraderStep::kWatchOwn:
      return Watch(action, side, side);
    case TraderStep::kWatchOther:
      return Watch(action, side, 1 - side);
    case TraderStep::kClaim:
      return Claim(action, side);
    case TraderStep::kRefund:
      return Refund(action, side);
    case TraderStep::kEnd:
      return End(action, side);
  }
}

core::Item HashLockMechanism::Sign(ActionIndex action, std::size_t side, LedgerIndex ledger,
                                   core::InstructionId id, core::Action what) const {
  const Trade& trade = *trades_[action];
  const PlannedLedger& planned = world_.plan.ledgers[ledger];
  const ParticipantIndex trader = TraderOf(trade, side);
  const core::Command command{.ledger = planned.origin,
                              .genesis_hash = planned.genesis.hash,
                              .party = world_.plan.participants[trader].id,
                              .id = id,
                              .valid_until = TimeAt(trade, side) + kValidFor,
                              .action = std::move(what)};
  const core::Signer* const signer = &keys_.participant(trader);
  absl::StatusOr<core::Envelope> envelope =
      core::SignEnvelope(core::kCommandPayloadType, codec::EncodeCommand(command), {&signer, 1});
  CW_CHECK(envelope.ok(), "a command of a plan can be signed with the plan's keys");
  return {.envelope = *std::move(envelope), .attachments = {}};
}

core::InstructionId HashLockMechanism::NextId(ActionIndex action, std::size_t side) {
  const std::uint32_t number = ++At(action).sides[side].commands;
  return HashLockId(fmt::format("{}-{}{}", world_.plan.actions[action].id,
                                side == kPartySide ? 'P' : 'C', number));
}

void HashLockMechanism::Lock(ActionIndex action, std::size_t side) {
  Trade& trade = At(action);
  Side& own = trade.sides[side];
  const LedgerIndex ledger = LedgerOf(trade, side);
  const core::InstructionKey key = LockKeyOf(action, side);
  if (!own.lock) {
    core::RandomStream random(world_.plan.seed, fmt::format("hash-lock-uetr/{}", key.id.text()));
    own.lock = Sign(
        action, side, ledger, key.id,
        core::LockFunds{.debtor = world_.plan.AccountOf(TraderOf(trade, side), ledger),
                        .creditor = world_.plan.AccountOf(TraderOf(trade, 1 - side), ledger),
                        .amount = {world_.plan.ledgers[ledger].currency, AmountOf(trade, side)},
                        .hash_lock = trade.hash_lock,
                        .expires = own.trader->expires(),
                        .uetr = core::Uetr::FromRandomBytes(random.Bytes16())});
    if (world_.meter != nullptr) {
      world_.meter->Link(ledger, key, {action, side == kCounterpartySide, own.trader->expires()});
    }
  }
  Submit(action, side, ledger, *own.lock, [this, action, side](const core::Rejection& outcome) {
    At(action).sides[side].trader->OnLocked(outcome);
  });
}

void HashLockMechanism::Claim(ActionIndex action, std::size_t side) {
  const Trade& trade = At(action);
  const LedgerIndex ledger = LedgerOf(trade, 1 - side);
  const core::InstructionKey lock = LockKeyOf(action, 1 - side);
  const core::Item item =
      Sign(action, side, ledger, NextId(action, side),
           core::ClaimLock{lock.party, lock.id, trade.sides[side].trader->secret()});
  Submit(action, side, ledger, item, [this, action, side](const core::Rejection& outcome) {
    Trade& at = At(action);
    at.sides[side].trader->OnClaimed(outcome);
    if (outcome.outcome != core::Outcome::kAccepted) return;
    moved_.push_back({LedgerOf(at, 1 - side), TraderOf(at, 1 - side), TraderOf(at, side),
                      AmountOf(at, 1 - side)});
  });
}

void HashLockMechanism::Refund(ActionIndex action, std::size_t side) {
  const LedgerIndex ledger = LedgerOf(At(action), side);
  core::Item item = Sign(action, side, ledger, NextId(action, side),
                         core::RefundLock{LockKeyOf(action, side).id});
  Submit(action, side, ledger, item, [this, action, side](const core::Rejection& outcome) {
    At(action).sides[side].trader->OnRefunded(outcome);
  });
}

void HashLockMechanism::Submit(ActionIndex action, std::size_t side, LedgerIndex ledger,
                               const core::Item& item, const OnOutcome& on_outcome) {
  const auto items = std::make_shared<const std::vector<core::Item>>(1, item);
  const std::uint32_t sequence = ++At(action).sides[side].sequence;
  Send(action, side, sequence, ledger, items, on_outcome);
}

void HashLockMechanism::Send(ActionIndex action, std::size_t side, std::uint32_t sequence,
                             LedgerIndex ledger,
                             const std::shared_ptr<const std::vector<core::Item>>& items,
                             const OnOutcome& on_outcome) {
  if (At(action).sides[side].sequence != sequence) return;
  LedgerNode& node = *ledgers_[ledger];
  const NodeIndex trader = world_.nodes.Participant(TraderOf(At(action), side));
  const auto on_reply = [this, action, side, sequence, on_outcome](const ItemsReply& reply) {
    const InstructionReply& instruction = reply.instructions.front();
    // A refusal is of the moment, and leaves no trace: it is sent again.
    if (instruction.status == core::InstructionStatus::kNone) return;
    if (At(action).sides[side].sequence != sequence) return;
    ++At(action).sides[side].sequence;
    core::Rejection outcome = instruction.rejection;
    if (instruction.status != core::InstructionStatus::kRejected) {
      outcome.outcome = core::Outcome::kAccepted;
    }
    on_outcome(outcome);
    Continue(action, side);
  };
  world_.network.Send(trader, node.index(), [this, &node, trader, items, on_reply] {
    node.Submit(items,
                [this, &node, trader, on_reply](const std::vector<node::ItemReply>& replies) {
                  ItemsReply reply = ReadReplies(replies);
                  world_.checkers->OnItemsTold(node.ledger(), reply);
                  world_.network.Send(node.index(), trader,
                                      [on_reply, reply = std::move(reply)] { on_reply(reply); });
                });
  });
  world_.clock.After(world_.plan.network.reply_timeout, EventKind::kTimer,
                     [this, action, side, sequence, ledger, items, on_outcome] {
                       Send(action, side, sequence, ledger, items, on_outcome);
                     });
}

void HashLockMechanism::Watch(ActionIndex action, std::size_t side, std::size_t whose) {
  const std::uint32_t sequence = ++At(action).sides[side].sequence;
  world_.clock.After(kWatchEvery, EventKind::kTimer, [this, action, side, whose, sequence] {
    Read(action, side, whose, sequence);
  });
}

void HashLockMechanism::Read(ActionIndex action, std::size_t side, std::size_t whose,
                             std::uint32_t sequence) {
  if (At(action).sides[side].sequence != sequence) return;
  LedgerNode& node = *ledgers_[LedgerOf(At(action), whose)];
  const NodeIndex trader = world_.nodes.Participant(TraderOf(At(action), side));
  const auto on_seen = [this, action, side, whose, sequence](const SeenLock& lock) {
    Side& own = At(action).sides[side];
    if (own.sequence != sequence) return;
    ++own.sequence;
    if (whose == side) {
      own.trader->OnSeenOwn(lock);
    } else {
      own.trader->OnSeenOther(lock);
    }
    Continue(action, side);
  };
  world_.network.Send(trader, node.index(), [this, &node, trader, action, whose, on_seen] {
    node.Read([this, &node, trader, action, whose, on_seen](const core::Ledger& ledger) {
      world_.network.Send(node.index(), trader,
                          [on_seen, lock = See(ledger, action, whose)] { on_seen(lock); });
    });
  });
  // Nothing comes of it: its time may be over, meanwhile.
  world_.clock.After(world_.plan.network.reply_timeout, EventKind::kTimer,
                     [this, action, side, sequence] {
                       if (At(action).sides[side].sequence == sequence) Continue(action, side);
                     });
}

SeenLock HashLockMechanism::See(const core::Ledger& ledger, ActionIndex action,
                                std::size_t whose) const {
  const Trade& trade = *trades_[action];
  const LedgerIndex index = LedgerOf(trade, whose);
  const core::FundsLock* lock = ledger.FindLock(LockKeyOf(action, whose));
  if (lock == nullptr) return {};
  const core::AccountAddress& payee = world_.plan.AccountOf(TraderOf(trade, 1 - whose), index);
  return {.status = lock->status,
          .as_agreed = lock->amount == AmountOf(trade, whose) &&
                       lock->hash_lock == trade.hash_lock &&
                       ledger.accounts()[lock->creditor].address == payee,
          .expires = lock->expires,
          .secret = lock->secret};
}

void HashLockMechanism::End(ActionIndex action, std::size_t side) {
  Trade& trade = At(action);
  trade.sides[side].ended = true;
  if (!trade.sides[1 - side].ended) return;
  const HashLockTrader& party = *trade.sides[kPartySide].trader;
  const HashLockTrader& counterparty = *trade.sides[kCounterpartySide].trader;
  core::Rejection outcome{.outcome = core::Outcome::kAccepted};
  for (const HashLockTrader* trader : {&counterparty, &party}) {
    if (trader->failure().outcome != core::Outcome::kAccepted) outcome = trader->failure();
  }
  ActionResult result = EndOfPvp(world_, action, outcome, trade.started);
  if (party.has_claimed() != counterparty.has_claimed()) {
    result.status = ActionStatus::kHalfDone;
  } else {
    CW_CHECK(party.has_claimed() == (result.status == ActionStatus::kSettled),
             "an exchange without a failure has both sides");
  }
  trade.done(result);
}

}  // namespace causeway::sim
