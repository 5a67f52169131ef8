// Scenario messages together with where they stand in their file. Internal to this library.
#ifndef CAUSEWAY_SCENARIOS_SPEC_LOCATED_H_
#define CAUSEWAY_SCENARIOS_SPEC_LOCATED_H_

#include <google/protobuf/text_format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "causeway/v1/scenario.pb.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {

struct Place {
  int line = 0;  // both from 1; 0: unknown
  int column = 0;
};

// A message and its place. Borrows both the message and the parse tree.
class Node {
 public:
  Node(const google::protobuf::Message& message,
       const google::protobuf::TextFormat::ParseInfoTree* tree, Place place)
      : message_(&message), tree_(tree), place_(place) {}

  // Where `field` begins, or where the message begins when the field is not in the file. Of a
  // repeated field its element `index`; -1: the first.
  Place Of(const char* field, int index = -1) const;
  // The nested message in a field; `index` for a repeated one.
  Node Child(const char* field, int index = -1) const;

 private:
  const google::protobuf::Message* message_;
  const google::protobuf::TextFormat::ParseInfoTree* tree_;
  Place place_;
};

// The scenario in `text`, or findings: syntax, unknown fields, wrong types.
class ParsedScenario {
 public:
  explicit ParsedScenario(std::string_view text);
  // One that was never text: everything is at no place.
  explicit ParsedScenario(causeway::v1::Scenario scenario) : scenario_(std::move(scenario)) {}

  const std::vector<Finding>& findings() const { return findings_; }
  const causeway::v1::Scenario& scenario() const { return scenario_; }
  Node root() const { return Node(scenario_, &tree_, Place{1, 1}); }

 private:
  causeway::v1::Scenario scenario_;
  google::protobuf::TextFormat::ParseInfoTree tree_;
  std::vector<Finding> findings_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_LOCATED_H_
