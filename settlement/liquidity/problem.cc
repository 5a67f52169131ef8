#include "settlement/liquidity/problem.h"

#include <algorithm>
#include <limits>

#include "settlement/core/check.h"

namespace causeway::liquidity {
namespace {

struct Flows {
  std::int64_t in = 0;
  std::int64_t out[kPriorities] = {0, 0, 0};
  std::int64_t Out() const { return out[0] + out[1] + out[2]; }
};

bool FundsFit(const ProblemBank& bank, const Flows& flows) {
  const std::int64_t after = bank.funds.minor() + flows.in - flows.Out();
  if (after < 0) return false;
  const std::int64_t urgent =
      std::max<std::int64_t>(0, bank.reserved_urgent.minor() - flows.out[0]);
  const std::int64_t high = std::max<std::int64_t>(0, bank.reserved_high.minor() - flows.out[1]);
  if (flows.out[1] + flows.out[2] > 0 && after < urgent) return false;
  if (flows.out[2] > 0) {
    if (after < urgent + high + bank.kept_from_normal.minor()) return false;
    if (bank.receipts_left.has_value() && flows.out[2] > bank.receipts_left->minor() + flows.in) {
      return false;
    }
  }
  const std::int64_t growth = flows.in - flows.Out();
  return growth <= 0 || !bank.room_to_hold.has_value() || growth <= bank.room_to_hold->minor();
}

bool Binds(const Problem& problem, const ProblemPayment& payment) {
  return !problem.limits_bind_normal_only || payment.priority == Priority::kNormal;
}

bool BilateralRoomsFit(const Problem& problem, const Selection& selection) {
  for (const ProblemBilateralRoom& room : problem.bilateral_rooms) {
    std::int64_t out = 0;
    std::int64_t in = 0;
    for (std::size_t i = 0; i < problem.payments.size(); ++i) {
      const ProblemPayment& payment = problem.payments[i];
      if (!selection[i] || !Binds(problem, payment)) continue;
      if (payment.sender == room.sender && payment.receiver == room.receiver) {
        out += payment.amount.minor();
      }
      if (payment.sender == room.receiver && payment.receiver == room.sender) {
        in += payment.amount.minor();
      }
    }
    if (out > 0 && out - in > room.room.minor()) return false;
  }
  return true;
}

bool MultilateralRoomFits(const Problem& problem, const Selection& selection, BankIndex bank) {
  const auto has_bilateral = [&](BankIndex other) {
    return std::any_of(problem.bilateral_rooms.begin(), problem.bilateral_rooms.end(),
                       [&](const ProblemBilateralRoom& room) {
                         return room.sender == bank && room.receiver == other;
                       });
  };
  std::int64_t out = 0;
  std::int64_t in = 0;
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const ProblemPayment& payment = problem.payments[i];
    if (!selection[i] || !Binds(problem, payment)) continue;
    if (payment.sender == bank && !has_bilateral(payment.receiver)) out += payment.amount.minor();
    if (payment.receiver == bank && !has_bilateral(payment.sender)) in += payment.amount.minor();
  }
  return out == 0 || out - in <= problem.banks[bank].multilateral_room->minor();
}

bool OrderFits(const Problem& problem, const Selection& selection) {
  if (problem.order == Order::kFree) return true;
  const auto counts = [&](const ProblemPayment& left_out) {
    return problem.order == Order::kKept || left_out.priority != Priority::kNormal;
  };
  constexpr std::uint64_t kNoPlace = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> first_left_out(problem.banks.size(), kNoPlace);
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const ProblemPayment& payment = problem.payments[i];
    if (selection[i] || !counts(payment)) continue;
    std::uint64_t& first = first_left_out[payment.sender];
    first = std::min(first, payment.place);
  }
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const ProblemPayment& payment = problem.payments[i];
    if (selection[i] && payment.place > first_left_out[payment.sender]) return false;
  }
  return true;
}

bool LinksFit(const Problem& problem, const Selection& selection) {
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const std::uint32_t link = problem.payments[i].link;
    if (!selection[i] || link == 0) continue;
    bool has_partner = false;
    for (std::size_t j = 0; j < problem.payments.size(); ++j) {
      has_partner = has_partner || (j != i && selection[j] && problem.payments[j].link == link);
    }
    if (!has_partner) return false;
  }
  return true;
}

}  // namespace

bool IsFeasible(const Problem& problem, const Selection& selection) {
  CW_CHECK(selection.size() == problem.payments.size(), "one choice for each payment");
  std::vector<Flows> flows(problem.banks.size());
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    if (!selection[i]) continue;
    const ProblemPayment& payment = problem.payments[i];
    flows[payment.sender].out[static_cast<int>(payment.priority)] += payment.amount.minor();
    flows[payment.receiver].in += payment.amount.minor();
  }
  for (BankIndex bank = 0; bank < problem.banks.size(); ++bank) {
    if (!FundsFit(problem.banks[bank], flows[bank])) return false;
    if (problem.banks[bank].multilateral_room.has_value() &&
        !MultilateralRoomFits(problem, selection, bank)) {
      return false;
    }
  }
  return OrderFits(problem, selection) && BilateralRoomsFit(problem, selection) &&
         LinksFit(problem, selection);
}

core::Amount ValueOf(const Problem& problem, const Selection& selection) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < selection.size(); ++i) {
    if (selection[i]) value += problem.payments[i].amount.minor();
  }
  return core::Amount::FromMinor(value);
}

std::uint32_t CountOf(const Selection& selection) {
  return static_cast<std::uint32_t>(std::count(selection.begin(), selection.end(), true));
}

}  // namespace causeway::liquidity
