#include "tests/bench/sim_floor.h"

#include <utility>

namespace causeway::bench {
namespace {

struct Queue {
  std::vector<std::uint32_t> payments;
  std::size_t head = 0;
};

class Floor {
 public:
  Floor(const study::Input& input, std::vector<std::int64_t> balances)
      : input_(input),
        balances_(std::move(balances)),
        queues_(balances_.size()),
        waits_(balances_.size(), 0),
        position_(balances_.size()),
        taken_(balances_.size()) {}

  void Submit(std::uint32_t index) {
    const study::Payment& payment = input_.payments[index];
    Queue& queue = queues_[payment.sender];
    if (queue.head != queue.payments.size() || balances_[payment.sender] < payment.amount) {
      queue.payments.push_back(index);
      return;
    }
    Book(payment);
    Touch(payment.recipient);
    Release();
  }

  // The largest set that keeps the order of all queues: all of them, less the last payments of
  // banks that cannot cover, until none is left that cannot.
  void Offset() {
    std::vector<std::uint32_t> short_banks;
    for (std::size_t bank = 0; bank < queues_.size(); ++bank) {
      taken_[bank] = queues_[bank].payments.size();
      position_[bank] = balances_[bank];
    }
    for (const Queue& queue : queues_) {
      for (std::size_t i = queue.head; i < queue.payments.size(); ++i) {
        const study::Payment& payment = input_.payments[queue.payments[i]];
        position_[payment.sender] -= payment.amount;
        position_[payment.recipient] += payment.amount;
      }
    }
    for (std::uint32_t bank = 0; bank < queues_.size(); ++bank) {
      if (position_[bank] < 0) short_banks.push_back(bank);
    }
    while (!short_banks.empty()) {
      const std::uint32_t bank = short_banks.back();
      short_banks.pop_back();
      while (position_[bank] < 0) {
        const study::Payment& payment = input_.payments[queues_[bank].payments[--taken_[bank]]];
        position_[bank] += payment.amount;
        std::int64_t& payee = position_[payment.recipient];
        const bool was_short = payee < 0;
        payee -= payment.amount;
        if (payee < 0 && !was_short) short_banks.push_back(payment.recipient);
      }
    }
    for (std::uint32_t bank = 0; bank < queues_.size(); ++bank) {
      Queue& queue = queues_[bank];
      for (; queue.head < taken_[bank]; ++queue.head) {
        const study::Payment& payment = input_.payments[queue.payments[queue.head]];
        Book(payment);
        Touch(payment.recipient);
        Touch(bank);
      }
    }
    Release();
  }

  const FloorResult& result() const { return result_; }

 private:
  void Book(const study::Payment& payment) {
    balances_[payment.sender] -= payment.amount;
    balances_[payment.recipient] += payment.amount;
    ++result_.settled;
    result_.settled_value += payment.amount;
  }
  void Touch(std::uint32_t bank) {
    if (waits_[bank] != 0) return;
    waits_[bank] = 1;
    touched_.push_back(bank);
  }
  void Release() {
    for (std::size_t next = 0; next < touched_.size(); ++next) {
      const std::uint32_t bank = touched_[next];
      waits_[bank] = 0;
      Queue& queue = queues_[bank];
      while (queue.head < queue.payments.size()) {
        const study::Payment& payment = input_.payments[queue.payments[queue.head]];
        if (balances_[bank] < payment.amount) break;
        Book(payment);
        ++queue.head;
        Touch(payment.recipient);
      }
    }
    touched_.clear();
  }

  const study::Input& input_;
  std::vector<std::int64_t> balances_;
  std::vector<Queue> queues_;
  std::vector<char> waits_;
  std::vector<std::uint32_t> touched_;
  std::vector<std::int64_t> position_;
  std::vector<std::size_t> taken_;
  FloorResult result_;
};

}  // namespace

FloorResult RunFloor(const study::Input& input, std::vector<std::int64_t> balances,
                     study::TimeUs opens, study::TimeUs closes, study::TimeUs lsm_every) {
  Floor floor(input, std::move(balances));
  study::TimeUs next = lsm_every == 0 ? closes + 1 : opens + lsm_every;
  for (std::uint32_t i = 0; i < input.payments.size(); ++i) {
    const study::TimeUs due = input.payments[i].due;
    if (due >= closes) break;
    for (; next <= due; next += lsm_every) floor.Offset();
    floor.Submit(i);
  }
  for (; next <= closes; next += lsm_every) floor.Offset();
  if (lsm_every != 0 && next - lsm_every != closes) floor.Offset();
  return floor.result();
}

}  // namespace causeway::bench
