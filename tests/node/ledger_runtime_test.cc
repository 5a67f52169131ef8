#include "central-bank-node/runtime/ledger_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "central-bank-node/runtime/access.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

using core::InstructionStatus;
using core::Outcome;
using namespace std::chrono_literals;

constexpr auto kMoment = 50ms;  // long enough for what must not happen

class LedgerRuntimeTest : public LiveLedgerTest {
 protected:
  template <typename T>
  static bool Ready(const std::future<T>& future, std::chrono::milliseconds time = kMoment) {
    return future.wait_for(time) == std::future_status::ready;
  }
  static Outcome RefusalOf(const std::vector<ItemReply>& replies) {
    return replies.front().result.refused ? replies.front().result.refused->outcome
                                          : Outcome::kAccepted;
  }
  static InstructionStatus StatusOf(const ItemReply& reply) {
    return reply.result.instructions.empty() ? InstructionStatus::kNone
                                             : reply.result.instructions.front().status;
  }
  std::uint64_t Size() {
    return runtime_->Read([](const LedgerEngine& engine) { return engine.size(); });
  }
  std::uint64_t BatchCount() {
    return runtime_->Read([](const LedgerEngine& engine) { return engine.batch_count(); });
  }
};

TEST_F(LedgerRuntimeTest, AnswersAPaymentWithItsRecordedOutcome) {
  StartRuntime();
  const ItemReply reply = SubmitOne(PayItem("ALPHA", "BETA", 300));
  ASSERT_FALSE(reply.result.refused) << core::Describe(*reply.result.refused);
  EXPECT_EQ(StatusOf(reply), InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(LedgerRuntimeTest, NothingIsSeenOrAnsweredBeforeItIsDurable) {
  StartRuntime();
  journal_->Close();
  auto reply = SubmitSoon(List(PayItem("ALPHA", "BETA", 300)));
  journal_->AwaitAppend();
  auto seen = std::async(std::launch::async, [this] { return Available("BETA"); });
  EXPECT_FALSE(Ready(reply));
  EXPECT_FALSE(Ready(seen));
  journal_->Open();
  EXPECT_EQ(StatusOf(reply.get().front()), InstructionStatus::kSettled);
  EXPECT_EQ(seen.get(), 300);
}

TEST_F(LedgerRuntimeTest, ItemsThatComeTogetherAreOneBatchInTheirOrder) {
  StartRuntime();
  const std::uint64_t batches = BatchCount();
  // BETA has nothing: the order decides whether all three settle.
  std::vector<core::Item> items;
  items.push_back(PayItem("ALPHA", "BETA", 500));
  items.push_back(PayItem("BETA", "ALPHA", 500));
  items.push_back(PayItem("ALPHA", "BETA", 100'000));
  const std::vector<ItemReply> replies = SubmitSoon(std::move(items)).get();
  for (const ItemReply& reply : replies) EXPECT_EQ(StatusOf(reply), InstructionStatus::kSettled);
  EXPECT_EQ(BatchCount(), batches + 1);
}

TEST_F(LedgerRuntimeTest, OneThreadTakesAPaymentThroughAnIdleLedger) {
  StartRuntime();
  for (int i = 0; i < 20; ++i) {
    auto admitted = std::make_shared<std::promise<std::thread::id>>();
    auto answered = std::make_shared<std::promise<std::thread::id>>();
    runtime_->Submit(
        List(PayItem("ALPHA", "BETA", 1)),
        [admitted](const core::Ledger&, const core::AdmittedItem&) {
          admitted->set_value(std::this_thread::get_id());
          return std::optional<core::Rejection>();
        },
        nullptr,
        [answered](const std::vector<ItemReply>&) {
          answered->set_value(std::this_thread::get_id());
        });
    EXPECT_EQ(admitted->get_future().get(), answered->get_future().get());
  }
  EXPECT_EQ(Available("BETA"), 20);
}

TEST_F(LedgerRuntimeTest, ACallerThatMayWorkTakesAPaymentThroughAnIdleLedger) {
  StartRuntime();
  std::optional<std::thread::id> answered;
  const auto work = runtime_->SubmitOrWork(
      List(PayItem("ALPHA", "BETA", 1)), nullptr, nullptr,
      [&](const std::vector<ItemReply>&) { answered = std::this_thread::get_id(); });
  ASSERT_TRUE(work);
  EXPECT_FALSE(answered.has_value());
  work();
  EXPECT_EQ(answered, std::this_thread::get_id());
  EXPECT_EQ(Available("BETA"), 1);
}

TEST_F(LedgerRuntimeTest, ACallerThatMayWorkDoesNotWaitForOthers) {
  StartRuntime();
  journal_->Close();
  auto other = SubmitSoon(List(PayItem("ALPHA", "BETA", 500)));
  journal_->AwaitAppend();
  std::promise<void> answered;
  EXPECT_FALSE(
      runtime_->SubmitOrWork(List(PayItem("ALPHA", "BETA", 1)), nullptr, nullptr,
                             [&answered](const std::vector<ItemReply>&) { answered.set_value(); }));
  EXPECT_FALSE(Ready(other));
  journal_->Open();
  answered.get_future().wait();
  EXPECT_EQ(Available("BETA"), 501);
}

TEST_F(LedgerRuntimeTest, WhatComesBesideALonePaymentFollowsIt) {
  StartRuntime();
  const std::uint64_t batches = BatchCount();
  journal_->Close();
  auto lone = SubmitSoon(List(PayItem("ALPHA", "BETA", 500)));
  journal_->AwaitAppend();
  // It needs what the lone one brings, which is not durable yet.
  auto next = SubmitSoon(List(PayItem("BETA", "ALPHA", 500)));
  EXPECT_FALSE(Ready(next));
  journal_->Open();
  EXPECT_EQ(StatusOf(next.get().front()), InstructionStatus::kSettled);
  EXPECT_EQ(StatusOf(lone.get().front()), InstructionStatus::kSettled);
  EXPECT_EQ(BatchCount(), batches + 2);
}

TEST_F(LedgerRuntimeTest, FewPaymentsBehindABusyStageWaitAndGoTogether) {
  StartRuntime();
  const std::uint64_t batches = BatchCount();
  journal_->Close();
  auto large = SubmitSoon(List(PayBatchItem(kOverlapInstructionsMin)));
  journal_->AwaitAppend();
  std::vector<std::future<std::vector<ItemReply>>> small;
  for (int i = 0; i < 3; ++i) {
    const auto admitted = std::make_shared<std::promise<void>>();
    const auto replied = std::make_shared<std::promise<std::vector<ItemReply>>>();
    small.push_back(replied->get_future());
    runtime_->Submit(
        List(PayItem("ALPHA", "BETA", 1)),
        [admitted](const core::Ledger&, const core::AdmittedItem&) {
          admitted->set_value();
          return std::optional<core::Rejection>();
        },
        nullptr,
        [replied](std::vector<ItemReply> replies) { replied->set_value(std::move(replies)); });
    admitted->get_future().wait();
    EXPECT_FALSE(Ready(small.back()));
  }
  journal_->Open();
  std::size_t settled = 0;
  for (auto& reply : small) {
    settled += StatusOf(reply.get().front()) == InstructionStatus::kSettled ? 1 : 0;
  }
  EXPECT_EQ(settled, small.size());
  EXPECT_EQ(large.get().front().result.instructions.size(), kOverlapInstructionsMin);
  EXPECT_EQ(BatchCount(), batches + 2);
}

TEST_F(LedgerRuntimeTest, ManyPaymentsAreExecutedBesideABusyStage) {
  StartRuntime();
  journal_->Close();
  auto first = SubmitSoon(List(PayBatchItem(kOverlapInstructionsMin)));
  journal_->AwaitAppend();
  auto second = SubmitSoon(List(PayBatchItem(kOverlapInstructionsMin)));
  // What whoever is admitted finds on the ledger while nothing of either is durable.
  std::int64_t seen = 0;
  while (seen < 2 * static_cast<std::int64_t>(kOverlapInstructionsMin)) {
    const auto balance = std::make_shared<std::promise<std::int64_t>>();
    runtime_->Submit(
        List(PayItem("BETA", "ALPHA", 1)),
        [balance](const core::Ledger& ledger, const core::AdmittedItem&) {
          balance->set_value(ledger.FindAccount(Address("BETA"))->available.minor());
          return std::optional(Refusal(Outcome::kSenderNotEntitled, "only looks"));
        },
        nullptr, [](const std::vector<ItemReply>&) {});
    seen = balance->get_future().get();
  }
  EXPECT_FALSE(Ready(first));
  EXPECT_FALSE(Ready(second));
  journal_->Open();
  EXPECT_EQ(second.get().front().result.instructions.size(), kOverlapInstructionsMin);
}

// The batch was executed before the journal refused it, and the process ended, again and again.
TEST_F(LedgerRuntimeTest, AFullDiskRefusesPaymentsBeforeTheyAreExecutedAndQueriesGoOn) {
  StartRuntime();
  std::atomic<std::uint64_t> free_bytes = std::uint64_t{1} << 40;
  runtime_->SetFreeBytes([&] { return free_bytes.load(); });
  EXPECT_EQ(StatusOf(SubmitOne(PayItem("ALPHA", "BETA", 1))), InstructionStatus::kSettled);
  free_bytes = 1 << 20;
  for (int i = 0; i < 3; ++i) {
    const ItemReply refused = SubmitOne(PayItem("ALPHA", "BETA", 1));
    ASSERT_TRUE(refused.result.refused.has_value());
    EXPECT_EQ(refused.result.refused->outcome, Outcome::kUnavailable);
    EXPECT_NE(refused.result.refused->message.find("disk"), std::string::npos);
  }
  EXPECT_EQ(Available("BETA"), 1);
  free_bytes = std::uint64_t{1} << 40;
  EXPECT_EQ(StatusOf(SubmitOne(PayItem("ALPHA", "BETA", 1))), InstructionStatus::kSettled);
}

// The index of payments would have stopped the process at its last number.
TEST_F(LedgerRuntimeTest, ALogThatIsFullRefusesPaymentsAndQueriesGoOn) {
  StartRuntime({.leaves_max = 1});
  const ItemReply refused = SubmitOne(PayItem("ALPHA", "BETA", 1));
  ASSERT_TRUE(refused.result.refused.has_value());
  EXPECT_EQ(refused.result.refused->outcome, Outcome::kUnavailable);
  EXPECT_NE(refused.result.refused->message.find("log"), std::string::npos);
  EXPECT_EQ(Available("BETA"), 0);
}

// One bank could take all that may be under way, and every other one was refused.
TEST_F(LedgerRuntimeTest, NoCallerTakesWhatOthersNeed) {
  StartRuntime({.items_max = 16});
  journal_->Close();
  std::vector<std::future<std::vector<ItemReply>>> taken;
  const auto takes = [&](const std::string& caller) {
    auto replies = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)), nullptr, nullptr, caller);
    if (Ready(replies)) {
      EXPECT_EQ(replies.get().front().result.refused->outcome, Outcome::kOverloaded);
      return false;
    }
    taken.push_back(std::move(replies));
    return true;
  };
  int of_first = 0;
  while (takes("FIRST")) of_first += 1;
  EXPECT_EQ(of_first, 14) << "an eighth is left for others";
  EXPECT_TRUE(takes("SECOND"));
  EXPECT_FALSE(takes("FIRST")) << "above its half while another one is there";
  EXPECT_TRUE(takes("SECOND"));
  EXPECT_FALSE(takes("SECOND")) << "there are no more than 16";
  journal_->Open();
  for (auto& replies : taken) {
    EXPECT_EQ(StatusOf(replies.get().front()), InstructionStatus::kSettled);
  }
}

TEST_F(LedgerRuntimeTest, SignaturesAreVerifiedBesideBatches) {
  StartRuntime();
  ASSERT_EQ(StatusOf(SubmitOne(PayItem("ALPHA", "BETA", 5))), InstructionStatus::kSettled);
  verifier_->Close(Key("BETA")->public_key());
  auto slow = SubmitSoon(List(PayItem("BETA", "ALPHA", 5)));
  verifier_->AwaitVerification();
  auto other = SubmitSoon(List(PayItem("ALPHA", "BETA", 300)));
  EXPECT_TRUE(Ready(other, 5000ms));
  EXPECT_EQ(Available("BETA"), 305);
  verifier_->Open();
  EXPECT_EQ(StatusOf(slow.get().front()), InstructionStatus::kSettled);
}

TEST_F(LedgerRuntimeTest, CertificatesAreVerifiedBesideBatches) {
  StartRuntime();
  SubmitOne(SetPolicyItem());
  const Prepare prepare = MakePrepare(300, "LEG-1");
  SubmitOne(codec::MakePrepareItem(prepare.terms, prepare.legs));
  ASSERT_EQ(Available("ALPHA"), 99'700);
  verifier_->Close(Key("BRIDGE")->public_key());
  auto slow = SubmitSoon(List(codec::MakeCompletionItem(AbortOf(prepare))));
  verifier_->AwaitVerification();
  auto other = SubmitSoon(List(PayItem("ALPHA", "BETA", 100)));
  EXPECT_TRUE(Ready(other, 5000ms));
  verifier_->Open();
  EXPECT_EQ(slow.get().front().result.settlement_status, InstructionStatus::kAborted);
  EXPECT_EQ(Available("ALPHA"), 99'900);
}

TEST_F(LedgerRuntimeTest, RefusedItemsStandInTheirPlacesAndLeaveNoTrace) {
  StartRuntime();
  const std::uint64_t size = Size();
  std::vector<core::Item> items;
  items.push_back(PayItem("ALPHA", "BETA", 1));
  items.back().envelope.payload += 'x';
  items.push_back(PayItem("ALPHA", "BETA", 2));
  items.push_back(PayItem("ALPHA", "BETA", 3));
  items.back().envelope.signatures.front().signature[0] ^= 1;
  const std::vector<ItemReply> replies = SubmitSoon(std::move(items)).get();
  EXPECT_EQ(replies.at(0).result.refused->outcome, Outcome::kMalformed);
  EXPECT_EQ(StatusOf(replies.at(1)), InstructionStatus::kSettled);
  EXPECT_EQ(replies.at(2).result.refused->outcome, Outcome::kBadSignature);
  EXPECT_EQ(Size(), size + 2);  // a header and an entry
}

TEST_F(LedgerRuntimeTest, NoItemsAreAnsweredWithNoReplies) {
  StartRuntime();
  EXPECT_TRUE(SubmitSoon({}).get().empty());
}

TEST_F(LedgerRuntimeTest, FullQueueRefusesAtOnceAndTakesAgainWhenThereIsRoom) {
  StartRuntime({.items_max = 2});
  journal_->Close();
  auto first = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
  journal_->AwaitAppend();
  auto second = SubmitSoon(List(PayItem("ALPHA", "BETA", 2)));
  auto third = SubmitSoon(List(PayItem("ALPHA", "BETA", 4)));
  ASSERT_TRUE(Ready(third, 0ms));
  EXPECT_EQ(RefusalOf(third.get()), Outcome::kOverloaded);
  journal_->Open();
  EXPECT_EQ(StatusOf(first.get().front()), InstructionStatus::kSettled);
  EXPECT_EQ(StatusOf(second.get().front()), InstructionStatus::kSettled);
  // The place is given back just after the answer.
  ItemReply fourth;
  do {
    fourth = SubmitOne(PayItem("ALPHA", "BETA", 8));
  } while (fourth.result.refused);
  EXPECT_EQ(Available("BETA"), 11);
}

TEST_F(LedgerRuntimeTest, QueueIsBoundedInBytesToo) {
  StartRuntime({.bytes_max = kBatchBytesMax});
  journal_->Close();
  auto first = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
  journal_->AwaitAppend();
  std::vector<core::Item> items(8);
  for (core::Item& item : items) {
    item.envelope = {core::kCommandPayloadType, std::string(core::kPayloadBytesMax, 'x'), {}};
  }
  auto large = SubmitSoon(std::move(items));
  ASSERT_TRUE(Ready(large, 0ms));
  EXPECT_EQ(RefusalOf(large.get()), Outcome::kOverloaded);
  journal_->Open();
  EXPECT_EQ(StatusOf(first.get().front()), InstructionStatus::kSettled);
}

TEST_F(LedgerRuntimeTest, BatchesHoldNoMoreInstructionsThanTheLimit) {
  StartRuntime();
  const std::uint64_t batches = BatchCount();
  std::vector<core::Item> items;
  items.push_back(PayBatchItem(core::kBatchPaymentsMax));
  items.push_back(PayBatchItem(kBatchInstructionsMax - core::kBatchPaymentsMax));
  items.push_back(PayItem("ALPHA", "BETA", 1));
  const std::vector<ItemReply> replies = SubmitSoon(std::move(items)).get();
  EXPECT_EQ(replies.at(0).result.instructions.size(), core::kBatchPaymentsMax);
  EXPECT_EQ(BatchCount(), batches + 2);
  EXPECT_EQ(Available("BETA"), static_cast<std::int64_t>(kBatchInstructionsMax) + 1);
}

TEST_F(LedgerRuntimeTest, AbandonedCallIsDroppedBeforeSequencingAndNeverHalfDone) {
  StartRuntime();
  const std::uint64_t size = Size();
  std::vector<core::Item> items;
  items.push_back(PayItem("ALPHA", "BETA", 1));
  items.push_back(PayItem("ALPHA", "BETA", 2));
  const auto replies = SubmitSoon(std::move(items), [] { return true; }).get();
  for (const ItemReply& reply : replies) {
    EXPECT_EQ(reply.result.refused->outcome, Outcome::kUnavailable);
  }
  EXPECT_EQ(Size(), size);
}

TEST_F(LedgerRuntimeTest, WhoIsNotEntitledIsRefusedWithoutATrace) {
  StartRuntime();
  const std::uint64_t size = Size();
  const auto replies =
      SubmitSoon(List(PayItem("ALPHA", "BETA", 1)), nullptr,
                 [](const core::Ledger& ledger,
                    const core::AdmittedItem& item) -> std::optional<core::Rejection> {
                   EXPECT_EQ(ledger.genesis().currency.code(), "HKD");
                   EXPECT_EQ(std::get<core::Command>(item.body).party.text(), "ALPHA");
                   return Refusal(Outcome::kSenderNotEntitled, "not you");
                 })
          .get();
  EXPECT_EQ(RefusalOf(replies), Outcome::kSenderNotEntitled);
  EXPECT_EQ(Size(), size);
}

TEST_F(LedgerRuntimeTest, RepeatWhileTheFirstIsUnderWayGetsTheSameOutcome) {
  StartRuntime();
  const core::Item payment = PayItem("ALPHA", "BETA", 300);
  journal_->Close();
  auto first = SubmitSoon(List(payment));
  journal_->AwaitAppend();
  auto second = SubmitSoon(List(payment));
  journal_->Open();
  const ItemReply one = first.get().front();
  const ItemReply two = second.get().front();
  EXPECT_NE(one.result.sequenced, two.result.sequenced);
  EXPECT_EQ(one.result.instructions.front().entry_index,
            two.result.instructions.front().entry_index);
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(LedgerRuntimeTest, ListenerHearsOfGrownLogsOnly) {
  StartRuntime();
  std::atomic<int> heard = 0;
  runtime_->SetListener([&] { heard.fetch_add(1); });
  const core::Item payment = PayItem("ALPHA", "BETA", 300);
  SubmitOne(payment);
  SubmitOne(payment);  // a repeat adds nothing
  runtime_->Stop();    // the listener is called after the reply
  EXPECT_EQ(heard.load(), 1);
}

TEST_F(LedgerRuntimeTest, StopAnswersWhatIsUnderWayAndRefusesTheRest) {
  StartRuntime();
  journal_->Close();
  std::vector<std::future<std::vector<ItemReply>>> under_way;
  for (int i = 0; i < 20; ++i) under_way.push_back(SubmitSoon(List(PayItem("ALPHA", "BETA", 1))));
  journal_->AwaitAppend();
  std::thread stopper([this] { runtime_->Stop(); });
  std::this_thread::sleep_for(kMoment);
  auto late = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
  ASSERT_TRUE(Ready(late, 0ms));
  EXPECT_EQ(RefusalOf(late.get()), Outcome::kUnavailable);
  EXPECT_EQ(runtime_->Post([] {})->outcome, Outcome::kUnavailable);
  journal_->Open();
  for (auto& reply : under_way) {
    EXPECT_EQ(StatusOf(reply.get().front()), InstructionStatus::kSettled);
  }
  stopper.join();
  EXPECT_EQ(Available("BETA"), 20);
  runtime_->Stop();  // again, harmlessly
}

TEST_F(LedgerRuntimeTest, TasksAreBounded) {
  StartRuntime({.tasks_max = 1});
  std::promise<void> release;
  std::promise<void> started;
  ASSERT_FALSE(runtime_->Post([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_EQ(runtime_->Post([] {})->outcome, Outcome::kOverloaded);
  release.set_value();
  runtime_->Stop();
}

TEST_F(LedgerRuntimeTest, ReadersThatNeverPauseDoNotHoldUpPayments) {
  StartRuntime();
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        runtime_->Read([](const LedgerEngine& engine) {
          std::this_thread::sleep_for(1ms);
          return engine.size();
        });
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    auto reply = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
    EXPECT_TRUE(Ready(reply, 5000ms));
    reply.wait();
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(LedgerRuntimeTest, ManyThreadsPayAndEveryPaymentSettlesOnce) {
  StartRuntime();
  constexpr int kThreads = 4;
  constexpr int kPayments = 50;
  std::vector<std::vector<core::Item>> items(kThreads);
  for (auto& own : items) {
    for (int i = 0; i < kPayments; ++i) own.push_back(PayItem("ALPHA", "BETA", 1));
  }
  std::vector<std::thread> threads;
  std::atomic<int> settled = 0;
  for (auto& own : items) {
    threads.emplace_back([&] {
      for (core::Item& item : own) {
        const ItemReply reply = SubmitOne(std::move(item));
        if (StatusOf(reply) == InstructionStatus::kSettled) settled.fetch_add(1);
        Available("BETA");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(settled.load(), kThreads * kPayments);
  EXPECT_EQ(Available("BETA"), kThreads * kPayments);
}

TEST_F(LedgerRuntimeTest, FailedSyncStopsTheProcessWithoutAnAnswer) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        StartRuntime();
        journal_->FailFromNowOn();
        SubmitOne(PayItem("ALPHA", "BETA", 1));
        ::_exit(1);  // an answer came
      },
      ::testing::ExitedWithCode(kOutcomeUnknownExitStatus), "unknown");
}

}  // namespace
}  // namespace causeway::node
