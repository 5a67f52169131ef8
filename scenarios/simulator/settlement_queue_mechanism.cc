#include "scenarios/simulator/settlement_queue_mechanism.h"

#include <algorithm>
#include <variant>

#include "scenarios/mechanisms/settlement_queue_figures.h"

namespace causeway::sim {
namespace {

// What the owner of an account can pay with now.
core::Amount SpendableOf(const core::Ledger& ledger, const core::AccountAddress& address) {
  const core::AccountState* account = ledger.FindAccount(address);
  if (account == nullptr || account->frozen || account->closed) return core::Amount::Zero();
  return core::CheckedAdd(account->available, account->credit_line).value_or(core::Amount::Max());
}

}  // namespace

SettlementQueueOperator::SettlementQueueOperator(
    World& world, const KeyRing& keys, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
    BridgeNode& bridge, Tell tell)
    : NetOperator(world, keys, bridge, world.plan.mechanism.settlement_queue.answer_timeout,
                  std::move(tell)),
      ledgers_(ledgers) {}

void SettlementQueueOperator::Enter(ActionIndex action, ParticipantIndex by) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  HappenNow([action, trade, by](SettlementQueue& queue, core::LedgerTime at) {
    return queue.Enter(at, action, trade, by);
  });
}

void SettlementQueueOperator::Withdraw(ActionIndex action, ParticipantIndex by) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  HappenNow([action, trade, by](SettlementQueue& queue, core::LedgerTime at) {
    return queue.Withdraw(at, action, trade, by);
  });
}

void SettlementQueueOperator::OnUp() {
  for (const core::BusinessDate date : world_.plan.days) ScheduleDay(date);
}

// What fell due while the operator was down happens now; runs that it missed do not.
void SettlementQueueOperator::ScheduleDay(core::BusinessDate date) {
  const auto [opens, closes] = OpeningTimesOf(world_.plan, date);
  const EventAt close = [](SettlementQueue& queue, core::LedgerTime at) { return queue.Close(at); };
  if (closes <= now()) {
    if (machine()->is_open()) HappenNow(close);
    return;
  }
  At(opens, [](SettlementQueue& queue, core::LedgerTime) {
    return queue.is_open() ? Effects() : queue.Open();
  });
  At(closes, close);
  ScheduleRun(opens, closes);
}

void SettlementQueueOperator::ScheduleRun(core::LedgerTime opens, core::LedgerTime closes) {
  const core::Duration every = world_.plan.mechanism.settlement_queue.every;
  core::LedgerTime next = opens + every;
  if (next <= now()) {
    const std::int64_t missed = (now() - next).micros() / every.micros() + 1;
    next = next + core::Duration::FromMicros(missed * every.micros());
  }
  if (next >= closes) return;
  After(next - now(), EventKind::kTimer, [this, next, opens, closes] {
    // A clock that was set back comes here twice: the machine knows the number.
    if (machine()->anything_waits()) {
      HappenNow(
          [number = static_cast<std::uint64_t>(next.micros())](
              SettlementQueue& queue, core::LedgerTime at) { return queue.Begin(at, number); });
    }
    ScheduleRun(opens, closes);
  });
}

SettlementQueue::Effects SettlementQueueOperator::OnOutcome(
    SettlementQueue& machine, core::LedgerTime now, std::uint32_t attempt,
    const core::Rejection& outcome, const std::optional<NetBlame>& blame) const {
  return machine.OnOutcome(now, attempt, outcome, blame);
}

void SettlementQueueOperator::Perform(const Effects& effects) {
  for (const SettlementQueue::Effect& effect : effects) {
    std::visit([this](const auto& what) { Carry(what); }, effect);
  }
}

void SettlementQueueOperator::Carry(const SettlementQueue::AskFunds& ask) {
  Ask(ask.run);
  At(now() + world_.plan.mechanism.settlement_queue.answer_timeout,
     [run = ask.run](SettlementQueue& queue, core::LedgerTime at) {
       return queue.OnFundsTimeout(at, run);
     });
}

void SettlementQueueOperator::Ask(std::uint64_t run) {
  if (machine()->last_run() != run || machine()->asked().empty()) return;
  for (const SettlementQueue::Account& account : machine()->asked()) AskOne(run, account);
  After(world_.plan.network.reply_timeout, EventKind::kTimer, [this, run] { Ask(run); });
}

void SettlementQueueOperator::AskOne(std::uint64_t run, SettlementQueue::Account account) {
  const NodeIndex member = world_.nodes.Participant(account.second);
  LedgerNode& ledger = *ledgers_[account.first];
  const auto answer = [this, run, account, member](core::Amount funds) {
    world_.network.Send(member, index(), [this, run, account, funds] {
      HappenNow([run, account, funds](SettlementQueue& queue, core::LedgerTime at) {
        return queue.OnFunds(at, run, account, funds);
      });
    });
  };
  world_.network.Send(index(), member, [this, account, member, &ledger, answer] {
    world_.network.Send(member, ledger.index(), [this, account, member, &ledger, answer] {
      ledger.Read([this, account, member, &ledger, answer](const core::Ledger& state) {
        const core::Amount funds =
            SpendableOf(state, world_.plan.AccountOf(account.second, account.first));
        world_.network.Send(ledger.index(), member, [answer, funds] { answer(funds); });
      });
    });
  });
}

SettlementQueueMechanism::SettlementQueueMechanism(
    World& world, const KeyRing& keys, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
    BridgeNode& bridge)
    : plan_(world.plan),
      operator_(world, keys, ledgers, bridge,
                [this](const TellTradeEnd& tell) { trades_.Tell(tell); }),
      trades_(
          world, operator_.index(),
          [this](ActionIndex action, ParticipantIndex by) { operator_.Enter(action, by); },
          [this](ActionIndex action, ParticipantIndex by) { operator_.Withdraw(action, by); }) {}

std::optional<std::vector<Movement>> SettlementQueueMechanism::Moved() const {
  if (operator_.running() == nullptr) return std::nullopt;
  return MovementsOf(operator_.running()->settled_trades());
}

std::optional<SettlementQueueResult> SettlementQueueMechanism::QueueFigures() const {
  if (operator_.running() == nullptr) return std::nullopt;
  return FiguresOf(plan_, *operator_.running());
}

}  // namespace causeway::sim
