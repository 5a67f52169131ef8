#include "settlement/core/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace causeway::core {
namespace {

constexpr char kAbcDigest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256Test, MatchesPublishedDigests) {  // FIPS 180-4 examples
  EXPECT_EQ(Sha256("").ToHex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc").ToHex(), kAbcDigest);
  EXPECT_EQ(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").ToHex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256(std::string(1000000, 'a')).ToHex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256HasherTest, PartsHashAsTheWhole) {
  Sha256Hasher hasher;
  EXPECT_EQ(hasher.Update("a").Update("").Update("bc").Finish().ToHex(), kAbcDigest);
}

TEST(Sha256HasherTest, FinishBeginsANewMessage) {
  Sha256Hasher hasher;
  hasher.Update("something else").Finish();
  EXPECT_EQ(hasher.Finish(), Sha256(""));
  EXPECT_EQ(hasher.Update("abc").Finish().ToHex(), kAbcDigest);
}

TEST(Sha256HasherTest, ResetForgetsWhatWasGiven) {
  Sha256Hasher hasher;
  hasher.Update("something else").Reset();
  EXPECT_EQ(hasher.Update("abc").Finish().ToHex(), kAbcDigest);
}

TEST(Sha256HasherTest, MovedHasherGoesOnWithItsMessage) {
  Sha256Hasher first;
  first.Update("a");
  Sha256Hasher second = std::move(first);
  EXPECT_EQ(second.Update("bc").Finish().ToHex(), kAbcDigest);
}

TEST(Sha256Test, ThreadsDoNotDisturbEachOther) {
  bool equal = true;
  std::thread other([&equal] {
    for (int i = 0; i < 2000; ++i) equal = equal && Sha256("abc").ToHex() == kAbcDigest;
  });
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(Sha256("").ToHex().substr(0, 4), "e3b0");
  other.join();
  EXPECT_TRUE(equal);
}

template <std::size_t kBytes>
void ExpectMessagesHashAsStrings() {
  Sha256Messages<kBytes, 5> messages;
  std::vector<Hash256> digests(5);
  for (int round = 0; round < 2; ++round) {  // the second over what the first left
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      texts.emplace_back(kBytes, static_cast<char>('a' + round + static_cast<int>(i)));
      texts.back().copy(messages.at(i), kBytes);
    }
    for (const std::size_t count : {5u, 1u, 2u}) {
      digests.assign(5, Hash256{});
      messages.Hash(std::span(digests).first(count));
      for (std::size_t i = 0; i < digests.size(); ++i) {
        EXPECT_EQ(digests[i], i < count ? Sha256(texts[i]) : Hash256{}) << kBytes << ", " << i;
      }
    }
  }
}

TEST(Sha256MessagesTest, MessagesOfOneLengthHashAsAnyOther) {
  ExpectMessagesHashAsStrings<0>();
  ExpectMessagesHashAsStrings<1>();
  ExpectMessagesHashAsStrings<55>();  // the most with padding in its own block
  ExpectMessagesHashAsStrings<56>();
  ExpectMessagesHashAsStrings<65>();
  ExpectMessagesHashAsStrings<115>();
  ExpectMessagesHashAsStrings<119>();
  ExpectMessagesHashAsStrings<120>();
  ExpectMessagesHashAsStrings<8191>();
}

TEST(HmacSha256Test, MatchesPublishedCodes) {  // RFC 4231, test cases 1, 2, 6
  EXPECT_EQ(HmacSha256(std::string(20, '\x0b'), "Hi There").ToHex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HmacSha256("Jefe", "what do ya want for nothing?").ToHex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")
          .ToHex(),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256Test, EmptyKeyIsAKeyAndNotThePreviousOne) {
  HmacSha256("another key", "");
  EXPECT_EQ(HmacSha256("", "").ToHex(),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace
}  // namespace causeway::core
