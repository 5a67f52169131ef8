// What a member of a settlement queue signs, and what it does not.
#include "settlement/client/queue_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"

namespace causeway::client {
namespace {

using ::testing::HasSubstr;

const core::LedgerTime kMemberNow = core::LedgerTime::FromMicros(1'700'000'000'000'000);

core::LedgerOrigin MemberLedger(const std::string& name) {
  return *core::LedgerOrigin::Parse("ledger.example/" + name);
}
core::ParticipantId Bank(const std::string& name) { return *core::ParticipantId::Parse(name); }
core::AccountAddress AccountIn(const std::string& currency, const std::string& bank) {
  return *core::AccountAddress::Make(*core::Currency::Parse(currency), bank);
}

// BANK-A pays 100 EUR to BANK-B for 110 USD, and 60 USD to BANK-C for 50 EUR: net it pays 50 EUR
// and gets 50 USD.
class QueueMemberTest : public testing::Test {
 protected:
  QueueMemberTest() {
    membership_.member = Bank("BANK-A");
    membership_.queue = *core::LedgerOrigin::Parse("bridge.example/decisions");
    membership_.accounts = {{MemberLedger("eur"), AccountIn("EUR", "BANKA")},
                            {MemberLedger("usd"), AccountIn("USD", "BANKA")}};
    membership_.policies = {core::Sha256("policy")};
    membership_.has_agreed = [this](const core::Hash256& trade) {
      return std::find(agreed_.begin(), agreed_.end(), trade) != agreed_.end();
    };
    AddTrade("T-1", {"BANK-A", "eur", "EUR", 100}, {"BANK-B", "usd", "USD", 110});
    AddTrade("T-2", {"BANK-A", "usd", "USD", 60}, {"BANK-C", "eur", "EUR", 50});
    AddLeg("eur", "BANK-A", "BANKA", "BANKB", 50);
    AddLeg("eur", "BANK-C", "BANKC", "BANKB", 50);
    AddLeg("usd", "BANK-B", "BANKB", "BANKA", 50);
    AddLeg("usd", "BANK-B", "BANKB", "BANKC", 60);
  }

  struct Pays {
    std::string party;
    std::string ledger;
    std::string currency;
    std::int64_t amount;
  };
  void AddTrade(const std::string& reference, const Pays& one, const Pays& other) {
    core::QueuedTrade trade;
    trade.queue = membership_.queue;
    trade.reference = *core::InstructionId::Parse(reference);
    trade.valid_until = kMemberNow + core::Duration::FromHours(1);
    std::size_t place = 0;
    for (const Pays& each : {one, other}) {
      trade.sides[place++] = {
          Bank(each.party),
          MemberLedger(each.ledger),
          {*core::Currency::Parse(each.currency), core::Amount::FromMinor(each.amount)}};
    }
    request_.trades.push_back(core::EncodeQueuedTrade(trade));
    agreed_.push_back(core::QueuedTradeIdOf(request_.trades.back()));
  }
  void AddLeg(const std::string& ledger, const std::string& payer, const std::string& from,
              const std::string& to, std::int64_t amount) {
    const std::string currency = ledger == "eur" ? "EUR" : "USD";
    legs_.push_back({.salt = std::string(16, static_cast<char>('a' + legs_.size())),
                     .ledger = MemberLedger(ledger),
                     .party = Bank(payer),
                     .id = *core::InstructionId::Parse("Q-" + std::to_string(legs_.size())),
                     .uetr = core::Uetr::FromRandomBytes({}),
                     .debtor = AccountIn(currency, from),
                     .creditor = AccountIn(currency, to),
                     .amount = {*core::Currency::Parse(currency), core::Amount::FromMinor(amount)},
                     .private_data_hash = {},
                     .approvals = {}});
  }

  absl::StatusOr<CheckedAttempt> Check() {
    request_.legs.clear();
    terms_.ledgers.clear();
    std::map<core::LedgerOrigin, std::uint32_t> counts;
    for (const core::Leg& leg : legs_) {
      request_.legs.push_back(codec::EncodeLeg(leg));
      ++counts[leg.ledger];
    }
    for (const auto& [ledger, count] : counts) terms_.ledgers.push_back({ledger, count});
    terms_.legs_root = core::LegsRoot(request_.legs);
    request_.terms = codec::EncodeTerms(terms_);
    return CheckSignatureRequest(membership_, request_, kMemberNow);
  }
  std::string Refusal() { return std::string(Check().status().message()); }

  QueueMembership membership_;
  std::vector<core::Hash256> agreed_;
  SignatureRequest request_;
  std::vector<core::Leg> legs_;
  core::TermsHeader terms_{.policy_hash = core::Sha256("policy"),
                           .deadline = kMemberNow + core::Duration::FromSeconds(60),
                           .nonce = std::string(16, 'n')};
};

TEST_F(QueueMemberTest, SignsWhatItsTradesComeTo) {
  const auto checked = Check();
  ASSERT_TRUE(checked.ok()) << checked.status().message();
  EXPECT_EQ(checked->trades.size(), 2U);
  EXPECT_EQ(checked->settlement_id, core::SettlementIdOf(request_.terms));
  EXPECT_EQ(checked->deadline, terms_.deadline);
  EXPECT_EQ(checked->pays_on, std::vector<core::LedgerOrigin>{MemberLedger("eur")});
}

TEST_F(QueueMemberTest, DoesNotSignWhereItPaysNothing) {
  // It pays 100 EUR for 110 USD, and gets as much for as little: nothing is left to pay.
  request_.trades.pop_back();
  AddTrade("T-3", {"BANK-A", "usd", "USD", 100}, {"BANK-C", "eur", "EUR", 100});
  legs_.clear();
  AddLeg("usd", "BANK-B", "BANKB", "BANKA", 10);
  EXPECT_THAT(Refusal(), HasSubstr("it pays nothing"));
}

TEST_F(QueueMemberTest, DoesNotPayMoreThanItsTrades) {
  legs_[0].amount.amount = core::Amount::FromMinor(51);
  EXPECT_THAT(Refusal(), HasSubstr("on ledger.example/eur the trades come to -50"));
}

TEST_F(QueueMemberTest, DoesNotGetLessThanItsTrades) {
  legs_[2].amount.amount = core::Amount::FromMinor(49);
  EXPECT_THAT(Refusal(), HasSubstr("on ledger.example/usd the trades come to 50"));
}

TEST_F(QueueMemberTest, DoesNotPayForATradeThatIsLeftOut) {
  request_.trades.pop_back();
  EXPECT_THAT(Refusal(), HasSubstr("the trades come to"));
}

TEST_F(QueueMemberTest, DoesNotPayForATradeThatItHasNotAgreedTo) {
  agreed_.pop_back();
  EXPECT_THAT(Refusal(), HasSubstr("is none that was agreed to"));
}

TEST_F(QueueMemberTest, DoesNotCountATradeTwice) {
  request_.trades.push_back(request_.trades[0]);
  EXPECT_THAT(Refusal(), HasSubstr("stands twice"));
}

TEST_F(QueueMemberTest, DoesNotLetItsAccountBeDebitedByOrderOfAnother) {
  legs_[0].party = Bank("BANK-B");
  EXPECT_THAT(Refusal(), HasSubstr("by order of BANK-B"));
}

TEST_F(QueueMemberTest, DoesNotPayFromAnotherAccount) {
  legs_[0].debtor = AccountIn("EUR", "BANKA2");
  EXPECT_THAT(Refusal(), HasSubstr("by order of BANK-A"));
}

TEST_F(QueueMemberTest, DoesNotPayOnALedgerThatItHasNoAccountOn) {
  legs_.push_back(legs_[0]);
  legs_.back().ledger = MemberLedger("gbp");
  EXPECT_THAT(Refusal(), HasSubstr("by order of BANK-A"));
}

TEST_F(QueueMemberTest, DoesNotSignLegsThatTheTermsDoNotBind) {
  ASSERT_TRUE(Check().ok());
  request_.legs.pop_back();
  EXPECT_THAT(
      std::string(CheckSignatureRequest(membership_, request_, kMemberNow).status().message()),
      HasSubstr("the legs are not those of the terms"));
}

// A trade that expired must not be settled at its old rate whenever it pleases the bridge.
TEST_F(QueueMemberTest, DoesNotSignForATradeWhoseTimeIsLongOver) {
  ASSERT_TRUE(Check().ok());
  const core::LedgerTime end = kMemberNow + core::Duration::FromHours(1);
  const auto asked_at = [&](core::LedgerTime now) {
    terms_.deadline = now + core::Duration::FromSeconds(60);
    core::TermsHeader terms = terms_;
    terms.legs_root = core::LegsRoot(request_.legs);
    request_.terms = codec::EncodeTerms(terms);
    return CheckSignatureRequest(membership_, request_, now).status();
  };
  EXPECT_TRUE(asked_at(end + kSignedAfterValidityMax).ok());
  EXPECT_THAT(
      std::string(
          asked_at(end + kSignedAfterValidityMax + core::Duration::FromMillis(1)).message()),
      HasSubstr("was valid until"));
}

TEST_F(QueueMemberTest, DoesNotSignUnderAnUnknownPolicyOrADeadlineThatIsFar) {
  terms_.deadline = kMemberNow + core::Duration::FromHours(3);
  EXPECT_THAT(Refusal(), HasSubstr("deadline"));
  terms_.deadline = kMemberNow;
  EXPECT_THAT(Refusal(), HasSubstr("deadline"));
  terms_.deadline = kMemberNow + core::Duration::FromSeconds(60);
  terms_.policy_hash = core::Sha256("another");
  EXPECT_THAT(Refusal(), HasSubstr("policy"));
}

TEST_F(QueueMemberTest, DoesNotSignAQuoteOrApprovals) {
  terms_.quote_id = "quote-1";
  EXPECT_THAT(Refusal(), HasSubstr("quote"));
  terms_.quote_id.clear();
  legs_[1].approvals = {Bank("BANK-A")};
  EXPECT_THAT(Refusal(), HasSubstr("approvals"));
}

TEST_F(QueueMemberTest, DoesNotSignWhatDoesNotDecode) {
  ASSERT_TRUE(Check().ok());
  const SignatureRequest good = request_;
  for (std::size_t size = 0; size < good.terms.size(); ++size) {
    request_.terms = good.terms.substr(0, size);
    EXPECT_FALSE(CheckSignatureRequest(membership_, request_, kMemberNow).ok()) << size;
  }
  request_ = good;
  request_.trades[0].pop_back();
  EXPECT_FALSE(CheckSignatureRequest(membership_, request_, kMemberNow).ok());
}

}  // namespace
}  // namespace causeway::client
