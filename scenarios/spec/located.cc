#include "scenarios/spec/located.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>

#include <utility>

#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

namespace pb = google::protobuf;

class Collector : public pb::io::ErrorCollector {
 public:
  explicit Collector(std::vector<Finding>* findings) : findings_(findings) {}
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    findings_->push_back({line + 1, line < 0 ? 0 : column + 1, message});
  }
  // Unknown fields come as warnings, so that all of them are reported; none is acceptable.
  void AddWarning(int line, pb::io::ColumnNumber column, const std::string& message) override {
    AddError(line, column, message);
  }

 private:
  std::vector<Finding>* findings_;
};

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
  Collector collector(&findings_);
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&tree_);
  parser.AllowUnknownField(true);
  const bool parsed = parser.ParseFromString(std::string(text), &scenario_);
  if (!parsed && findings_.empty()) {
    findings_.push_back({0, 0, "the file is not a protobuf text file"});
  }
}

}  // namespace causeway::sim
