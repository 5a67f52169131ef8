// Bulks: many payments of one party under one signature, packed so that reading one allocates
// nothing per payment. Every payment has its own instruction id, UETR, outcome and leaf. The bytes
// are specified in docs/formats/bulk.md.
//
// Accounts are named by number and check, not by address. The check keeps a mistyped number from
// paying somebody else.
#ifndef CAUSEWAY_SETTLEMENT_CORE_BULK_H_
#define CAUSEWAY_SETTLEMENT_CORE_BULK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/amount.h"
#include "settlement/core/bytes.h"
#include "settlement/core/entry.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::core {

inline constexpr char kBulkPayloadType[] = "application/vnd.causeway.bulk-payments.v1";

inline constexpr std::size_t kBulkPaymentsMax = 16384;
inline constexpr std::size_t kBulkPaymentBytes = 56;
inline constexpr std::size_t kPaymentResultBytes = 38;
// Two blocks of SHA-256 with the prefix of a leaf.
inline constexpr std::size_t kPaymentLeafBytes = 114;
// Leaf indices, account sequence numbers and account numbers in packed records.
inline constexpr std::uint64_t kLeafIndexMax = (std::uint64_t{1} << 40) - 1;

// An instruction id in 16 bytes. As text it is its 32 lower-case hexadecimal digits, and shares the
// key space of single payments.
using RawInstructionId = std::array<std::uint8_t, 16>;
InstructionId InstructionIdOf(const RawInstructionId& raw);
// Nothing unless `id` is 32 lower-case hexadecimal digits.
std::optional<RawInstructionId> RawIdOf(const InstructionId& id);

// An account by its number on its ledger: 0 for the issuer's liability, then in order of opening.
struct AccountRef {
  std::uint32_t number = 0;
  std::uint16_t check = 0;
  friend bool operator==(const AccountRef&, const AccountRef&) = default;
};
// The first two bytes of SHA-256 of the address's text.
std::uint16_t AccountCheckOf(const AccountAddress& address);

struct BulkPayment {
  AccountRef debtor;
  AccountRef creditor;
  Amount amount;                  // minor units of the ledger's currency
  std::array<char, 4> purpose{};  // ISO 20022 external purpose code; zeros after it, or none
  RawInstructionId id{};
  Uetr uetr;

  friend bool operator==(const BulkPayment&, const BulkPayment&) = default;
};

struct Bulk {
  LedgerOrigin ledger;
  Hash256 genesis_hash;
  ParticipantId party;  // who owns the debtor accounts and signs
  RawInstructionId id{};
  LedgerTime valid_until;
  std::vector<BulkPayment> payments;  // 1..kBulkPaymentsMax

  friend bool operator==(const Bulk&, const Bulk&) = default;
};

// What is signed. The caller keeps to the limits above.
std::string EncodeBulk(const Bulk& bulk);
// InvalidArgument names the field or the payment that is wrong; ResourceExhausted for more payments
// than a bulk may have. The sign of amounts is the ledger's to judge, on record.
absl::StatusOr<Bulk> DecodeBulk(std::string_view payload);
// One payment in kBulkPaymentBytes. Unpacking tells what was wrong, or null.
void PackPayment(const BulkPayment& payment, char* out);
const char* UnpackPayment(const char* in, BulkPayment& payment);
// One payment of a payload that DecodeBulk took, counted from the last: 1 is the last.
BulkPayment PaymentFromEnd(std::string_view payload, std::size_t from_end);

// What became of one payment.
struct PaymentResult {
  Outcome outcome = Outcome::kAccepted;
  // Available balances after it; of a rejection, its `actual` and `required`.
  std::int64_t debtor_after = 0;
  std::int64_t creditor_after = 0;
  // The accounts' sequence numbers of the two postings; 0 for a rejection.
  std::uint64_t debtor_sequence = 0;
  std::uint64_t creditor_sequence = 0;
  // The leaf that touched the account before, 0 for none: an account's history is a chain of these.
  std::uint64_t debtor_previous = 0;
  std::uint64_t creditor_previous = 0;

  friend bool operator==(const PaymentResult&, const PaymentResult&) = default;
};

// What the packed leaves of an item are: payments of a bulk, or legs of a settlement list when they
// are held and when they are resolved.
enum class BulkKind : std::uint8_t { kPayments = 0, kHolds = 1, kResolved = 2 };

// As journaled: kPaymentResultBytes each.
void AppendPaymentResults(std::span<const PaymentResult> results, std::string& out);
// `bytes` has kPaymentResultBytes of it. Nothing when the outcome is none that is recorded.
std::optional<PaymentResult> ReadPaymentResult(std::string_view bytes);

// The leaf of one payment: what its hash is over. `out` has kPaymentLeafBytes.
using LeafSalt = std::array<std::uint8_t, 16>;
void WritePaymentLeaf(std::uint64_t index, const LeafSalt& salt, std::uint32_t position,
                      const BulkPayment& payment, const PaymentResult& result, char* out,
                      std::uint8_t kind = kLeafPayment);

// The leaf hashes (RFC 6962) of payments that follow one another: payment i is at leaf
// first_index + i and at position i of its bulk. All spans have one element a payment. `kind` as in
// WritePaymentLeaf.
void HashPaymentLeaves(std::uint64_t first_index, std::span<const LeafSalt> salts,
                       std::span<const BulkPayment> payments,
                       std::span<const PaymentResult> results, std::span<Hash256> hashes,
                       std::uint8_t kind = kLeafPayment);

struct PaymentLeaf {
  bool is_hold = false;  // of a settlement list (settlement_list.h), with the same layout
  std::uint64_t index = 0;
  LeafSalt salt{};
  std::uint32_t position = 0;  // in its bulk, whose entry is at index - 1 - position
  BulkPayment payment;
  PaymentResult result;  // without the previous leaves
};
absl::StatusOr<PaymentLeaf> DecodePaymentLeaf(std::string_view bytes);

// Salts of the payment leaves of one batch: AES-128 of the leaf index under a key that belongs to
// the batch. Whoever holds the key can salt every payment of that batch and no other.
class PaymentSalts {
 public:
  using Key = std::array<std::uint8_t, 16>;
  // The key of a batch: the first 16 bytes of HMAC-SHA-256(salt key of the ledger, domain | batch).
  static Key KeyOf(std::string_view ledger_salt_key, std::uint64_t batch_number);
  // The salts of leaves first_index, first_index + 1, ...
  static void Fill(const Key& key, std::uint64_t first_index, std::span<LeafSalt> salts);
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_BULK_H_
