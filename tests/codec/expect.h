// Checks that all strict decoders of messages must stand.
#ifndef CAUSEWAY_TESTS_CODEC_EXPECT_H_
#define CAUSEWAY_TESTS_CODEC_EXPECT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"

namespace causeway::codec {

// What decoding says: "ok", or the message of an InvalidArgument.
template <typename Decode>
std::string FaultOf(const google::protobuf::Message& message, Decode decode) {
  const auto decoded = decode(message.SerializeAsString());
  if (decoded.ok()) return "ok";
  EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << decoded.status();
  return std::string(decoded.status().message());
}

// Every message inside `message`, itself included.
inline void CollectMessages(google::protobuf::Message* message,
                            std::vector<google::protobuf::Message*>& all) {
  all.push_back(message);
  const auto* reflection = message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      CollectMessages(reflection->MutableMessage(message, field), all);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      CollectMessages(reflection->MutableRepeatedMessage(message, field, i), all);
    }
  }
}

// That an unknown field is refused wherever it stands.
template <typename Message, typename Decode>
void ExpectUnknownFieldsRefused(Message good, Decode decode) {
  ASSERT_EQ(FaultOf(good, decode), "ok") << good.GetTypeName();
  std::vector<google::protobuf::Message*> all;
  CollectMessages(&good, all);
  for (google::protobuf::Message* message : all) {
    auto* unknown = message->GetReflection()->MutableUnknownFields(message);
    unknown->AddVarint(999, 1);
    EXPECT_THAT(FaultOf(good, decode), ::testing::HasSubstr("has field number 999"))
        << message->GetTypeName() << " in " << good.GetTypeName();
    unknown->Clear();
  }
}

// That encoding what was decoded gives the bytes back, and that bytes which are cut short or
// changed never crash and are refused with InvalidArgument or decode to something that makes a
// round trip itself.
template <typename Decode, typename Encode>
void ExpectRoundTrip(const std::string& good, Decode decode, Encode encode) {
  const auto whole = decode(good);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(encode(*whole), good);
  const auto try_changed = [&](const std::string& changed) {
    const auto decoded = decode(changed);
    if (!decoded.ok()) {
      EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << decoded.status();
      return;
    }
    const auto again = decode(encode(*decoded));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(encode(*again), encode(*decoded));
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    try_changed(good.substr(0, i));
    for (const unsigned change : {0x01U, 0x08U, 0x80U, 0xFFU}) {
      std::string changed = good;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ change);
      try_changed(changed);
    }
  }
}

}  // namespace causeway::codec

#endif  // CAUSEWAY_TESTS_CODEC_EXPECT_H_
