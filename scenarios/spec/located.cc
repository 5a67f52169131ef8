#include "scenarios/spec/located.h"

#include <google/protobuf/descriptor.h>

#include <utility>

#include "settlement/codec/text_message.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

namespace pb = google::protobuf;

const pb::FieldDescriptor* FieldOf(const pb::Message& message, const char* field) {
  const pb::FieldDescriptor* descriptor = message.GetDescriptor()->FindFieldByName(field);
  CW_CHECK(descriptor != nullptr, "the compiler names fields of the schema");
  return descriptor;
}

}  // namespace

Place Node::Of(const char* field, int index) const {
  if (tree_ == nullptr) return place_;
  const pb::FieldDescriptor* descriptor = FieldOf(*message_, field);
  // Of a repeated field as a whole: its first element, if there is one.
  if (descriptor->is_repeated() && index < 0) {
    if (message_->GetReflection()->FieldSize(*message_, descriptor) == 0) return place_;
    index = 0;
  }
  const pb::TextFormat::ParseLocation location = tree_->GetLocation(descriptor, index);
  if (location.line < 0) return place_;
  return {location.line + 1, location.column + 1};
}

Node Node::Child(const char* field, int index) const {
  const pb::FieldDescriptor* descriptor = FieldOf(*message_, field);
  const pb::Reflection* reflection = message_->GetReflection();
  const pb::Message& child = descriptor->is_repeated()
                                 ? reflection->GetRepeatedMessage(*message_, descriptor, index)
                                 : reflection->GetMessage(*message_, descriptor);
  const pb::TextFormat::ParseInfoTree* tree = nullptr;
  // A field that is not in the file has no tree; asking for it would be logged as an error.
  if (tree_ != nullptr && tree_->GetLocation(descriptor, index).line >= 0) {
    tree = tree_->GetTreeForNested(descriptor, index);
  }
  return Node(child, tree, Of(field, index));
}

ParsedScenario::ParsedScenario(std::string_view text) {
  if (text.size() > kScenarioBytesMax) {
    findings_.push_back({0, 0,
                         "the file has " + std::to_string(text.size()) + " bytes; at most " +
                             std::to_string(kScenarioBytesMax) + " are read"});
    return;
  }
  for (codec::TextFault& fault : codec::ReadText(text, scenario_, &tree_)) {
    findings_.push_back({fault.line, fault.column, std::move(fault.message)});
  }
}

}  // namespace causeway::sim
