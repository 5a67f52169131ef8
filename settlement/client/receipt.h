// Receipts: an entry of a ledger with the proof that the ledger's signed log contains it. Verified
// without a network and without trust in whoever hands it over: all that must be known beforehand
// is the ledger's genesis hash. docs/formats/receipt.md lets a stranger do the same.
// Pure functions and values; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_RECEIPT_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_RECEIPT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/bytes.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/command.h"
#include "settlement/core/entry.h"
#include "settlement/core/envelope.h"
#include "settlement/core/settlement_list.h"
#include "settlement/core/suite.h"

namespace causeway::client {

inline constexpr std::size_t kReceiptBytesMax = 16 * 1024 * 1024;

// As received; nothing is believed yet.
struct Receipt {
  std::string entry;  // leaf bytes: of an entry, or of a payment in a bulk
  std::uint64_t entry_index = 0;
  std::vector<core::Hash256> entry_proof;
  std::string batch_header;  // leaf bytes
  std::uint64_t batch_header_index = 0;
  std::vector<core::Hash256> batch_header_proof;
  std::string checkpoint;                  // signed note that both proofs lead to
  std::optional<core::Envelope> envelope;  // what was signed, if it may be seen
  std::string genesis;                     // exact bytes
  // Of a payment in a bulk: the entry of the bulk. Empty otherwise.
  std::string bulk_entry;  // leaf bytes
  std::uint64_t bulk_entry_index = 0;
  std::vector<core::Hash256> bulk_entry_proof;

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// The file form: proto3 JSON of causeway.v1.Receipt with the field names of the proto (bytes in
// base64, 64-bit integers as text), so that any language's standard library reads one.
std::string FormatReceipt(const Receipt& receipt);
// The reverse; InvalidArgument says what is wrong.
absl::StatusOr<Receipt> ParseReceipt(std::string_view json);

// What a receipt proves.
struct VerifiedReceipt {
  core::Genesis genesis;  // of the ledger: whose hash is the one that was pinned
  core::Entry entry;      // what happened; of a payment in a bulk: the entry of the bulk
  // What became of a payment in a bulk. The instructing party is the entry's, accounts are numbers
  // of the ledger. Of a leg that a settlement list holds (is_hold), the entry is that of the list's
  // prepare, and its settlement id the list's.
  std::optional<core::PaymentLeaf> payment;
  // What became of a held leg of a list: settled or released. The entry is the completion's.
  std::optional<core::ResolvedLeaf> resolved;
  core::BatchHeader header;     // when: ledger time and business date
  core::Checkpoint checkpoint;  // what the ledger signed
  // The instruction in the envelope, when it is a command (not terms of a settlement or a bulk).
  std::optional<core::Command> command;
};

// Checks that
//   the genesis hashes to `genesis_hash` and decodes, and its key signed the checkpoint;
//   the checkpoint's log contains the batch header and, within that batch, the entry;
//   a payment in a bulk, or a leg of a settlement list, lies at its place after the entry of the
//   bulk, or of the list's prepare or completion, in the same batch;
//   the envelope, if there is one, is what the entry says was signed (its payload hash), and is
//   addressed to this ledger or, for terms, is the entry's settlement; the payment is in the bulk.
// It does not check who signed the envelope: the keys of participants are in the ledger's log, not
// in the receipt. The ledger answers for having checked them.
// InvalidArgument for what does not decode, Unauthenticated for what does not prove; the message
// names the part.
absl::StatusOr<VerifiedReceipt> VerifyReceipt(const Receipt& receipt,
                                              const core::Hash256& genesis_hash,
                                              const core::SignatureVerifier& verifier);
// The same with OpenSSL.
absl::StatusOr<VerifiedReceipt> VerifyReceipt(const Receipt& receipt,
                                              const core::Hash256& genesis_hash);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_RECEIPT_H_
