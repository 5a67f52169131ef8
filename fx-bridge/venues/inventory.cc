#include "fx-bridge/venues/inventory.h"

#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

void Move(core::Amount& from, core::Amount& to, core::Amount amount) {
  const auto rest = core::CheckedSub(from, amount);
  const auto sum = core::CheckedAdd(to, amount);
  CW_CHECK(rest.has_value() && !rest->IsNegative() && sum.has_value(),
           "an inventory moves what is there");
  from = *rest;
  to = *sum;
}

}  // namespace

void Inventory::Set(const core::ParticipantId& owner, const core::Currency& currency,
                    core::Amount amount) {
  CW_CHECK(!amount.IsNegative(), "an inventory is not negative");
  stocks_[Key(owner, currency)].available = amount;
}

std::optional<Stock> Inventory::Find(const core::ParticipantId& owner,
                                     const core::Currency& currency) const {
  const auto place = stocks_.find(Key(owner, currency));
  if (place == stocks_.end()) return std::nullopt;
  return place->second;
}

Stock* Inventory::Of(const core::ParticipantId& owner, const core::Currency& currency) {
  const auto place = stocks_.find(Key(owner, currency));
  return place == stocks_.end() ? nullptr : &place->second;
}

bool Inventory::CanPay(const core::ParticipantId& owner, const core::Money& money) const {
  const auto stock = Find(owner, money.currency);
  return !stock.has_value() || stock->available >= money.amount;
}

void Inventory::Reserve(const std::vector<Transfer>& transfers) {
  for (const Transfer& transfer : transfers) {
    Stock* stock = Of(transfer.payer, transfer.amount.currency);
    if (stock != nullptr) Move(stock->available, stock->reserved, transfer.amount.amount);
  }
}

void Inventory::Release(const std::vector<Transfer>& transfers) {
  for (const Transfer& transfer : transfers) {
    Stock* stock = Of(transfer.payer, transfer.amount.currency);
    if (stock != nullptr) Move(stock->reserved, stock->available, transfer.amount.amount);
  }
}

void Inventory::Settle(const std::vector<Transfer>& transfers) {
  for (const Transfer& transfer : transfers) {
    core::Amount gone = core::Amount::Zero();
    Stock* payer = Of(transfer.payer, transfer.amount.currency);
    if (payer != nullptr) Move(payer->reserved, gone, transfer.amount.amount);
    Receive(transfer.payee, transfer.amount);
  }
}

void Inventory::Receive(const core::ParticipantId& owner, const core::Money& money) {
  Stock* stock = Of(owner, money.currency);
  if (stock == nullptr) return;
  stock->available = core::CheckedAdd(stock->available, money.amount).value_or(core::Amount::Max());
}

}  // namespace causeway::bridge
