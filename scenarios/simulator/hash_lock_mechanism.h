// Exchanges by hash time-locks in virtual time: every trade is two traders that write to the two
// ledgers and watch them. Nobody runs it.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_HASH_LOCK_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_HASH_LOCK_MECHANISM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/mechanisms/hash_lock_exchange.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/mechanism.h"

namespace causeway::sim {

// A trader reads a ledger so often while it waits.
inline constexpr core::Duration kWatchEvery = core::Duration::FromSeconds(1);

class HashLockMechanism : public Mechanism {
 public:
  HashLockMechanism(World& world, const KeyRing& keys,
                    const std::vector<std::unique_ptr<LedgerNode>>& ledgers)
      : world_(world), keys_(keys), ledgers_(ledgers), trades_(world.plan.actions.size()) {}

  absl::Status Start() override { return absl::OkStatus(); }
  void Settle(ActionIndex action, Done done) override;
  std::optional<std::vector<Movement>> Moved() const override { return moved_; }

 private:
  // One side: the party is 0, the counterparty 1.
  struct Side {
    std::optional<HashLockTrader> trader;
    std::optional<core::Item> lock;  // signed once: a repeat is the same to the byte
    std::uint32_t sequence = 0;      // counts its requests
    std::uint32_t commands = 0;      // and those of them that are new instructions
    bool ended = false;
  };
  struct Trade {
    SettlePvp what;
    Done done;
    core::LedgerTime started;
    core::Hash256 hash_lock;
    std::array<Side, 2> sides;
  };
  using OnOutcome = std::function<void(const core::Rejection&)>;

  Trade& At(ActionIndex action) { return *trades_[action]; }
  // Of what that side pays, and who gets it.
  LedgerIndex LedgerOf(const Trade& trade, std::size_t side) const;
  ParticipantIndex TraderOf(const Trade& trade, std::size_t side) const;
  core::Amount AmountOf(const Trade& trade, std::size_t side) const;
  core::InstructionKey LockKeyOf(ActionIndex action, std::size_t side) const;
  core::LedgerTime TimeAt(const Trade& trade, std::size_t side) const;

  void Continue(ActionIndex action, std::size_t side);
  void Lock(ActionIndex action, std::size_t side);
  void Claim(ActionIndex action, std::size_t side);
  void Refund(ActionIndex action, std::size_t side);
  void Watch(ActionIndex action, std::size_t side, std::size_t whose);
  void Read(ActionIndex action, std::size_t side, std::size_t whose, std::uint32_t sequence);
  SeenLock See(const core::Ledger& ledger, ActionIndex action, std::size_t whose) const;
  core::Item Sign(ActionIndex action, std::size_t side, LedgerIndex ledger, core::InstructionId id,
                  core::Action what) const;
  core::InstructionId NextId(ActionIndex action, std::size_t side);
  // Sends it, and again until there is an answer that stays: then `on_outcome`, and on.
  void Submit(ActionIndex action, std::size_t side, LedgerIndex ledger, const core::Item& item,
              const OnOutcome& on_outcome);
  void Send(ActionIndex action, std::size_t side, std::uint32_t sequence, LedgerIndex ledger,
            const std::shared_ptr<const std::vector<core::Item>>& items,
            const OnOutcome& on_outcome);
  void End(ActionIndex action, std::size_t side);

  World& world_;
  const KeyRing& keys_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  std::vector<std::unique_ptr<Trade>> trades_;  // by action; null but for those that began
  std::vector<Movement> moved_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_HASH_LOCK_MECHANISM_H_
