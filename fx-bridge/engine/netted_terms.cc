#include "fx-bridge/engine/netted_terms.h"

#include <algorithm>
#include <array>
#include <map>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

constexpr std::size_t kNettedSecretBytes = 16;

core::Uetr DrawUetr(const RandomSource& random) {
  const std::string drawn = random(kNettedSecretBytes);
  std::array<std::uint8_t, kNettedSecretBytes> bytes{};
  CW_CHECK(drawn.size() == bytes.size(), "the source gives what it is asked for");
  std::copy(drawn.begin(), drawn.end(), bytes.begin());
  return core::Uetr::FromRandomBytes(bytes);
}

}  // namespace

NettedTerms MakeNettedTerms(const std::vector<NettedLeg>& legs, const NettedNaming& naming,
                            const RandomSource& random) {
  NettedTerms made;
  std::map<core::LedgerOrigin, std::uint32_t> counts;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const NettedLeg& leg = legs[i];
    const auto id = core::InstructionId::Parse(fmt::format("{}-{}", naming.id_prefix, i));
    CW_CHECK(id.ok(), "the ids of net payments are short");
    std::string salt = random(kNettedSecretBytes);
    made.legs.push_back(codec::EncodeLeg({.salt = std::move(salt),
                                          .ledger = leg.ledger,
                                          .party = leg.party,
                                          .id = *id,
                                          .uetr = DrawUetr(random),
                                          .debtor = leg.debtor,
                                          .creditor = leg.creditor,
                                          .amount = leg.amount,
                                          .private_data_hash = {},
                                          .approvals = {}}));
    ++counts[leg.ledger];
  }
  core::TermsHeader terms;
  terms.policy_hash = naming.policy_hash;
  terms.deadline = naming.deadline;
  for (const auto& [ledger, count] : counts) terms.ledgers.push_back({ledger, count});
  terms.legs_root = core::LegsRoot(made.legs);
  terms.nonce = random(kNettedSecretBytes);
  made.terms = codec::EncodeTerms(terms);
  return made;
}

}  // namespace causeway::bridge
