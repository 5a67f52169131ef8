#include "wallet-cli/payment_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

constexpr char kAccounts[] = "HKD94ALPHA0001,HKD14BETA0001,";

PaymentFile ReadHkd(const std::string& content) {
  return ReadPaymentFile(content, ParseOrDie<core::Currency>("HKD"));
}

// The one fault of a file with these columns and that row.
RowFault FaultOf(const std::string& columns, const std::string& row) {
  const PaymentFile file = ReadHkd(columns + "\n" + row + "\n");
  EXPECT_EQ(file.faults.size(), 1u) << row;
  return file.faults.empty() ? RowFault() : file.faults.front();
}

TEST(PaymentFile, ColumnsStandInAnyOrderAndMayBeLeftOut) {
  const PaymentFile file = ReadHkd(
      "amount, to ,from,purpose,uetr,id,reference\n"
      "1.50,HKD14BETA0001,HKD94ALPHA0001,TRAD,8a562c67-ca16-48ba-b074-65581be6f001,A-1,\"a,b\"\n"
      "2.00 HKD,HKD14BETA0001,HKD94ALPHA0001,,,,\n");
  ASSERT_TRUE(file.faults.empty()) << file.faults.front().what;
  ASSERT_EQ(file.rows.size(), 2u);
  EXPECT_EQ(file.rows[0].amount.minor(), 150);
  EXPECT_EQ(file.rows[0].to.ToString(), "HKD14BETA0001");
  EXPECT_EQ(file.rows[0].id->text(), "A-1");
  EXPECT_EQ(file.rows[0].reference, "a,b");
  EXPECT_EQ(file.rows[1].line, 3u);
  EXPECT_FALSE(file.rows[1].id.has_value());
}

TEST(PaymentFile, AFaultNamesTheColumnOfTheField) {
  const RowFault fault = FaultOf("from,to,amount", std::string(kAccounts) + "1.005");
  EXPECT_EQ(fault.line, 2u);
  EXPECT_EQ(fault.column, 30u);
  EXPECT_THAT(fault.what, HasSubstr("amount"));
}

TEST(PaymentFile, WhatNoLedgerWouldTakeIsAFault) {
  const std::string columns = "from,to,amount,purpose";
  EXPECT_THAT(FaultOf(columns, std::string(kAccounts) + "0.00,").what, HasSubstr("above zero"));
  EXPECT_THAT(FaultOf(columns, std::string(kAccounts) + "1.00 EUR,").what, HasSubstr("HKD"));
  EXPECT_THAT(FaultOf(columns, std::string(kAccounts) + "1.00,LONGER").what, HasSubstr("purpose"));
  EXPECT_THAT(FaultOf(columns, "HKD94ALPHA0001,HKD94ALPHA0001,1.00,").what,
              HasSubstr("the account that pays"));
  EXPECT_THAT(FaultOf(columns, std::string("HKD94ALPHA0001,") +
                                   Address("USD", "BETA0001").ToString() + ",1.00,")
                  .what,
              HasSubstr("no account in HKD"));
}

TEST(PaymentFile, AColumnThatNobodyKnowsIsNotPassedOver) {
  EXPECT_THAT(FaultOf("from,to,amount,ammount", "").what, HasSubstr("\"ammount\""));
  EXPECT_THAT(FaultOf("from,to", "").what, HasSubstr("no column amount"));
  EXPECT_THAT(FaultOf("from,to,amount,to", "").what, HasSubstr("twice"));
  EXPECT_FALSE(ReadHkd("").faults.empty());
  EXPECT_FALSE(ReadHkd("from,to,amount\n").faults.empty());
}

}  // namespace
}  // namespace causeway::wallet
