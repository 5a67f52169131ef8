// Linked payments: two that settle in one instant or not at all.
#include <algorithm>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {

// The other payment of its link; kNoPayment as long as that has not come.
PaymentId Engine::State::PartnerOf(PaymentId payment) const {
  const auto found = linked_pairs.find(payment_links[payment]);
  if (found == linked_pairs.end()) return kNoPayment;
  return found->second.first == payment ? found->second.second : found->second.first;
}

// False when the link has two payments already.
bool Engine::State::Join(PaymentId payment, std::uint32_t link) {
  LinkedPair& pair = linked_pairs[link];
  if (pair.first == kNoPayment) {
    pair.first = payment;
    return true;
  }
  if (pair.second != kNoPayment) return false;
  pair.second = payment;
  return true;
}

// `set` is not sorted.
bool Engine::State::KeepsLinksWhole(const std::vector<PaymentId>& set) const {
  if (payment_links.empty()) return true;
  std::vector<PaymentId> sorted(set);
  std::sort(sorted.begin(), sorted.end());
  return std::all_of(set.begin(), set.end(), [&](PaymentId payment) {
    if (LinkOf(payment) == 0) return true;
    const PaymentId partner = PartnerOf(payment);
    return partner != kNoPayment && std::binary_search(sorted.begin(), sorted.end(), partner);
  });
}

// The least funds of its sender with which a payment and its partner could settle.
std::int64_t Engine::State::PairNeeds(PaymentId payment) const {
  const Node& node = nodes[payment];
  const PaymentId partner = PartnerOf(payment);
  if (partner == kNoPayment) return node.amount;
  const Node& other = nodes[partner];
  if (other.receiver == node.sender) return std::max<std::int64_t>(0, node.amount - other.amount);
  return other.sender == node.sender ? node.amount + other.amount : node.amount;
}

// After a partner came: what the payment that waits needs may be less or more.
void Engine::State::UpdateBypassOf(PaymentId payment) {
  if (MayPass(payment)) {
    bypass[nodes[payment].sender].Change(bypass_slots[payment], BypassValue(payment));
  }
}

PaymentId Engine::State::WaitingPartnerOf(PaymentId payment) const {
  const PaymentId partner = PartnerOf(payment);
  return partner != kNoPayment && IsQueued(partner) ? partner : kNoPayment;
}

// Appends a payment that waits to `set`, and its partner where it has a link. False, and nothing is
// appended, when the partner does not wait.
bool Engine::State::AddWhole(PaymentId payment, std::vector<PaymentId>& set) const {
  if (LinkOf(payment) != 0) {
    const PaymentId partner = WaitingPartnerOf(payment);
    if (partner == kNoPayment) return false;
    set.push_back(partner);
  }
  set.push_back(payment);
  return true;
}

// Whether the discipline would let the payments of `set`, which is sorted, settle next together, if
// they were covered: each stands behind none, or behind one of them, or may pass.
bool Engine::State::KeepsOrder(const std::vector<PaymentId>& set) const {
  if (QueueOrder() == Order::kFree) return true;
  return std::all_of(set.begin(), set.end(), [&](PaymentId payment) {
    // Normal payments that may pass one another still pass no other.
    const PaymentId passed =
        MayPass(payment) ? Ends(nodes[payment].sender, classes - 1).head : payment;
    const PaymentId ahead = Before(passed);
    return ahead == kNoPayment || std::binary_search(set.begin(), set.end(), ahead);
  });
}

// Settles a payment that waits with its partner, when that waits too, both may settle next, and
// together they are covered.
bool Engine::State::TryPair(PaymentId payment, Effects& effects) {
  const PaymentId partner = WaitingPartnerOf(payment);
  if (partner == kNoPayment) return false;
  UpdateBypassOf(partner);
  std::vector<PaymentId> pair = {std::min(payment, partner), std::max(payment, partner)};
  if (!KeepsOrder(pair)) return false;
  const bool came_together = submitted[payment] == now && submitted[partner] == now;
  Settled settled;
  return TrySet(pair, {came_together ? Cause::kImmediate : Cause::kQueueRelease, Algorithm::kNone},
                effects, settled);
}

// Bech and Soramaki with linked payments: as FindLargestPrefixes, but a payment that is dropped
// takes its partner with it, and what stands behind either in its queue; one whose partner does not
// wait is dropped to begin with. Any set S of first payments of each queue that holds links whole
// and meets all conditions stays in: a bank that has no more than its payments of S meets its
// conditions, so what is dropped for want of funds is not in S; then its partner is not, and what
// stands behind something that is not in S is not either. So the result is the largest, and unique,
// but for holding limits, as without links.
bool Engine::State::FindLargestLinkedPrefixes() {
  in_set.assign(nodes.size(), false);
  std::vector<BankIndex> short_banks;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    flows[bank] = banks[bank].queued;
    if (banks[bank].limited) limits[bank].ClearTrial();
    if (banks[bank].queued_count == 0) continue;
    last_kept[bank] = Back(bank);
    banks[bank].listed = true;
    short_banks.push_back(bank);
  }
  if (!limits.empty()) CountAllTrials();
  const std::vector<PaymentId> all = AllQueued();
  for (const PaymentId payment : all) in_set[payment] = true;
  for (const PaymentId payment : all) {
    if (!IsWhole(payment)) DropWithPartners(payment, short_banks);
  }
  DropUntilLinkedPayersFit(short_banks);
  const bool any_holding_limit = AnyHoldingLimit();
  while (any_holding_limit && DropForHoldingLimits(short_banks)) {
    DropUntilLinkedPayersFit(short_banks);
  }
  bool any = false;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    flows[bank] = Flows();
    any = any || last_kept[bank] != kNoPayment;
  }
  return any;
}

void Engine::State::DropUntilLinkedPayersFit(std::vector<BankIndex>& short_banks) {
  while (!short_banks.empty()) {
    const BankIndex bank = short_banks.back();
    short_banks.pop_back();
    banks[bank].listed = false;
    if (last_kept[bank] == kNoPayment || PayerFits(bank)) continue;
    DropWithPartners(last_kept[bank], short_banks);
    if (last_kept[bank] == kNoPayment || banks[bank].listed) continue;
    banks[bank].listed = true;
    short_banks.push_back(bank);
  }
}

// Takes a payment out of the set, with what stands behind it, their partners, and so on. Banks that
// get less are added to `short_banks`.
void Engine::State::DropWithPartners(PaymentId payment, std::vector<BankIndex>& short_banks) {
  std::vector<PaymentId> to_drop = {payment};
  while (!to_drop.empty()) {
    const PaymentId next = to_drop.back();
    to_drop.pop_back();
    const BankIndex bank = nodes[next].sender;
    while (in_set[next]) {
      const PaymentId last = last_kept[bank];
      CW_CHECK(last != kNoPayment, "what is in the set is in its queue");
      in_set[last] = false;
      const BankIndex payee = DropLast(bank);
      if (!banks[payee].listed && last_kept[payee] != kNoPayment) {
        banks[payee].listed = true;
        short_banks.push_back(payee);
      }
      if (LinkOf(last) == 0) continue;
      const PaymentId partner = PartnerOf(last);
      if (partner != kNoPayment && in_set[partner]) to_drop.push_back(partner);
    }
  }
}

}  // namespace causeway::liquidity
