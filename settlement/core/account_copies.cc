#include "settlement/core/account_copies.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

// The first word of a copy: position in the group, whether it was frozen and closed, which values
// follow, and the lower bits of how many postings there were, the rest of which is a value too.
constexpr unsigned kFrozenAt = 10;
constexpr unsigned kClosedAt = 11;
constexpr unsigned kMaskAt = 12;
constexpr unsigned kPostingsAt = 19;
constexpr std::size_t kValues = kPostingsAt - kMaskAt;
constexpr std::uint64_t kMask = (std::uint64_t{1} << kValues) - 1;
static_assert(AccountCopies::kGroup == std::size_t{1} << kFrozenAt);

std::array<std::uint64_t, kValues> ValuesOf(const AccountState& account) {
  const auto bits = [](Amount amount) { return static_cast<std::uint64_t>(amount.minor()); };
  return {bits(account.available),
          account.last_leaf,
          bits(account.held),
          bits(account.incoming_reserved),
          bits(account.holding_limit),
          bits(account.credit_line),
          account.posting_count >> (64 - kPostingsAt)};
}

}  // namespace

void AccountCopies::Restart(std::size_t accounts) {
  for (std::size_t group = 0; group < groups_.size(); ++group) Drop(group);
  groups_.assign((accounts + kGroup - 1) / kGroup, 0);
  kept_.assign((accounts + 63) / 64, 0);
}

void AccountCopies::Copy(const AccountState& account) {
  const std::array<std::uint64_t, kValues> values = ValuesOf(account);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kValues; ++i) {
    mask |= static_cast<std::uint64_t>(values[i] != 0 ? 1 : 0) << i;
  }
  Block& block =
      RoomFor(account.number / kGroup, 1 + static_cast<std::size_t>(std::popcount(mask)));
  std::uint64_t* next = &block.words[block.used];
  *next++ = (account.number % kGroup) | (std::uint64_t{account.frozen} << kFrozenAt) |
            (std::uint64_t{account.closed} << kClosedAt) | (mask << kMaskAt) |
            (account.posting_count << kPostingsAt);
  for (const std::uint64_t value : values) {
    if (value != 0) *next++ = value;
  }
  block.used = static_cast<std::uint32_t>(next - block.words.data());
}

AccountCopies::Block& AccountCopies::RoomFor(std::size_t group, std::size_t words) {
  std::uint32_t& newest = groups_[group];
  if (newest != 0) {
    Block& block = blocks_[newest - 1];
    if (block.used + words <= block.words.size()) return block;
  }
  if (free_ == 0) {
    blocks_.push_back({});
    free_ = static_cast<std::uint32_t>(blocks_.size());
  }
  const std::uint32_t taken = free_;
  Block& block = blocks_[taken - 1];
  free_ = std::exchange(block.next, newest);
  block.used = 0;
  newest = taken;
  ++blocks_in_use_;
  return block;
}

AccountCopies::Group AccountCopies::Find(std::size_t group) const {
  Group found{};
  for (std::uint32_t at = groups_[group]; at != 0; at = blocks_[at - 1].next) {
    const Block& block = blocks_[at - 1];
    const std::uint64_t* copy = block.words.data();
    const std::uint64_t* const end = copy + block.used;
    while (copy != end) {
      found[*copy % kGroup] = copy;
      copy += 1 + std::popcount((*copy >> kMaskAt) & kMask);
    }
  }
  return found;
}

AccountState AccountCopies::Restored(const std::uint64_t* copy, AccountState now) {
  const std::uint64_t first = *copy++;
  CW_CHECK(first % kGroup == now.number % kGroup, "a copy is put back into its own account");
  const auto value = [&](unsigned position) {
    return ((first >> (kMaskAt + position)) & 1) != 0 ? *copy++ : std::uint64_t{0};
  };
  const auto amount = [&](unsigned position) {
    return Amount::FromMinor(static_cast<std::int64_t>(value(position)));
  };
  now.frozen = ((first >> kFrozenAt) & 1) != 0;
  now.closed = ((first >> kClosedAt) & 1) != 0;
  now.available = amount(0);
  now.last_leaf = value(1);
  now.held = amount(2);
  now.incoming_reserved = amount(3);
  now.holding_limit = amount(4);
  now.credit_line = amount(5);
  now.posting_count = (first >> kPostingsAt) | (value(6) << (64 - kPostingsAt));
  return now;
}

void AccountCopies::Drop(std::size_t group) {
  for (std::uint32_t at = std::exchange(groups_[group], 0); at != 0;) {
    Block& block = blocks_[at - 1];
    const std::uint32_t after = std::exchange(block.next, free_);
    free_ = std::exchange(at, after);
    --blocks_in_use_;
  }
}

}  // namespace causeway::core
