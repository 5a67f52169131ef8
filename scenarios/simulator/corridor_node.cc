#include "scenarios/simulator/corridor_node.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "scenarios/simulator/checkers.h"
#include "settlement/core/check.h"

namespace causeway::sim {

CorridorBook::CorridorBook(CorridorNode& corridor, World& world, LedgerIndex ledger,
                           const KeyRing& keys,
                           std::shared_ptr<const core::SignatureVerifier> verifier,
                           ObserverNode* observer)
    : LedgerNode(world, ledger, keys, std::move(verifier), observer), corridor_(corridor) {
  BecomePartOf(corridor);
}

void CorridorBook::Submit(std::shared_ptr<const std::vector<core::Item>> items,
                          ItemsCallback callback) {
  corridor_.Submit(*this, std::move(items), std::move(callback));
}

void CorridorBook::Read(ReadCallback callback) { corridor_.Read(*this, std::move(callback)); }

bool CorridorBook::at_rest() const { return corridor_.at_rest(); }

core::InstructionKey ExchangeKeyOf(const Plan& plan, ActionIndex exchange, bool counterparty) {
  const auto& trade = std::get<SettlePvp>(plan.actions[exchange].what);
  const auto id = core::InstructionId::Parse(
      fmt::format("{}-{}", plan.actions[exchange].id, counterparty ? 'C' : 'P'));
  CW_CHECK(id.ok(), "the ids of actions leave room for a suffix");
  const ParticipantIndex payer = counterparty ? trade.counterparty : trade.party;
  return {plan.participants[payer].id, core::ActionKind::kPay, *id};
}

CorridorNode::CorridorNode(World& world) : SimulatedNode(world, world.nodes.Ledger(0)) {}

std::unique_ptr<LedgerNode> CorridorNode::MakeBook(
    LedgerIndex ledger, const KeyRing& keys,
    const std::shared_ptr<const core::SignatureVerifier>& verifier, ObserverNode* observer) {
  auto book = std::make_unique<CorridorBook>(*this, world_, ledger, keys, verifier, observer);
  books_.push_back(book.get());
  Keep(*book->disk());
  return book;
}

absl::Status CorridorNode::Boot() {
  for (CorridorBook* book : books_) {
    if (absl::Status started = book->Start(); !started.ok()) return started;
  }
  desk_.emplace(world_.plan.mechanism.shared_ledger, refused_);
  CheckAllOrNone();
  return absl::OkStatus();
}

void CorridorNode::Stop() {
  for (CorridorBook* book : books_) book->StopWithHost();
  desk_.reset();
  queue_.clear();
  busy_ = false;
}

void CorridorNode::Submit(CorridorBook& book, std::shared_ptr<const std::vector<core::Item>> items,
                          LedgerNode::ItemsCallback callback) {
  if (up() && IsOverloaded()) {
    CorridorBook::Refuse(*items, std::move(callback));
    return;
  }
  Waiting waiting;
  waiting.book = &book;
  waiting.items = std::move(items);
  waiting.on_items = std::move(callback);
  Enqueue(std::move(waiting));
}

void CorridorNode::Read(CorridorBook& book, LedgerNode::ReadCallback callback) {
  Waiting waiting;
  waiting.book = &book;
  waiting.on_read = std::move(callback);
  Enqueue(std::move(waiting));
}

void CorridorNode::HandIn(ActionIndex exchange, ExchangeSides sides, OutcomeCallback callback) {
  if (up() && IsOverloaded()) return;  // whoever handed it in asks again
  Waiting waiting;
  waiting.exchange = exchange;
  waiting.sides = std::move(sides);
  waiting.on_outcome = std::move(callback);
  Enqueue(std::move(waiting));
}

void CorridorNode::Enqueue(Waiting waiting) {
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  queue_.push_back(std::move(waiting));
  if (!busy_) Begin();
}

// All that waits goes into one write.
void CorridorNode::Begin() {
  busy_ = true;
  auto taken = std::make_shared<std::vector<Waiting>>(std::exchange(queue_, {}));
  bool writes = false;
  for (Waiting& waiting : *taken) {
    if (absl::Status executed = Execute(waiting); !executed.ok()) {
      Die();
      return;
    }
    writes = writes || waiting.on_read == nullptr;
  }
  if (writes) {
    Write([this, taken] { Finish(*taken); });
  } else {
    After(core::Duration::Zero(), EventKind::kOther, [this, taken] { Finish(*taken); });
  }
}

absl::Status CorridorNode::Execute(Waiting& waiting) {
  if (waiting.book == nullptr) return Exchange(waiting);
  if (waiting.items == nullptr) return absl::OkStatus();
  absl::StatusOr<CorridorBook::Executed> executed = waiting.book->Execute(*waiting.items);
  if (!executed.ok()) return executed.status();
  waiting.executed.emplace_back(waiting.book, *std::move(executed));
  return absl::OkStatus();
}

absl::Status CorridorNode::Exchange(Waiting& waiting) {
  const ActionIndex exchange = waiting.exchange;
  if (IsBooked(exchange)) {
    waiting.outcome = core::Rejection{.outcome = core::Outcome::kAccepted};
    return absl::OkStatus();
  }
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[exchange].what);
  ExchangeDesk::Answer answer = desk_->HandIn(exchange, waiting.sides, now());
  if (answer == ExchangeDesk::Answer::kReady) {
    const ExchangeSides& sides = desk_->SidesOf(exchange);
    waiting.outcome = Check(trade, sides);
    if (waiting.outcome->outcome != core::Outcome::kAccepted) {
      desk_->Refuse(exchange, *waiting.outcome);
      return absl::OkStatus();
    }
    for (std::size_t side = 0; side < sides.size(); ++side) {
      CorridorBook* const book = books_[side == 0 ? trade.party_ledger : trade.counterparty_ledger];
      absl::StatusOr<CorridorBook::Executed> executed = book->Execute({*sides[side]});
      if (!executed.ok()) return executed.status();
      waiting.executed.emplace_back(book, *std::move(executed));
    }
    CW_CHECK(IsBooked(exchange), "what would settle on both books has settled on both");
    desk_->OnBooked(exchange);
  } else if (answer == ExchangeDesk::Answer::kRefused) {
    waiting.outcome = desk_->refused().at(exchange);
  }
  return absl::OkStatus();
}

core::Rejection CorridorNode::Check(const SettlePvp& trade, const ExchangeSides& sides) const {
  std::array<core::Pay, 2> pays;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    const node::LedgerEngine& engine =
        *books_[side == 0 ? trade.party_ledger : trade.counterparty_ledger]->engine();
    const auto admitted = engine.Admit(*sides[side]);
    if (const auto* refused = std::get_if<core::Rejection>(&admitted)) return *refused;
    const auto& item = std::get<core::AdmittedItem>(admitted);
    const auto* command = std::get_if<core::Command>(&item.body);
    const auto* pay = command == nullptr ? nullptr : std::get_if<core::Pay>(&command->action);
    if (pay == nullptr) return {.outcome = core::Outcome::kMalformed, .rule = "not a payment"};
    pays[side] = *pay;
    core::Rejection outcome = engine.ledger().WouldSettle(now(), item);
    if (outcome.outcome != core::Outcome::kAccepted) return outcome;
  }
  const core::Hash256 hash = ExchangeHashOf(pays[0], pays[1]);
  const bool same = pays[0].private_data_hash == hash && pays[1].private_data_hash == hash;
  return {.outcome = same ? core::Outcome::kAccepted : core::Outcome::kLegNotInTerms};
}

void CorridorNode::Finish(std::vector<Waiting>& taken) {
  for (const Waiting& waiting : taken) {
    const bool refused = waiting.outcome && waiting.outcome->outcome != core::Outcome::kAccepted;
    if (refused) refused_.emplace(waiting.exchange, *waiting.outcome);
    for (const auto& [book, executed] : waiting.executed) book->Show(executed);
  }
  for (CorridorBook* book : books_) {
    if (!book->PublishAll()) return;
  }
  for (Waiting& waiting : taken) {
    if (waiting.on_read != nullptr) waiting.on_read(waiting.book->engine()->ledger());
    if (waiting.on_items != nullptr) waiting.on_items(waiting.executed.front().second.replies);
    if (waiting.on_outcome != nullptr && waiting.outcome) waiting.on_outcome(*waiting.outcome);
  }
  busy_ = false;
  if (!queue_.empty()) Begin();
}

std::optional<core::InstructionStatus> CorridorNode::StatusOf(ActionIndex exchange,
                                                              bool counterparty) const {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[exchange].what);
  const CorridorBook& book = *books_[counterparty ? trade.counterparty_ledger : trade.party_ledger];
  const auto found =
      book.engine()->ledger().FindInstruction(ExchangeKeyOf(world_.plan, exchange, counterparty));
  CW_CHECK(found.ok(), "books without a key index find everything in memory");
  return found->has_value() ? std::optional((*found)->status) : std::nullopt;
}

bool CorridorNode::IsBooked(ActionIndex exchange) const {
  return StatusOf(exchange, false) == core::InstructionStatus::kSettled &&
         StatusOf(exchange, true) == core::InstructionStatus::kSettled;
}

void CorridorNode::CheckAllOrNone() const {
  for (const PlannedAction& action : world_.plan.actions) {
    if (!std::holds_alternative<SettlePvp>(action.what)) continue;
    if (StatusOf(action.index, false) == StatusOf(action.index, true)) continue;
    world_.checkers->FailAllOrNone(
        fmt::format("one side of exchange {} is booked and the other is not", action.id));
  }
}

}  // namespace causeway::sim
