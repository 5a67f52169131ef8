// Settlement lists: the terms of many settlements between the same payers, under one signature of
// each. Every settlement of a list has one leg on each of the list's ledgers, and settles or fails
// by itself: all its legs or none. What travels, votes and is decided is the list. A ledger's vote
// says which settlements it holds, and a commit carries out those that all ledgers hold and
// releases the rest. So one signature, vote, record and certificate serve thousands of settlements.
//
// A list takes the place of a TermsHeader (codec::DecodeTerms reads both) and has its id; legs are
// packed payments (bulk.h), shown to their ledger as its part. Bytes are specified in
// docs/formats/settlement-list.md, the reasons are in docs/adr. Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_SETTLEMENT_LIST_H_
#define CAUSEWAY_SETTLEMENT_CORE_SETTLEMENT_LIST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/position_set.h"
#include "settlement/core/settlement.h"

namespace causeway::core {

inline constexpr char kSettlementListPayloadType[] = "application/vnd.causeway.settlement-list.v1";

inline constexpr std::size_t kListSettlementsMax = 8192;
// A list is between ledgers: one leg of a settlement is a payment.
inline constexpr std::size_t kListLedgersMin = 2;
inline constexpr std::size_t kPartSaltBytes = 16;

// Whether these are the bytes of a list, and not of a single settlement's terms.
bool IsSettlementList(std::string_view payload);
// What the payers sign, of terms with a list. The caller keeps to the limits.
std::string EncodeSettlementList(const TermsHeader& terms);
// InvalidArgument names the field; ResourceExhausted for more settlements than a list may have. The
// id is SettlementIdOf the bytes, `leg_count` of each ledger the number of settlements.
absl::StatusOr<TermsHeader> DecodeSettlementList(std::string_view payload);

// The legs on one ledger, by the position of their settlements. `salt` is random and unknown to the
// other ledgers, so that the hash says nothing about the legs.
std::string EncodeListPart(std::string_view salt, std::span<const BulkPayment> legs);
// InvalidArgument names the leg and field, or says that there are not `count` legs.
absl::StatusOr<std::vector<BulkPayment>> DecodeListPart(std::string_view part, std::uint32_t count);
// Leg `position` of a part that DecodeListPart took.
BulkPayment LegOfPart(std::string_view part, std::uint32_t position);
// What the list says of a part: SHA-256("causeway/list-part/v1\n" || part).
Hash256 ListPartHash(std::string_view part);

// The id of one settlement: SHA-256("causeway/listed-settlement/v1\n", list id, position).
Hash256 ListedSettlementId(const Hash256& list_id, std::uint32_t position);

// A request to hold all legs of a list on one ledger.
struct PrepareList {
  TermsHeader terms;
  Hash256 part_hash;  // of the part as it came
  std::vector<BulkPayment> legs;
};

// Which settlements a commit carries out: those that every vote holds. Nothing when the votes are
// not of one list of `count` settlements.
std::optional<PositionSet> CommittedBy(std::span<const Vote> votes, std::uint32_t count);

// A leg that a ledger holds for a list.
struct HeldLeg {
  std::uint32_t debtor = 0;  // account numbers
  std::uint32_t creditor = 0;
  Amount amount;

  friend bool operator==(const HeldLeg&, const HeldLeg&) = default;
};
// What a ledger holds for a list. The hold of the settlement at `position` is the leaf
// first_leaf + position.
struct HeldList {
  std::uint64_t first_leaf = 0;
  PositionSet held;
  std::vector<HeldLeg> legs;  // of every position; those not held move nothing
};

// What became of a held leg: its leaf without index and salt. Postings: the debtor's held bucket,
// then the creditor's available one when settled, the debtor's when released.
struct ResolvedLeg {
  std::uint32_t position = 0;  // of its settlement in the list
  std::uint64_t hold = 0;      // leaf
  HeldLeg leg;
  // kAccepted: settled; kSettlementAborted: released.
  Outcome outcome = Outcome::kAccepted;
  std::int64_t debtor_held_after = 0;
  std::int64_t available_after = 0;  // of whoever got the money
  std::uint64_t first_sequence = 0;  // of the debtor's posting
  std::uint64_t second_sequence = 0;
  // The leaf that touched the account before, as in PaymentResult; not in the leaf.
  std::uint64_t first_previous = 0;
  std::uint64_t second_previous = 0;

  friend bool operator==(const ResolvedLeg&, const ResolvedLeg&) = default;
};
inline constexpr std::size_t kResolvedLegBytes = 63;
inline constexpr std::size_t kResolvedLeafBytes = 111;
// As journaled: kResolvedLegBytes each.
void AppendResolvedLegs(std::span<const ResolvedLeg> legs, std::string& out);
// `bytes` has kResolvedLegBytes. Nothing when the outcome is neither of the two.
std::optional<ResolvedLeg> ReadResolvedLeg(std::string_view bytes);
// `out` has kResolvedLeafBytes.
void WriteResolvedLeaf(std::uint64_t index, const LeafSalt& salt, const Hash256& list_id,
                       const ResolvedLeg& leg, char* out);

struct ResolvedLeaf {
  std::uint64_t index = 0;
  LeafSalt salt{};
  Hash256 list_id;
  ResolvedLeg leg;  // without the previous leaves
};
absl::StatusOr<ResolvedLeaf> DecodeResolvedLeaf(std::string_view bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_SETTLEMENT_LIST_H_
