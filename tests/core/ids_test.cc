#include "settlement/core/ids.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

template <typename T>
std::string Why(const absl::StatusOr<T>& result) {
  return std::string(result.status().message());
}

std::string RandomText(RandomStream& random, std::string_view alphabet, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += alphabet[static_cast<std::size_t>(random.Uniform(alphabet.size()))];
  }
  return text;
}

// The errors that MOD 97-10 always catches: one letter for another, one digit for another.
bool IsOfTheOtherKind(char left, char right) { return (left <= '9') != (right <= '9'); }

constexpr std::string_view kCapitalsAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

TEST(UetrTest, ReadsTheCanonicalForm) {
  const std::string text = "eb6305c9-1f7f-49de-aed0-16487c27b42d";
  const Uetr uetr = Uetr::Parse(text).value();
  EXPECT_EQ(uetr.ToString(), text);
  EXPECT_EQ(uetr.bytes()[0], 0xeb);
  EXPECT_EQ(uetr.bytes()[15], 0x2d);
  EXPECT_FALSE(uetr.IsNil());
  EXPECT_EQ(Uetr::FromBytes(uetr.view()).value(), uetr);
}

TEST(UetrTest, RefusesOtherForms) {
  for (const char* text :
       {"", "EB6305C9-1F7F-49DE-AED0-16487C27B42D", "eb6305c91f7f49deaed016487c27b42d",
        "{eb6305c9-1f7f-49de-aed0-16487c27b42}", "eb6305c9-1f7f-49de-aed0-16487c27b42g",
        "eb6305c9-1f7f-49de-aed0-16487c27b42d ", "eb6305c9-1f7f-49de-aed-016487c27b42d",
        "eb6305c901f7f-49de-aed0-16487c27b42d"}) {
    EXPECT_EQ(Uetr::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(UetrTest, RefusesOtherVersionsAndVariants) {
  EXPECT_NE(Why(Uetr::Parse("eb6305c9-1f7f-19de-aed0-16487c27b42d")).find("version 4"),
            std::string::npos);
  EXPECT_FALSE(Uetr::Parse("eb6305c9-1f7f-49de-ced0-16487c27b42d").ok());
  EXPECT_FALSE(Uetr::Parse("eb6305c9-1f7f-49de-7ed0-16487c27b42d").ok());
  EXPECT_FALSE(Uetr::Parse("00000000-0000-0000-0000-000000000000").ok());
  EXPECT_FALSE(Uetr::FromBytes(std::string(16, '\0')).ok());
  EXPECT_FALSE(Uetr::FromBytes("short").ok());
  EXPECT_TRUE(Uetr().IsNil());
}

TEST(UetrTest, RandomBytesMakeValidOnesThatRoundTrip) {
  RandomStream random(1, "uetr");
  absl::flat_hash_set<Uetr> seen;
  for (int i = 0; i < 1000; ++i) {
    const Uetr uetr = Uetr::FromRandomBytes(random.Bytes16());
    EXPECT_EQ(Uetr::Parse(uetr.ToString()).value(), uetr);
    EXPECT_TRUE(seen.insert(uetr).second);
  }
}

TEST(BicTest, ReadsEightOrElevenCharacters) {
  EXPECT_EQ(Bic::Parse("HSBCHKHH").value().ToString(), "HSBCHKHH");
  EXPECT_EQ(Bic::Parse("HSBCHKHHXXX").value().country(), "HK");
  EXPECT_EQ(Bic::Parse("E097AEXXXXX").value().country(), "AE");
  EXPECT_NE(Bic::Parse("HSBCHKHH").value(), Bic::Parse("HSBCHKHHXXX").value());
  EXPECT_TRUE(Bic().IsEmpty());
  EXPECT_EQ(Bic().country(), "");
}

TEST(BicTest, RefusesOtherForms) {
  for (const char* text : {"", "HSBCHKH", "HSBCHKHHX", "hsbchkhh", "HSBC1KHH", "HSBCH1HH",
                           "HSBCHK-H", "HSBCHKHHXXXX", "HSBCHKHHXX "}) {
    EXPECT_EQ(Bic::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

// Published identifiers of well-known legal entities.
constexpr std::string_view kPublishedLeis[] = {
    "5493001KJTIIGC8Y1R12", "7LTWFZYICNSX8D621K86", "HWUPKR0MPOU8FGXBT394", "529900T8BM49AURSDO55",
    "213800WSGIIZCXF1P572", "549300FX7K8PTEQUU487", "MP6I5ZYZBEU3UXPYFY54",
};

TEST(LeiTest, AcceptsAndRemakesPublishedOnes) {
  for (const std::string_view text : kPublishedLeis) {
    ASSERT_TRUE(Lei::Parse(text).ok()) << text;
    EXPECT_EQ(Lei::Parse(text)->text(), text);
    EXPECT_EQ(Lei::Make(text.substr(0, 18)).value().text(), text);
  }
}

TEST(LeiTest, AnySingleWrongLetterOrDigitIsCaught) {
  for (const std::string_view published : kPublishedLeis) {
    for (std::size_t position = 0; position < published.size(); ++position) {
      for (const char wrong : kCapitalsAndDigits) {
        std::string text(published);
        if (text[position] == wrong || IsOfTheOtherKind(text[position], wrong)) continue;
        text[position] = wrong;
        EXPECT_FALSE(Lei::Parse(text).ok()) << text;
      }
    }
  }
}

TEST(LeiTest, RefusesOtherForms) {
  EXPECT_FALSE(Lei::Parse("").ok());
  EXPECT_FALSE(Lei::Parse("5493001kjtiigc8y1r12").ok());
  EXPECT_FALSE(Lei::Parse("5493001KJTIIGC8Y1R1").ok());
  EXPECT_FALSE(Lei::Make("TOO SHORT").ok());
  EXPECT_EQ(Why(Lei::Parse("5493001KJTIIGC8Y1R21")),
            "LEI \"5493001KJTIIGC8Y1R21\": the check digits are wrong: mistyped or incomplete");
}

TEST(ParticipantIdTest, Form) {
  for (const char* text : {"A", "BANK-A", "HKMA", "B2-", "ABCDEFGHIJKLMNOP"}) {
    EXPECT_EQ(ParticipantId::Parse(text).value().ToString(), text);
  }
  for (const char* text : {"", "1BANK", "-A", "bank", "BANK_A", "BANK A", "ABCDEFGHIJKLMNOPQ"}) {
    EXPECT_FALSE(ParticipantId::Parse(text).ok()) << text;
  }
  EXPECT_LT(ParticipantId::Parse("A").value(), ParticipantId::Parse("AA").value());
  EXPECT_LT(ParticipantId(), ParticipantId::Parse("A").value());
}

TEST(InstructionIdTest, TakesTheRestrictedCharacterSet) {
  for (const char* text : {"1", "PAY-2022-08-15/0001", "a b(c)?:.,'+", "it's", " x ",
                           "12345678901234567890123456789012345"}) {
    EXPECT_EQ(InstructionId::Parse(text).value().ToString(), text);
  }
}

TEST(InstructionIdTest, RefusesOtherCharactersSlashesAndLengths) {
  for (const char* text : {"", "/a", "a/", "a//b", "/", "a_b", "a&b", "a\n", "caf\xc3\xa9", "a\"b",
                           "123456789012345678901234567890123456"}) {
    EXPECT_EQ(InstructionId::Parse(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(Why(InstructionId::Parse("a\n")),
            "instruction id \"a\\x0a\": only letters, digits, space and / - ? : ( ) . , ' + are "
            "allowed");
  EXPECT_FALSE(InstructionId::Parse(std::string_view("a\0b", 3)).ok());
}

TEST(AccountAddressTest, VectorsComputedIndependently) {
  const std::pair<std::string, std::string> vectors[] = {
      {"HKD", "HKD94ALPHA0001"},
      {"HKD", "HKD65A"},
      {"THB", "THB44000123456789"},
      {"AED", "AED09BANK0042"},
      {"CNY", "CNY15ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"},
      {"EUR", "EUR0200082"},  // the lowest check digits
      {"EUR", "EUR9800088"},  // the highest
  };
  for (const auto& [code, text] : vectors) {
    const auto parsed = AccountAddress::Parse(text);
    ASSERT_TRUE(parsed.ok()) << Why(parsed);
    EXPECT_EQ(parsed->ToString(), text);
    EXPECT_EQ(parsed->currency().code(), code);
    EXPECT_EQ(parsed->body(), text.substr(5));
    EXPECT_EQ(AccountAddress::Make(parsed->currency(), parsed->body()).value(), *parsed);
  }
}

TEST(AccountAddressTest, CongruentCheckDigitsOutsideTheRangeAreRefused) {
  // 99 is congruent to 02, 01 to 98: accepting both would give an account two addresses.
  EXPECT_FALSE(AccountAddress::Parse("EUR9900082").ok());
  EXPECT_FALSE(AccountAddress::Parse("EUR0100088").ok());
}

TEST(AccountAddressTest, RefusesOtherForms) {
  for (const char* text :
       {"", "HKD94", "HKD", "hkd94ALPHA0001", "HKD9AALPHA0001", "HKD94alpha0001", "HKD94ALPHA 001",
        "QQQ94ALPHA0001", "HKD95ALPHA0001", "CNY15ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"}) {
    EXPECT_EQ(AccountAddress::Parse(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  const Currency hkd = Currency::Parse("HKD").value();
  EXPECT_FALSE(AccountAddress::Make(Currency(), "A").ok());
  EXPECT_FALSE(AccountAddress::Make(hkd, "").ok());
  EXPECT_FALSE(AccountAddress::Make(hkd, "a").ok());
  EXPECT_FALSE(AccountAddress::Make(hkd, std::string(30, 'A')).ok());
  EXPECT_NE(Why(AccountAddress::Parse("QQQ94ALPHA0001")).find("ISO 4217"), std::string::npos);
}

TEST(AccountAddressTest, RandomAddressesRoundTripAndCatchSingleErrors) {
  RandomStream random(1, "address");
  const std::string_view currencies[] = {"HKD", "CNY", "THB", "AED", "SAR"};
  for (int i = 0; i < 500; ++i) {
    const auto which = static_cast<std::size_t>(random.Uniform(std::size(currencies)));
    const auto size = static_cast<std::size_t>(random.UniformInRange(1, 29));
    const std::string body = RandomText(random, kCapitalsAndDigits, size);
    const auto address =
        AccountAddress::Make(Currency::Parse(currencies[which]).value(), body).value();
    EXPECT_LE(address.text().size(), AccountAddress::kSizeMax);
    EXPECT_EQ(AccountAddress::Parse(address.text()).value(), address);

    std::string wrong = address.ToString();
    const auto position = static_cast<std::size_t>(random.Uniform(wrong.size()));
    const char character = RandomText(random, kCapitalsAndDigits, 1)[0];
    if (wrong[position] == character || IsOfTheOtherKind(wrong[position], character)) continue;
    wrong[position] = character;
    EXPECT_FALSE(AccountAddress::Parse(wrong).ok()) << wrong;
  }
}

TEST(LedgerOriginTest, Form) {
  for (const char* text : {"hkma.causeway.example/hkd", "a", "x-1/y.z"}) {
    EXPECT_EQ(LedgerOrigin::Parse(text).value().ToString(), text);
  }
  EXPECT_TRUE(LedgerOrigin::Parse(std::string(64, 'a')).ok());
  for (const std::string& text : {std::string(), std::string("a b"), std::string("a+b"),
                                  std::string("HKMA"), std::string("a\n"), std::string(65, 'a')}) {
    EXPECT_FALSE(LedgerOrigin::Parse(text).ok()) << text;
  }
}

TEST(IdsTest, DefaultsAreEmpty) {
  EXPECT_TRUE(Lei().IsEmpty());
  EXPECT_TRUE(ParticipantId().IsEmpty());
  EXPECT_TRUE(InstructionId().IsEmpty());
  EXPECT_TRUE(AccountAddress().IsEmpty());
  EXPECT_TRUE(LedgerOrigin().IsEmpty());
  EXPECT_EQ(AccountAddress().body(), "");
  EXPECT_TRUE(AccountAddress().currency().IsEmpty());
}

// Error messages go to logs: an input cannot flood them or smuggle control characters in.
TEST(IdsTest, ErrorsQuoteTheInputShortenedAndEscaped) {
  const std::string why = Why(Bic::Parse(std::string(100000, '\x1b')));
  EXPECT_LT(why.size(), 500U);
  EXPECT_NE(why.find("\\x1b"), std::string::npos);
  EXPECT_NE(why.find("(100000 bytes)"), std::string::npos);
}

}  // namespace
}  // namespace causeway::core
