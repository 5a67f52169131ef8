#include "settlement/core/account_terms.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

constexpr LedgerTime kStart = LedgerTime::FromMicros(1'660'500'000'000'000);

TEST(AccountTermsTest, CollateralCreditIsRoundedDownAndNeverOverflows) {
  EXPECT_EQ(CollateralCredit(Amount::FromMinor(9'999), 1).minor(), 9'998);
  EXPECT_EQ(CollateralCredit(Amount::FromMinor(1), 9'999).minor(), 0);
  EXPECT_EQ(CollateralCredit(Amount::FromMinor(1), 0).minor(), 1);
  EXPECT_EQ(CollateralCredit(Amount::Max(), 0), Amount::Max());
  EXPECT_EQ(CollateralCredit(Amount::Max(), 10'000), Amount::Zero());
}

TEST(AccountTermsTest, CreditCostsByValueTimeAndPrice) {
  AccountTerms terms;
  terms.counted_until = kStart;
  terms.CountCredit(Amount::FromMinor(-1'000'000), 3, kStart + Duration::FromHours(8));
  EXPECT_EQ(CreditCharge(terms.credit_cost), Amount::FromMinor(1));
  terms.CountCredit(Amount::FromMinor(7), 3, kStart + Duration::FromHours(16));
  EXPECT_EQ(CreditCharge(terms.credit_cost), Amount::FromMinor(1)) << "nothing was drawn";
  EXPECT_EQ(terms.counted_until, kStart + Duration::FromHours(16));
}

TEST(AccountTermsTest, ACostBeyondAnyAmountIsNoCharge) {
  AccountTerms terms;
  terms.CountCredit(Amount::Min(), kCreditPricePpmMax, LedgerTime::Max());
  EXPECT_EQ(terms.credit_cost, absl::Uint128Max());
  EXPECT_EQ(CreditCharge(terms.credit_cost), std::nullopt);
}

TEST(AccountTermsTest, PositionsGoBeyondAmounts) {
  AccountTerms terms;
  terms.SetMultilateral(Amount::Zero());
  terms.CountReceived(3, Amount::Max());
  terms.CountReceived(4, Amount::Max());
  EXPECT_EQ(terms.LimitFor(5)->Room(), 2 * absl::int128(Amount::Max().minor()));
}

TEST(AccountTermsTest, WhatIsReservedIsUsedUpByItsOwnPriority) {
  AccountTerms terms;
  terms.reserved_urgent = Amount::FromMinor(5);
  terms.reserved_high = Amount::FromMinor(3);
  EXPECT_EQ(terms.KeptFrom(PaymentPriority::kUrgent), 0);
  EXPECT_EQ(terms.KeptFrom(PaymentPriority::kHigh), 5);
  EXPECT_EQ(terms.KeptFrom(PaymentPriority::kNormal), 8);
  terms.UseReservation(Amount::FromMinor(1), PaymentPriority::kNormal);
  terms.UseReservation(Amount::FromMinor(9), PaymentPriority::kHigh);
  terms.UseReservation(Amount::FromMinor(1), PaymentPriority::kUrgent);
  EXPECT_EQ(terms.KeptFrom(PaymentPriority::kNormal), 4);
}

}  // namespace
}  // namespace causeway::core
