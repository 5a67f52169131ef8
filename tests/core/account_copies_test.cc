#include "settlement/core/account_copies.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "settlement/core/hash.h"
#include "settlement/core/ledger_capture.h"
#include "settlement/core/ledger_snapshot_records.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

constexpr std::size_t kGroup = AccountCopies::kGroup;

// All that a snapshot says of it.
std::string BytesOf(const AccountState& account) {
  Writer writer;
  WriteAccount(account, writer);
  return std::string(writer.bytes());
}

// What batches may change, drawn so that zeros and the ends of the ranges are frequent.
AccountState Changed(AccountState account, RandomStream& random) {
  const auto amount = [&random] {
    switch (random.Uniform(5)) {
      case 0:
        return Amount::Max();
      case 1:
        return Amount::Min();
      case 2:
        return Amount::FromMinor(random.UniformInRange(-1'000, 1'000));
      default:
        return Amount::Zero();
    }
  };
  const auto count = [&random]() -> std::uint64_t {
    switch (random.Uniform(4)) {
      case 0:
        return std::numeric_limits<std::uint64_t>::max() - random.Uniform(5);
      case 1:
        return 0;
      default:
        return std::uint64_t{1} << random.Uniform(64);
    }
  };
  account.available = amount();
  account.held = amount();
  account.incoming_reserved = amount();
  account.holding_limit = amount();
  account.credit_line = amount();
  account.posting_count = count();
  account.last_leaf = count();
  account.frozen = random.Uniform(2) == 0;
  account.closed = random.Uniform(2) == 0;
  return account;
}

AccountState AccountNumber(std::size_t number) {
  AccountState account;
  account.number = static_cast<std::uint32_t>(number);
  account.address = *AccountAddress::Make(*Currency::Parse("HKD"), "A" + std::to_string(number));
  account.owner_number = static_cast<std::uint32_t>(number % 7);
  account.purpose = AccountPurpose::kWallet;
  account.non_resident = number % 3 == 0;
  return account;
}

// As after a payment: nothing but what every payment changes is not zero.
AccountState PaidAccount(std::size_t number) {
  AccountState account = AccountNumber(number);
  account.available = Amount::FromMinor(1'000);
  account.posting_count = 1;
  account.last_leaf = 10 + number;
  return account;
}

TEST(AccountCopiesTest, AccountsComeBackAsTheyWereWhateverChanged) {
  RandomStream random(1, "account copies");
  constexpr std::size_t kAccounts = 3 * kGroup + 100;
  AccountCopies copies;
  for (int round = 0; round < 3; ++round) {
    copies.Restart(kAccounts);
    std::map<std::size_t, AccountState> expected;
    for (int i = 0; i < 4'000; ++i) {
      const std::size_t number = random.Uniform(kAccounts);
      const AccountState account = Changed(AccountNumber(number), random);
      copies.Keep(account);
      expected.try_emplace(number, account);  // of several copies the first counts
    }
    for (std::size_t group = 0; group * kGroup < kAccounts; ++group) {
      const AccountCopies::Group found = copies.Find(group);
      for (std::size_t i = 0; i < kGroup; ++i) {
        const std::size_t number = group * kGroup + i;
        const auto was = expected.find(number);
        ASSERT_EQ(found[i] != nullptr, was != expected.end()) << number;
        if (found[i] == nullptr) continue;
        const AccountState now = Changed(AccountNumber(number), random);
        EXPECT_EQ(BytesOf(AccountCopies::Restored(found[i], now)), BytesOf(was->second)) << number;
      }
      copies.Drop(group);
    }
    EXPECT_EQ(copies.bytes(), 0u);
  }
}

TEST(AccountCopiesTest, WhatPaymentsChangeTakes24BytesAnAccount) {
  AccountCopies copies;
  copies.Restart(kGroup);
  for (std::size_t number = 0; number < kGroup; ++number) copies.Keep(PaidAccount(number));
  // Blocks of 512 bytes have room for 21.
  EXPECT_EQ(copies.bytes(), (kGroup + 20) / 21 * 512);
}

TEST(AccountCopiesTest, MemoryOfDroppedGroupsServesLaterCopies) {
  constexpr std::size_t kAccounts = 40 * kGroup;
  AccountCopies copies;
  for (int snapshot = 0; snapshot < 3; ++snapshot) {
    copies.Restart(kAccounts);
    for (std::size_t group = 0; group < kAccounts / kGroup; ++group) {
      for (std::size_t i = 0; i < kGroup; ++i) copies.Keep(PaidAccount(group * kGroup + i));
      copies.Drop(group);
    }
  }
  EXPECT_EQ(copies.bytes(), 0u);
  EXPECT_EQ(copies.allocated_bytes(), (kGroup + 20) / 21 * 512) << "one group's";
}

TEST(AccountCopiesTest, OneThatWasGivenUpLeavesNoCopies) {
  AccountCopies copies;
  copies.Restart(2 * kGroup);
  copies.Keep(PaidAccount(3));
  copies.Keep(PaidAccount(kGroup + 3));
  copies.Restart(kGroup);
  EXPECT_EQ(copies.bytes(), 0u);
  EXPECT_EQ(copies.Find(0)[3], nullptr);
  copies.Keep(PaidAccount(3));
  EXPECT_NE(copies.Find(0)[3], nullptr) << "what was copied for the last one is copied again";
}

// Why copies of settlements need no bound of their own.
TEST(LedgerCaptureTest, OnlySettlementsThatWerePreparedWhenItBeganAreCopiedEachOnce) {
  LedgerCapture capture;
  capture.next_index = 100;
  SettlementState before{.settlement_id = Sha256("before"), .entry_index = 99};
  SettlementState later{.settlement_id = Sha256("later"), .entry_index = 100};
  for (int i = 0; i < 3; ++i) {
    capture.BeforeChange(before);
    capture.BeforeChange(later);
    before.status = InstructionStatus::kSettled;
  }
  ASSERT_EQ(capture.old_settlements.size(), 1u);
  EXPECT_EQ(capture.old_settlements.begin()->first, before.settlement_id);
  EXPECT_EQ(capture.old_settlements.begin()->second.status, InstructionStatus::kNone);
}

}  // namespace
}  // namespace causeway::core
