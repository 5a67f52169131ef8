// Accounts as they were when a snapshot began, of those that a batch changed before the snapshot
// came to them. A copy takes 24 bytes where, of the rest, only what payments change is not zero:
// what no batch ever changes is left out. Once the snapshot has passed a group of accounts, the
// memory of its copies serves for later ones, of the next snapshot too. Internal to the ledger's
// own files.
#ifndef CAUSEWAY_SETTLEMENT_CORE_ACCOUNT_COPIES_H_
#define CAUSEWAY_SETTLEMENT_CORE_ACCOUNT_COPIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "settlement/core/chunked_vector.h"
#include "settlement/core/ledger.h"

namespace causeway::core {

class AccountCopies {
 public:
  // Accounts with consecutive numbers that the snapshot passes at once: the first is a multiple.
  static constexpr std::size_t kGroup = 1024;

  // There are no copies any more, and those to come are of accounts with numbers below `accounts`.
  void Restart(std::size_t accounts);

  // Copies the account, unless it is copied already. Its group was not dropped since Restart.
  void Keep(const AccountState& account) {
    std::uint64_t& kept = kept_[account.number / 64];
    const std::uint64_t bit = std::uint64_t{1} << (account.number % 64);
    if ((kept & bit) != 0) return;
    kept |= bit;
    Copy(account);
  }

  // Those of a group: for each of its accounts, in their order, where its copy is; null: it has
  // none. Good until the next copy is made or the group is dropped.
  using Group = std::array<const std::uint64_t*, kGroup>;
  Group Find(std::size_t group) const;
  // The account as it was copied; `now` is the same account today.
  static AccountState Restored(const std::uint64_t* copy, AccountState now);
  void Drop(std::size_t group);

  // Of all copies that are not dropped, whole blocks.
  std::size_t bytes() const { return blocks_in_use_ * sizeof(Block); }
  // Of these, and of those that were dropped, which serves for the next: the most that there was.
  std::size_t allocated_bytes() const { return blocks_.size() * sizeof(Block); }

 private:
  // The copies of a group lie in blocks, each behind the one that was begun after it. A copy is a
  // word that says which account it is of and what follows, and then a word for each value that is
  // not zero.
  struct Block {
    std::uint32_t next = 0;  // one more than its place in blocks_; 0: none
    std::uint32_t used = 0;  // words
    std::array<std::uint64_t, 63> words;
  };

  void Copy(const AccountState& account);
  Block& RoomFor(std::size_t group, std::size_t words);

  std::vector<std::uint64_t> kept_;    // a bit for each account
  std::vector<std::uint32_t> groups_;  // as Block::next: the block of each that was begun last
  ChunkedVector<Block> blocks_;
  std::uint32_t free_ = 0;  // as Block::next
  std::size_t blocks_in_use_ = 0;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_ACCOUNT_COPIES_H_
