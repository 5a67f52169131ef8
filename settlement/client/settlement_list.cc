#include "settlement/client/settlement_list.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "settlement/client/commands.h"
#include "settlement/core/check.h"

namespace causeway::client {

ListBuilder::ListBuilder(const core::Hash256& policy_hash, core::LedgerTime deadline,
                         std::vector<ListSide> sides)
    : policy_hash_(policy_hash),
      deadline_(deadline),
      sides_(std::move(sides)),
      legs_(std::max<std::size_t>(1, sides_.size())) {}

bool ListBuilder::Add(std::span<const core::BulkPayment> legs) {
  CW_CHECK(legs.size() == sides_.size(), "a settlement has a leg on every side");
  if (size() >= core::kListSettlementsMax) return false;
  for (std::size_t i = 0; i < legs.size(); ++i) legs_[i].push_back(legs[i]);
  return true;
}

absl::StatusOr<SettlementList> ListBuilder::Build() const {
  absl::StatusOr<std::string> random =
      RandomBytes(core::kPartSaltBytes * (sides_.size() + 1));  // salts and the nonce
  if (!random.ok()) return random.status();
  // Terms have their ledgers sorted.
  std::vector<std::size_t> order(sides_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [this](std::size_t left, std::size_t right) {
    return sides_[left].ledger < sides_[right].ledger;
  });
  core::TermsHeader terms{.policy_hash = policy_hash_,
                          .deadline = deadline_,
                          .nonce = random->substr(0, core::kPartSaltBytes),
                          .list_count = static_cast<std::uint32_t>(size())};
  SettlementList list;
  for (const std::size_t side : order) {
    const std::string salt =
        random->substr(core::kPartSaltBytes * (side + 1), core::kPartSaltBytes);
    list.parts.push_back(core::EncodeListPart(salt, legs_[side]));
    // Nobody should sign what every ledger refuses to read.
    const auto readable = core::DecodeListPart(list.parts.back(), terms.list_count);
    if (!readable.ok()) return readable.status();
    terms.ledgers.push_back({sides_[side].ledger, terms.list_count});
    terms.parts.push_back({sides_[side].payer, core::ListPartHash(list.parts.back())});
  }
  list.terms = core::EncodeSettlementList(terms);
  const absl::StatusOr<core::TermsHeader> readable = core::DecodeSettlementList(list.terms);
  if (!readable.ok()) return readable.status();
  list.id = readable->settlement_id;
  return list;
}

absl::StatusOr<core::Envelope> SignList(const SettlementList& list,
                                        std::span<const core::Signer* const> signers) {
  return core::SignEnvelope(core::kSettlementListPayloadType, list.terms, signers);
}

absl::StatusOr<core::Envelope> SignList(const SettlementList& list, const core::Signer& signer) {
  const core::Signer* const signers[] = {&signer};
  return SignList(list, signers);
}

}  // namespace causeway::client
