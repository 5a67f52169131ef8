#include "scenarios/simulator/cls_mechanism.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "scenarios/simulator/participants.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/prng.h"

namespace causeway::sim {

ClsInstitution::ClsInstitution(World& world, const KeyRing& keys,
                               const std::vector<std::unique_ptr<LedgerNode>>& ledgers, Tell tell)
    : MachineNode(world, world.nodes.Participant(*world.plan.mechanism.operated_by)),
      keys_(keys),
      ledgers_(ledgers),
      tell_(std::move(tell)) {}

void ClsInstitution::Enter(ActionIndex action, ParticipantIndex by) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  Happen([action, trade, by](SettlementInstitution& institution) {
    return institution.Enter(action, trade, by);
  });
}

void ClsInstitution::OnUp() {
  for (const core::BusinessDate date : world_.plan.days) ScheduleDay(date);
}

// What fell due while it was down happens now; a session that is over is not begun any more.
void ClsInstitution::ScheduleDay(core::BusinessDate date) {
  const Plan& plan = world_.plan;
  const OpeningTimes times = OpeningTimesOf(plan, date);
  const Event close = [](SettlementInstitution& institution) { return institution.Close(); };
  const std::vector<core::Duration>& sessions = plan.mechanism.cls.sessions;
  const auto day = static_cast<std::size_t>(
      std::lower_bound(plan.days.begin(), plan.days.end(), date) - plan.days.begin());
  if (times.closes <= now()) {
    if (machine()->in_session()) {
      Happen([number = machine()->sessions_begun()](SettlementInstitution& institution) {
        return institution.EndSession(number);
      });
    }
    if (machine()->is_open()) Happen(close);
    return;
  }
  At(times.opens, [](SettlementInstitution& institution) { return institution.Open(); });
  At(times.closes, close);
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    ScheduleSession(static_cast<std::uint32_t>(day * sessions.size() + i + 1),
                    date.StartInUtc() + sessions[i]);
  }
}

void ClsInstitution::ScheduleSession(std::uint32_t number, core::LedgerTime begins) {
  const PlannedCls& cls = world_.plan.mechanism.cls;
  const core::LedgerTime ends = begins + cls.session_length;
  const bool under_way = machine()->in_session() && machine()->sessions_begun() == number;
  if (machine()->sessions_begun() >= number && !under_way) return;
  if (ends <= now() && !under_way) return;
  At(begins,
     [number](SettlementInstitution& institution) { return institution.BeginSession(number); });
  for (std::size_t i = 0; i < cls.instalments.size(); ++i) {
    At(begins + cls.instalments[i].after, [number, i](SettlementInstitution& institution) {
      return institution.OnInstalment(number, i);
    });
  }
  At(ends, [number](SettlementInstitution& institution) { return institution.EndSession(number); });
}

void ClsInstitution::At(core::LedgerTime time, Event event) {
  const core::Duration delay = time <= now() ? core::Duration::Zero() : time - now();
  After(delay, EventKind::kTimer, [this, event = std::move(event)] { Happen(event); });
}

void ClsInstitution::Perform(const Effects& effects) {
  for (const SettlementInstitution::Effect& effect : effects) {
    if (const auto* ask = std::get_if<SettlementInstitution::AskPayIn>(&effect)) {
      AskPayIn(ask->transfer);
    } else if (const auto* pay = std::get_if<SettlementInstitution::PayOut>(&effect)) {
      PayOut(pay->transfer);
    } else {
      tell_(std::get<SettlementInstitution::Tell>(effect));
    }
  }
}

core::InstructionKey ClsInstitution::KeyOf(const Transfer& transfer, bool pay_in) const {
  const Plan& plan = world_.plan;
  const ParticipantIndex payer = pay_in ? transfer.member : *plan.mechanism.operated_by;
  const auto id = core::InstructionId::Parse(
      fmt::format("{}-{}", pay_in ? "pay-in" : "pay-out", transfer.number));
  CW_CHECK(id.ok(), "the ids of pay-ins and pay-outs are short");
  return {plan.participants[payer].id, core::ActionKind::kPay, *id};
}

core::Item ClsInstitution::MakePayment(const Transfer& transfer, bool pay_in) const {
  const Plan& plan = world_.plan;
  const PlannedLedger& ledger = plan.ledgers[transfer.ledger];
  const ParticipantIndex house = *plan.mechanism.operated_by;
  const ParticipantIndex payer = pay_in ? transfer.member : house;
  const ParticipantIndex payee = pay_in ? house : transfer.member;
  const core::InstructionKey key = KeyOf(transfer, pay_in);
  core::RandomStream random(plan.seed, fmt::format("institution/{}", key.id.text()));
  const core::Command command{
      .ledger = ledger.origin,
      .genesis_hash = ledger.genesis.hash,
      .party = key.party,
      .id = key.id,
      .valid_until = ValidUntil(transfer),
      .action = core::Pay{.id = {},
                          .uetr = core::Uetr::FromRandomBytes(random.Bytes16()),
                          .debtor = plan.AccountOf(payer, transfer.ledger),
                          .creditor = plan.AccountOf(payee, transfer.ledger),
                          .amount = {ledger.currency, transfer.amount},
                          .purpose = "",
                          .private_data_hash = {},
                          .cites = {}}};
  const core::Signer* const signer = &keys_.participant(payer);
  absl::StatusOr<core::Envelope> envelope =
      core::SignEnvelope(core::kCommandPayloadType, codec::EncodeCommand(command), {&signer, 1});
  CW_CHECK(envelope.ok(), "a command of a plan can be signed with the plan's keys");
  return {.envelope = *std::move(envelope), .attachments = {}};
}

core::LedgerTime ClsInstitution::ValidUntil(const Transfer& transfer) const {
  const Plan& plan = world_.plan;
  const std::size_t day = (transfer.session - 1) / plan.mechanism.cls.sessions.size();
  return plan.days[day].AddDays(1).StartInUtc();
}

void ClsInstitution::AskPayIn(const Transfer& transfer) {
  if (!machine()->IsDue(transfer.number)) return;
  if (machine()->IsAsked(transfer.number)) {
    world_.network.Send(index(), world_.nodes.Participant(transfer.member),
                        [this, transfer] { PayIn(transfer); });
  } else {
    Verify(transfer);
  }
  After(world_.plan.network.reply_timeout, EventKind::kTimer,
        [this, transfer] { AskPayIn(transfer); });
}

void ClsInstitution::PayIn(const Transfer& transfer) {
  LedgerNode& node = *ledgers_[transfer.ledger];
  const NodeIndex member = world_.nodes.Participant(transfer.member);
  auto items = std::make_shared<const std::vector<core::Item>>(1, MakePayment(transfer, true));
  world_.network.Send(member, node.index(), [this, &node, member, items, transfer] {
    node.Submit(items, [this, &node, member, transfer](const std::vector<node::ItemReply>&) {
      // However it was answered: a repeat may be refused, and the payment be there.
      world_.network.Send(node.index(), member, [this, member, transfer] {
        world_.network.Send(member, index(), [this, transfer] { Verify(transfer); });
      });
    });
  });
}

void ClsInstitution::Verify(const Transfer& transfer) {
  if (!up()) return;
  LedgerNode& node = *ledgers_[transfer.ledger];
  world_.network.Send(index(), node.index(), [this, &node, transfer] {
    node.Read([this, &node, transfer](const core::Ledger& ledger) {
      const auto found = ledger.FindInstruction(KeyOf(transfer, true));
      if (!found.ok()) return;
      // After its time no ledger takes it any more.
      const bool over = ledger.time() > ValidUntil(transfer);
      if (!found->has_value() && !over) return;
      const bool paid = found->has_value() && (*found)->status == core::InstructionStatus::kSettled;
      world_.network.Send(node.index(), index(), [this, paid, number = transfer.number] {
        if (!up() || !machine()->IsDue(number)) return;
        Happen([number, paid](SettlementInstitution& institution) {
          return paid ? institution.OnPaidIn(number) : institution.OnPayInRefused(number);
        });
      });
    });
  });
}

void ClsInstitution::PayOut(const Transfer& transfer) {
  if (!machine()->IsDue(transfer.number)) return;
  LedgerNode& node = *ledgers_[transfer.ledger];
  auto items = std::make_shared<const std::vector<core::Item>>(1, MakePayment(transfer, false));
  const auto on_reply = [this, transfer](core::InstructionStatus status) {
    if (!up() || !machine()->IsDue(transfer.number)) return;
    Happen([number = transfer.number, status](SettlementInstitution& institution) {
      return status == core::InstructionStatus::kSettled ? institution.OnPaidOut(number)
                                                         : institution.OnPayOutRefused(number);
    });
  };
  world_.network.Send(index(), node.index(), [this, &node, items, transfer, on_reply] {
    node.Submit(items, [this, &node, transfer, on_reply](const std::vector<node::ItemReply>&) {
      // What stands in the ledger decides, not the answer to this repeat.
      const auto found = node.engine()->ledger().FindInstruction(KeyOf(transfer, false));
      if (!found.ok() || !found->has_value()) return;
      world_.network.Send(node.index(), index(),
                          [on_reply, status = (*found)->status] { on_reply(status); });
    });
  });
  After(world_.plan.network.reply_timeout, EventKind::kTimer,
        [this, transfer] { PayOut(transfer); });
}

ClsMechanism::ClsMechanism(World& world, const KeyRing& keys,
                           const std::vector<std::unique_ptr<LedgerNode>>& ledgers)
    : world_(world),
      institution_(world, keys, ledgers,
                   [this](const SettlementInstitution::Tell& tell) {
                     trades_.Tell({tell.trade, tell.outcome});
                   }),
      trades_(world, institution_.index(),
              [this](ActionIndex action, ParticipantIndex by) { institution_.Enter(action, by); }) {
}

std::optional<std::vector<Movement>> ClsMechanism::Moved() const {
  if (institution_.institution() == nullptr) return std::nullopt;
  const ParticipantIndex house = *world_.plan.mechanism.operated_by;
  std::vector<Movement> moved;
  for (const auto& transfer : institution_.institution()->transfers_done()) {
    moved.push_back({transfer.ledger, transfer.member, house, transfer.amount});
  }
  return moved;
}

}  // namespace causeway::sim
