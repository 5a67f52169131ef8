#include "settlement/liquidity/offsetting.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

#include "settlement/core/check.h"

namespace causeway::liquidity {
namespace {

constexpr std::uint32_t kNoRoom = std::numeric_limits<std::uint32_t>::max();

// The reasoning is with Engine::State::FindLargestPrefixes in multilateral.cc.
class Prefixes {
 public:
  explicit Prefixes(const Problem& problem)
      : problem_(problem),
        banks_(problem.banks.size()),
        payments_(problem.payments.size()),
        rooms_(problem.bilateral_rooms.size()),
        in_set_(problem.payments.size(), true) {
    OrderQueues();
    OrderRooms();
    for (std::size_t i = 0; i < payments_.size(); ++i) {
      FindRooms(i);
      Count(i, 1);
    }
  }

  Selection Find() {
    std::vector<BankIndex> work(banks_.size());
    std::iota(work.begin(), work.end(), BankIndex{0});
    for (Bank& bank : banks_) bank.listed = true;
    DropUntilPayersFit(work);
    while (DropForHolding(work)) DropUntilPayersFit(work);
    return in_set_;
  }

 private:
  // What a room or a bank's multilateral room has to carry.
  struct Carried {
    std::int64_t out = 0;
    std::int64_t in = 0;
    bool Fits(std::int64_t room) const { return out == 0 || out - in <= room; }
  };
  struct Bank {
    std::int64_t in = 0;
    std::int64_t out[kPriorities] = {0, 0, 0};
    Carried multilateral;
    std::size_t queue_begin = 0;  // in `queues_`
    std::size_t queue_end = 0;    // of what is in the set
    std::size_t rooms_begin = 0;  // in `room_order_`
    std::size_t rooms_end = 0;
    bool listed = false;
    std::int64_t Out() const { return out[0] + out[1] + out[2]; }
  };
  struct Payment {
    bool bound = false;
    std::uint32_t out_room = kNoRoom;  // of the sender with the receiver
    std::uint32_t in_room = kNoRoom;   // of the receiver with the sender
  };

  void OrderQueues() {
    for (const ProblemPayment& payment : problem_.payments) ++banks_[payment.sender].queue_end;
    std::size_t begin = 0;
    for (Bank& bank : banks_) {
      const std::size_t count = bank.queue_end;
      bank.queue_begin = bank.queue_end = begin;
      begin += count;
    }
    queues_.resize(payments_.size());
    for (std::uint32_t i = 0; i < payments_.size(); ++i) {
      queues_[banks_[problem_.payments[i].sender].queue_end++] = i;
    }
    const auto before = [&](std::uint32_t left, std::uint32_t right) {
      return problem_.payments[left].place < problem_.payments[right].place;
    };
    for (const Bank& bank : banks_) {
      const auto first = queues_.begin() + static_cast<std::ptrdiff_t>(bank.queue_begin);
      const auto last = queues_.begin() + static_cast<std::ptrdiff_t>(bank.queue_end);
      if (!std::is_sorted(first, last, before)) std::stable_sort(first, last, before);
    }
  }

  void OrderRooms() {
    room_order_.resize(rooms_.size());
    std::iota(room_order_.begin(), room_order_.end(), 0U);
    const std::vector<ProblemBilateralRoom>& rooms = problem_.bilateral_rooms;
    std::sort(room_order_.begin(), room_order_.end(), [&](std::uint32_t left, std::uint32_t right) {
      return rooms[left].sender != rooms[right].sender
                 ? rooms[left].sender < rooms[right].sender
                 : rooms[left].receiver < rooms[right].receiver;
    });
    for (std::size_t i = 0; i < room_order_.size(); ++i) {
      Bank& bank = banks_[rooms[room_order_[i]].sender];
      if (bank.rooms_end == 0) bank.rooms_begin = i;
      bank.rooms_end = i + 1;
    }
  }

  std::uint32_t FindRoom(BankIndex sender, BankIndex receiver) const {
    const Bank& bank = banks_[sender];
    const auto first = room_order_.begin() + static_cast<std::ptrdiff_t>(bank.rooms_begin);
    const auto last = room_order_.begin() + static_cast<std::ptrdiff_t>(bank.rooms_end);
    const auto found = std::partition_point(first, last, [&](std::uint32_t room) {
      return problem_.bilateral_rooms[room].receiver < receiver;
    });
    const bool is_it = found != last && problem_.bilateral_rooms[*found].receiver == receiver;
    return is_it ? *found : kNoRoom;
  }

  void FindRooms(std::size_t i) {
    const ProblemPayment& payment = problem_.payments[i];
    payments_[i].bound = !problem_.limits_bind_normal_only || payment.priority == Priority::kNormal;
    if (!payments_[i].bound || rooms_.empty()) return;
    payments_[i].out_room = FindRoom(payment.sender, payment.receiver);
    payments_[i].in_room = FindRoom(payment.receiver, payment.sender);
  }

  // Takes a payment into the set, or with -1 out of it.
  void Count(std::size_t i, std::int64_t times) {
    const ProblemPayment& payment = problem_.payments[i];
    const std::int64_t amount = times * payment.amount.minor();
    Bank& sender = banks_[payment.sender];
    Bank& receiver = banks_[payment.receiver];
    sender.out[static_cast<std::size_t>(payment.priority)] += amount;
    receiver.in += amount;
    if (!payments_[i].bound) return;
    const std::uint32_t out_room = payments_[i].out_room;
    const std::uint32_t in_room = payments_[i].in_room;
    (out_room == kNoRoom ? sender.multilateral : rooms_[out_room]).out += amount;
    (in_room == kNoRoom ? receiver.multilateral : rooms_[in_room]).in += amount;
  }

  bool FundsFit(BankIndex index) const {
    const ProblemBank& terms = problem_.banks[index];
    const Bank& bank = banks_[index];
    const std::int64_t after = terms.funds.minor() + bank.in - bank.Out();
    if (after < 0) return false;
    const std::int64_t urgent =
        std::max<std::int64_t>(0, terms.reserved_urgent.minor() - bank.out[0]);
    if (bank.out[1] + bank.out[2] > 0 && after < urgent) return false;
    if (bank.out[2] == 0) return true;
    const std::int64_t high = std::max<std::int64_t>(0, terms.reserved_high.minor() - bank.out[1]);
    if (after < urgent + high + terms.kept_from_normal.minor()) return false;
    return !terms.receipts_left.has_value() ||
           bank.out[2] <= terms.receipts_left->minor() + bank.in;
  }

  bool LimitsFit(BankIndex index) const {
    const ProblemBank& terms = problem_.banks[index];
    const Bank& bank = banks_[index];
    if (terms.multilateral_room.has_value() &&
        !bank.multilateral.Fits(terms.multilateral_room->minor())) {
      return false;
    }
    for (std::size_t i = bank.rooms_begin; i < bank.rooms_end; ++i) {
      const std::uint32_t room = room_order_[i];
      if (!rooms_[room].Fits(problem_.bilateral_rooms[room].room.minor())) return false;
    }
    return true;
  }

  void DropLast(BankIndex index, std::vector<BankIndex>& work) {
    const std::uint32_t dropped = queues_[--banks_[index].queue_end];
    in_set_[dropped] = false;
    Count(dropped, -1);
    const BankIndex payee = problem_.payments[dropped].receiver;
    if (banks_[payee].listed) return;
    banks_[payee].listed = true;
    work.push_back(payee);
  }

  void DropUntilPayersFit(std::vector<BankIndex>& work) {
    for (std::size_t next = 0; next < work.size(); ++next) {
      const BankIndex index = work[next];
      Bank& bank = banks_[index];
      bank.listed = false;
      while (bank.queue_end > bank.queue_begin && !(FundsFit(index) && LimitsFit(index))) {
        DropLast(index, work);
      }
    }
    work.clear();
  }

  // For the first bank that would come to hold too much, drops the latest arrival to it, with what
  // stands behind it in its queue. False when there is none.
  bool DropForHolding(std::vector<BankIndex>& work) {
    for (BankIndex payee = 0; payee < banks_.size(); ++payee) {
      const std::optional<core::Amount>& room = problem_.banks[payee].room_to_hold;
      const std::int64_t growth = banks_[payee].in - banks_[payee].Out();
      if (!room.has_value() || growth <= 0 || growth <= room->minor()) continue;
      std::size_t latest = payments_.size();
      do {
        CW_CHECK(latest > 0, "a bank that would hold too much receives something");
        --latest;
      } while (!in_set_[latest] || problem_.payments[latest].receiver != payee);
      while (in_set_[latest]) DropLast(problem_.payments[latest].sender, work);
      return true;
    }
    return false;
  }

  const Problem& problem_;
  std::vector<Bank> banks_;
  std::vector<Payment> payments_;
  std::vector<Carried> rooms_;
  std::vector<std::uint32_t> queues_;      // payments, by sender and place
  std::vector<std::uint32_t> room_order_;  // rooms, by sender and receiver
  Selection in_set_;
};

}  // namespace

Selection SelectBechSoramaki(const Problem& problem) { return Prefixes(problem).Find(); }

}  // namespace causeway::liquidity
