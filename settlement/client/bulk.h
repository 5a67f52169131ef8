// Making and signing bulks: up to 16,384 payments of one party under one signature. Accounts are
// named by the numbers that AccountView shows.
//
//   BulkBuilder bulk(AddressOf(info.genesis), "BANKA"_party, id, valid_until);
//   bulk.Add({.debtor = mine, .creditor = theirs, .amount = ..., .id = ..., .uetr = *NewUetr()});
//   absl::StatusOr<core::Envelope> envelope = SignBulk(bulk.bulk(), *signer);
//
// Send it by a SubmitStream (submit_stream.h). Any thread; a builder from one at a time.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_BULK_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_BULK_H_

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"
#include "settlement/client/commands.h"
#include "settlement/core/bulk.h"
#include "settlement/core/envelope.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::client {

// Encodes and signs. InvalidArgument or ResourceExhausted when every ledger would refuse the
// payload as malformed, naming the field or the payment; else as core::SignEnvelope.
absl::StatusOr<core::Envelope> SignBulk(const core::Bulk& bulk,
                                        std::span<const core::Signer* const> signers);
absl::StatusOr<core::Envelope> SignBulk(const core::Bulk& bulk, const core::Signer& signer);

// 16 random bytes: the id of a bulk or of a payment in one.
absl::StatusOr<core::RawInstructionId> NewRawInstructionId();

class BulkBuilder {
 public:
  // `party` owns the debtor accounts; `id` is the key under which a repeat of the bulk is known.
  BulkBuilder(const LedgerAddress& ledger, const core::ParticipantId& party,
              const core::RawInstructionId& id, core::LedgerTime valid_until);

  // False, and nothing added, when the bulk is full.
  bool Add(const core::BulkPayment& payment);
  // Empties it for the next bulk, and keeps its memory.
  void Restart(const core::RawInstructionId& id, core::LedgerTime valid_until);

  std::size_t size() const { return bulk_.payments.size(); }
  const core::Bulk& bulk() const { return bulk_; }

 private:
  core::Bulk bulk_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_BULK_H_
