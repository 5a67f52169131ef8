// Leaves of a ledger's log: the genesis (leaf 0), batch headers and entries. Each has one canonical
// encoding, given in docs/formats/entry.md; the leaf hash is RFC 6962's over these bytes.
#ifndef CAUSEWAY_SETTLEMENT_CORE_ENTRY_H_
#define CAUSEWAY_SETTLEMENT_CORE_ENTRY_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/outcome.h"

namespace causeway::core {

inline constexpr std::uint8_t kLeafGenesis = 1;
inline constexpr std::uint8_t kLeafBatchHeader = 2;
inline constexpr std::uint8_t kLeafEntry = 3;
// 4 is the decision record, which lives in a log of its own.
inline constexpr std::uint8_t kLeafPayment = 5;   // of a bulk: bulk.h
inline constexpr std::uint8_t kLeafHold = 6;      // of a settlement list: settlement_list.h
inline constexpr std::uint8_t kLeafResolved = 7;  // the same, once it is settled or released
inline constexpr std::uint8_t kLeafVersion = 1;

enum class Bucket : std::uint8_t { kNone = 0, kAvailable = 1, kHeld = 2 };

enum class TransactionCode : std::uint8_t {
  kNone = 0,
  kPayment = 1,
  kReturn = 2,
  kIssue = 3,
  kRedemption = 4,
  kHold = 5,
  kRelease = 6,
  kSettlement = 7,
  kOverride = 8,
  kCreditCharge = 9,
};

// One line of double entry; those of an entry sum to zero.
struct Posting {
  AccountAddress address;
  Bucket bucket = Bucket::kNone;
  TransactionCode code = TransactionCode::kNone;
  Amount amount;               // signed
  Amount balance_after;        // of the bucket
  std::uint64_t sequence = 0;  // counts the account's postings from 1
  // Leaf index of the posting of the account before, 0 for none; an entry with several postings of
  // one account names itself. So an account's history is a chain that is walked backwards.
  std::uint64_t previous = 0;

  friend bool operator==(const Posting&, const Posting&) = default;
};

// One transition of one instruction.
struct Entry {
  std::uint64_t index = 0;  // leaf index
  // Disclosed with the entry, unguessable before: HMAC-SHA256(salt key, index), first 16 bytes.
  std::array<std::uint8_t, 16> salt{};
  InstructionKey instruction;
  InstructionStatus status = InstructionStatus::kNone;  // reached by this entry
  Cause cause = Cause::kNone;
  // kAccepted unless rejected; `message` is not part of the entry. See also SettledPartsOf.
  Rejection rejection;
  Uetr uetr;               // nil: none
  Hash256 payload_hash;    // of the signed item that caused it
  std::uint32_t item = 0;  // position of the payment or leg in it
  Hash256 settlement_id;   // zero: none
  std::vector<Posting> postings;

  friend bool operator==(const Entry&, const Entry&) = default;
};

// Whether a part of a payment settled by it, by its postings, and the rest waits on in its place:
// status kQueued, and SettledPartsOf(entry.rejection) says how far the payment has come.
bool IsPart(const Entry& entry);

// The first leaf of every batch. Its place for per-mandate completeness counters is `commitments`,
// empty until they are built.
struct BatchHeader {
  std::uint64_t number = 0;       // from 1; the genesis is batch 0
  std::uint64_t first_index = 0;  // leaf index of this header
  LedgerTime time;                // monotone over batches
  BusinessDate date;              // at the start of the batch
  DayPhase phase = DayPhase::kNone;
  std::uint64_t policy_version = 0;
  std::uint32_t entry_count = 0;
  std::string commitments;

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

std::string EncodeGenesisLeaf(std::string_view genesis_bytes);
absl::StatusOr<std::string> DecodeGenesisLeaf(std::string_view bytes);
std::string EncodeBatchHeader(const BatchHeader& header);
absl::StatusOr<BatchHeader> DecodeBatchHeader(std::string_view bytes);
std::string EncodeEntry(const Entry& entry);
absl::StatusOr<Entry> DecodeEntry(std::string_view bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_ENTRY_H_
