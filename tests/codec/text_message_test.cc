#include "settlement/codec/text_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "causeway/v1/command.pb.h"
#include "causeway/v1/config.pb.h"
#include "causeway/v1/scenario.pb.h"
#include "settlement/codec/near_word.h"

namespace causeway::codec {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

template <typename Message>
std::vector<TextFault> FaultsIn(std::string_view text) {
  Message message;
  return ReadText(text, message);
}

// The one fault of the text.
template <typename Message>
TextFault FaultIn(std::string_view text) {
  const std::vector<TextFault> faults = FaultsIn<Message>(text);
  EXPECT_EQ(faults.size(), 1u);
  return faults.empty() ? TextFault() : faults.front();
}

TEST(ReadTextTest, ReadsASoundTextAndItsPlaces) {
  v1::SetQueueRules rules;
  google::protobuf::TextFormat::ParseInfoTree places;
  EXPECT_THAT(ReadText("queued_max: 7\n  normal_bypass: true", rules, &places), IsEmpty());
  EXPECT_EQ(rules.queued_max(), 7u);
  const auto* field = v1::SetQueueRules::descriptor()->FindFieldByName("normal_bypass");
  EXPECT_EQ(places.GetLocation(field, -1).line, 1);
  EXPECT_EQ(places.GetLocation(field, -1).column, 2);
}

TEST(ReadTextTest, NamesTheNearestOfAnUnknownEnumerationValueAndAll) {
  const TextFault fault =
      FaultIn<v1::SetQueueRules>("queued_max: 5\ndiscipline: QUEUE_DISCIPLINE_FIFO_BYPAS\n");
  EXPECT_EQ(fault.line, 2);
  EXPECT_EQ(fault.column, 13);
  EXPECT_THAT(fault.message,
              StartsWith("discipline: 'QUEUE_DISCIPLINE_FIFO_BYPAS' is no QueueDiscipline (did you "
                         "mean QUEUE_DISCIPLINE_FIFO_BYPASS?); there are QUEUE_DISCIPLINE_"));
  EXPECT_THAT(fault.message, Not(HasSubstr("UNSPECIFIED")));
}

TEST(ReadTextTest, FindsAValueWhoseTypeWasLeftOut) {
  for (const char* word : {"FIFO_BYPASS", "FIFO_BYPAS", "fifo_bypass"}) {
    EXPECT_THAT(FaultIn<v1::SetQueueRules>(std::string("discipline: ") + word).message,
                HasSubstr("(did you mean QUEUE_DISCIPLINE_FIFO_BYPASS?)"))
        << word;
  }
}

TEST(ReadTextTest, GuessesNothingOfAWordThatIsNearNoName) {
  EXPECT_THAT(FaultIn<v1::SetQueueRules>("discipline: SOMETHING_ELSE").message,
              HasSubstr("'SOMETHING_ELSE' is no QueueDiscipline; there are "));
}

TEST(ReadTextTest, NamesTheFieldOfNestedAndRepeatedMessages) {
  const TextFault fault = FaultIn<v1::Scenario>(R"(name: "x"  # a comment {
ledgers { ledger: "a" currency: "EUR" }
ledgers < ledger: "b"
  queue: { optimisations { } optimisations { algorithm: NONSENS } } >)");
  EXPECT_THAT(fault.message,
              StartsWith("ledgers[1].queue.optimisations[1].algorithm: 'NONSENS' is no "));
  EXPECT_EQ(fault.line, 4);
  EXPECT_EQ(fault.column, 57);
}

TEST(ReadTextTest, CountsTheElementsOfLists) {
  EXPECT_THAT(FaultIn<v1::Scenario>("calendar { holidays: ['a', 'b'] }\n"
                                    "participants: [{ id: 'A' }, { id: 'B', role: ROLE_BANK }]")
                  .message,
              StartsWith("participants[1].role: 'ROLE_BANK' is no Role"));
}

TEST(ReadTextTest, NamesTheNearestOfAFieldThatDoesNotExistAndAll) {
  const TextFault fault =
      FaultIn<v1::BridgeConfig>("ledgers {\n  orgin: 'hk.example/hkd'\n address: 'h:1' }");
  EXPECT_EQ(fault.line, 2);
  EXPECT_EQ(fault.column, 3);
  EXPECT_EQ(fault.message,
            "ledgers[0]: BridgeLedger has no field 'orgin' (did you mean origin?); it has origin, "
            "address");
}

TEST(ReadTextTest, NamesEveryFieldThatDoesNotExist) {
  const std::vector<TextFault> faults = FaultsIn<v1::BridgeConfig>(
      "colour: { shade: 3 }\nledgers { addres: 'h:1' }\nlimits { open_max: 3 }\nshape: [1, 2]");
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_THAT(faults[0].message, StartsWith("BridgeConfig has no field 'colour'; it has "));
  EXPECT_THAT(faults[1].message, StartsWith("ledgers[0]: BridgeLedger has no field 'addres' ("));
  EXPECT_EQ(faults[1].column, 11);
  EXPECT_THAT(faults[2].message, StartsWith("BridgeConfig has no field 'shape'; it has "));
}

TEST(ReadTextTest, LeavesOtherFaultsWhereTheParserSawThem) {
  const TextFault fault = FaultIn<v1::SetQueueRules>("queued_max: : 3");
  EXPECT_EQ(fault.line, 1);
  EXPECT_EQ(fault.column, 13);
  EXPECT_THAT(fault.message, Not(HasSubstr("has no field")));
}

TEST(ReadTextTest, AWordAtTheVeryEndHasItsPlace) {
  const TextFault fault = FaultIn<v1::SetQueueRules>("discipline: NO");
  EXPECT_EQ(fault.line, 1);
  EXPECT_EQ(fault.column, 13);
}

TEST(ReadTextMessageTest, TellsTheFirstFaultWithItsPlace) {
  v1::BridgeConfig config;
  const absl::Status status = ReadTextMessage("\nparticipnt: 'B'\nledger {}", config);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(
      std::string(status.message()),
      StartsWith("2:1: BridgeConfig has no field 'participnt' (did you mean participant?)"));
}

TEST(NearestWordTest, TakesLettersOfBothSizesForTheSame) {
  EXPECT_EQ(LettersBetween("Ledger", "lEDGER", 2), 0u);
  EXPECT_EQ(LettersBetween("legder", "ledger", 2), 2u);
  EXPECT_EQ(LettersBetween("abc", "xyz", 1), 2u);
}

TEST(NearestWordTest, TakesTheFirstOfEquallyNearWords) {
  const std::vector<std::string> known = {"ledgers", "ledger", "ledges"};
  EXPECT_EQ(NearestWord("ledger", known), 1u);
  EXPECT_EQ(NearestWord("ledgerx", known), 0u);
  EXPECT_EQ(NearestWord("a-ledger", known), 1u);
  EXPECT_EQ(NearestWord("bridge-participant", known), known.size());
}

}  // namespace
}  // namespace causeway::codec
