#include "scenarios/simulator/agents.h"

#include <algorithm>

#include "fmt/format.h"
#include "scenarios/simulator/liquidity_terms.h"

namespace causeway::sim {
namespace {

// As often as a study asks.
constexpr core::Duration kAskEvery = core::Duration::FromSeconds(60);

}  // namespace

AccountBehaviours BehavioursOf(const Plan& plan) {
  if (plan.behaviours.empty()) return nullptr;
  return [&plan](ParticipantIndex participant,
                 LedgerIndex ledger) -> std::unique_ptr<study::Behaviour> {
    const PlannedBehaviour* chosen = nullptr;
    for (const PlannedBehaviour& each : plan.behaviours) {
      if (each.participant == participant) chosen = &each;
    }
    if (chosen == nullptr) return nullptr;
    return study::MakeBehaviour(
        chosen->what, plan.seed,
        fmt::format("behaviour/{}/{}", plan.participants[participant].id.text(),
                    plan.ledgers[ledger].currency.code()));
  };
}

Agents::Agents(World& world, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
               const AccountBehaviours& behaviours, HandIn hand_in, End end)
    : world_(world), ledgers_(ledgers), hand_in_(std::move(hand_in)), end_(std::move(end)) {
  if (behaviours == nullptr) return;
  for (const PlannedAction& action : world.plan.actions) {
    const auto* pay = std::get_if<PayOneWay>(&action.what);
    if (pay == nullptr) continue;
    const auto [found, added] = agents_.try_emplace({pay->from, pay->ledger});
    if (!added) continue;
    std::unique_ptr<study::Behaviour> behaviour = behaviours(pay->from, pay->ledger);
    if (behaviour == nullptr) continue;
    found->second = std::make_unique<Agent>();
    found->second->participant = pay->from;
    found->second->ledger = pay->ledger;
    found->second->behaviour = std::move(behaviour);
  }
  for (const PlannedAction& action : world.plan.actions) {
    const auto* pay = std::get_if<PayOneWay>(&action.what);
    if (pay == nullptr) continue;
    const auto payee = agents_.find({pay->to, pay->ledger});
    if (payee == agents_.end() || payee->second == nullptr) continue;
    payee->second->receipts.push_back(action.index);
  }
  for (const auto& [of, agent] : agents_) {
    if (agent == nullptr) continue;
    std::stable_sort(agent->receipts.begin(), agent->receipts.end(),
                     [&actions = world.plan.actions](ActionIndex a, ActionIndex b) {
                       return actions[a].time < actions[b].time;
                     });
  }
}

Agents::Agent* Agents::AgentOf(const PayOneWay& pay) {
  const auto found = agents_.find({pay.from, pay.ledger});
  return found == agents_.end() ? nullptr : found->second.get();
}

const PlannedDay* Agents::OpenDay(LedgerIndex ledger) const {
  const std::vector<PlannedDay>& days = world_.plan.ledgers[ledger].days;
  const core::LedgerTime now = world_.clock.now();
  const auto day = std::find_if(days.begin(), days.end(), [now](const PlannedDay& each) {
    return each.opens <= now && now < each.cuts_off;
  });
  return day == days.end() ? nullptr : &*day;
}

void Agents::BeginDay(Agent& agent, const PlannedDay& day) {
  agent.date = day.date;
  agent.opening.reset();
  agent.sent = 0;
  agent.expected.clear();
  agent.awaited.clear();
  const std::vector<PlannedAction>& actions = world_.plan.actions;
  agent.next_receipt = static_cast<std::size_t>(
      std::partition_point(agent.receipts.begin(), agent.receipts.end(),
                           [&](ActionIndex each) { return actions[each].time < day.opens; }) -
      agent.receipts.begin());
  for (std::size_t i = agent.next_receipt; i < agent.receipts.size(); ++i) {
    if (actions[agent.receipts[i]].time >= day.cuts_off) break;
    const PayOneWay& pay = PaymentOf(agent.receipts[i]);
    agent.expected[pay.from] += pay.amount.minor();
  }
}

void Agents::AwaitReceipts(Agent& agent) {
  for (; agent.next_receipt < agent.receipts.size(); ++agent.next_receipt) {
    const ActionIndex next = agent.receipts[agent.next_receipt];
    if (world_.plan.actions[next].time > world_.clock.now()) return;
    agent.awaited.push_back(next);
  }
}

bool Agents::Takes(ActionIndex action) {
  if (!std::holds_alternative<PayOneWay>(world_.plan.actions[action].what)) return false;
  Agent* const agent = AgentOf(PaymentOf(action));
  const PlannedDay* const day = agent == nullptr ? nullptr : OpenDay(agent->ledger);
  if (day == nullptr) return false;
  if (agent->date != day->date) BeginDay(*agent, *day);
  agent->held.push_back({.action = action, .day = day});
  Ask(*agent, false);
  if (!agent->ticking) {
    agent->ticking = true;
    world_.clock.After(kAskEvery, EventKind::kTimer, [this, agent] { Tick(*agent); });
  }
  return true;
}

void Agents::Tick(Agent& agent) {
  EndOverdue(agent);
  if (agent.held.empty()) {
    agent.ticking = false;
    return;
  }
  Ask(agent, true);
  world_.clock.After(kAskEvery, EventKind::kTimer, [this, &agent] { Tick(agent); });
}

void Agents::EndOverdue(Agent& agent) {
  std::vector<Held> over;
  std::vector<Held> left;
  for (const Held& held : agent.held) {
    (world_.clock.now() >= held.day->cuts_off ? over : left).push_back(held);
  }
  agent.held = std::move(left);
  for (const Held& held : over) {
    const PayOneWay& pay = PaymentOf(held.action);
    ActionResult result;
    result.action = held.action;
    result.status = ActionStatus::kWithheld;
    result.rejection.outcome = core::Outcome::kAccepted;
    result.legs = {{pay.ledger, pay.amount}};
    result.started = world_.plan.actions[held.action].time;
    result.ended = world_.clock.now();
    end_(std::move(result));
  }
}

void Agents::Ask(Agent& agent, bool all) {
  const NodeIndex bank = world_.nodes.Participant(agent.participant);
  LedgerNode& ledger = *ledgers_[agent.ledger];
  AwaitReceipts(agent);
  const std::uint64_t number = ++agent.asked;
  world_.network.Send(bank, ledger.index(), [this, &agent, &ledger, bank, all, number] {
    ledger.Read([this, &agent, &ledger, bank, all, number](const core::Ledger& state) {
      Statement statement = StatementOf(agent, state);
      statement.number = number;
      world_.network.Send(ledger.index(), bank,
                          [this, &agent, all, statement = std::move(statement)] {
                            OnStatement(agent, all, statement);
                          });
    });
  });
}

Agents::Statement Agents::StatementOf(const Agent& agent, const core::Ledger& ledger) const {
  const Plan& plan = world_.plan;
  Statement statement;
  const core::AccountState* account =
      ledger.FindAccount(plan.AccountOf(agent.participant, agent.ledger));
  if (account != nullptr) statement.balance = account->available.minor();
  for (const Held& handed_in : agent.handed_in) {
    const ActionIndex action = handed_in.action;
    const auto state =
        ledger.FindInstruction({plan.participants[agent.participant].id, core::ActionKind::kPay,
                                *core::InstructionId::Parse(plan.actions[action].id)});
    if (!state.ok() || !state->has_value()) continue;
    const core::InstructionStatus status = (*state)->status;
    const std::optional<core::SettledParts> parts = core::SettledPartsOf((*state)->rejection);
    Statement::Known known{.action = action, .ended = core::IsFinal(status)};
    if (parts.has_value()) known.settled = parts->settled.minor();
    if (status == core::InstructionStatus::kSettled) {
      known.settled = PaymentOf(action).amount.minor();
    }
    statement.known.push_back(known);
  }
  for (const ActionIndex receipt : agent.awaited) {
    if (HasSettled(receipt, ledger)) statement.received.push_back(receipt);
  }
  std::sort(statement.received.begin(), statement.received.end());
  return statement;
}

bool Agents::HasSettled(ActionIndex payment, const core::Ledger& ledger) const {
  const auto state = ledger.FindInstruction(
      {world_.plan.participants[PaymentOf(payment).from].id, core::ActionKind::kPay,
       *core::InstructionId::Parse(world_.plan.actions[payment].id)});
  return state.ok() && state->has_value() && (*state)->status == core::InstructionStatus::kSettled;
}

// Statements may come late, twice and in another order. The balance of an old one would not go
// with what newer ones said had settled.
void Agents::OnStatement(Agent& agent, bool all, const Statement& statement) {
  for (const Statement::Known& known : statement.known) {
    const auto held =
        std::find_if(agent.handed_in.begin(), agent.handed_in.end(),
                     [&known](const Held& each) { return each.action == known.action; });
    if (held == agent.handed_in.end()) continue;
    const std::int64_t more = std::max<std::int64_t>(0, known.settled - held->settled);
    held->settled += more;
    if (held->day->date == agent.date) agent.sent += more;
    if (known.ended) agent.handed_in.erase(held);
  }
  const auto is_there = [&received = statement.received](ActionIndex each) {
    return std::binary_search(received.begin(), received.end(), each);
  };
  agent.awaited.erase(std::remove_if(agent.awaited.begin(), agent.awaited.end(), is_there),
                      agent.awaited.end());
  if (statement.number > agent.answered) {
    agent.answered = statement.number;
    agent.balance = statement.balance;
  }
  Decide(agent, all);
}

void Agents::OnEnded(const ActionResult& result) {
  const auto* pay = std::get_if<PayOneWay>(&world_.plan.actions[result.action].what);
  if (pay == nullptr || result.status == ActionStatus::kSettled ||
      result.status == ActionStatus::kQueued) {
    return;
  }
  if (Agent* const agent = AgentOf(*pay)) {
    agent->handed_in.erase(
        std::remove_if(agent->handed_in.begin(), agent->handed_in.end(),
                       [&result](const Held& each) { return each.action == result.action; }),
        agent->handed_in.end());
  }
}

Agents::Receipts Agents::ReceiptsOf(const Agent& agent) const {
  Receipts receipts;
  for (const auto& [payer, amount] : agent.expected) receipts.expected += amount;
  const core::LedgerTime now = world_.clocks.TimeAt(world_.nodes.Participant(agent.participant));
  for (const ActionIndex action : agent.awaited) {
    const core::Duration waited = now - world_.plan.actions[action].time;
    if (waited.micros() < study::kReceiptMissingAfter) continue;
    const PayOneWay& pay = PaymentOf(action);
    receipts.missing += pay.amount.minor();
    receipts.missing_from[pay.from] += pay.amount.minor();
  }
  return receipts;
}

study::BehaviourView Agents::ViewOf(const Agent& agent, const Held& held,
                                    const Receipts& receipts) const {
  const PlannedDay& day = *held.day;
  const std::int64_t midnight = day.date.StartInUtc().micros();
  study::BehaviourView view;
  view.day_starts = midnight - world_.plan.days.front().StartInUtc().micros();
  view.now = world_.clocks.TimeAt(world_.nodes.Participant(agent.participant)).micros() - midnight;
  view.due = world_.plan.actions[held.action].time.micros() - midnight;
  view.opens = day.opens.micros() - midnight;
  view.closes = day.cuts_off.micros() - midnight;
  view.opening = *agent.opening;
  view.balance = agent.balance;
  view.sent = agent.sent;
  view.name = {world_.plan.actions[held.action].id, 0};
  // Whatever else changed its balance: issues, redemptions and PvP settlements too.
  view.received = view.balance - view.opening + view.sent;
  for (const Held& each : agent.handed_in) {
    view.queued += PaymentOf(each.action).amount.minor() - each.settled;
  }
  view.expected = receipts.expected;
  view.missing = receipts.missing;
  const ParticipantIndex recipient = PaymentOf(held.action).to;
  const auto sum_of = [recipient](const std::map<ParticipantIndex, std::int64_t>& by_payer) {
    const auto found = by_payer.find(recipient);
    return found == by_payer.end() ? 0 : found->second;
  };
  view.expected_from_recipient = sum_of(agent.expected);
  view.missing_from_recipient = sum_of(receipts.missing_from);
  return view;
}

void Agents::Decide(Agent& agent, bool all) {
  EndOverdue(agent);
  const std::vector<Held> asked = agent.held;
  const Receipts receipts = ReceiptsOf(agent);
  for (const Held& held : asked) {
    if (!all && !held.first) continue;
    if (!agent.opening) agent.opening = agent.balance;
    const PayOneWay& pay = PaymentOf(held.action);
    const std::int64_t midnight = held.day->date.StartInUtc().micros();
    const study::Payment payment = {
        .amount = pay.amount.minor(),
        .due = world_.plan.actions[held.action].time.micros() - midnight,
        .sender = pay.from,
        .recipient = pay.to,
        .priority = LiquidityPriority(pay.priority)};
    const bool submits =
        agent.behaviour->Submits(ViewOf(agent, held, receipts), payment, held.first);
    const auto place = std::find_if(agent.held.begin(), agent.held.end(),
                                    [&](const Held& each) { return each.action == held.action; });
    if (!submits) {
      place->first = false;
      continue;
    }
    agent.held.erase(place);
    agent.handed_in.push_back(held);
    hand_in_(held.action);
  }
}

}  // namespace causeway::sim
