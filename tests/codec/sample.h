// Well-formed values of every kind, for the tests of this folder to change one thing at a time.
#ifndef CAUSEWAY_TESTS_CODEC_SAMPLE_H_
#define CAUSEWAY_TESTS_CODEC_SAMPLE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "causeway/v1/command.pb.h"
#include "causeway/v1/settlement.pb.h"
#include "settlement/core/command.h"
#include "settlement/core/settlement.h"
#include "settlement/core/suite.h"

namespace causeway::codec::sample {

std::unique_ptr<core::SoftwareSigner> NewSigner(char fill);
core::AccountAddress Address(std::string_view body);
core::Uetr SomeUetr();
v1::PublicKey Key(char fill);
// 32 bytes.
std::string HashBytes(char fill);

v1::SettlementPolicy Policy();
v1::TermsHeader Terms();
v1::Leg Leg();
v1::ProvenLeg ProvenLeg();
v1::Completion Completion();
v1::Genesis Genesis();
v1::Payment Payment(std::string_view instruction_id);

// A command without an action, and one command for each action, with every field set.
v1::Command EmptyCommand();
v1::Command PayCommand();
v1::Command BatchCommand();
std::vector<v1::Command> AllCommands();

}  // namespace causeway::codec::sample

#endif  // CAUSEWAY_TESTS_CODEC_SAMPLE_H_
