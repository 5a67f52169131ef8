#include "settlement/client/bulk.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"

namespace causeway::client {

absl::StatusOr<core::Envelope> SignBulk(const core::Bulk& bulk,
                                        std::span<const core::Signer* const> signers) {
  if (bulk.payments.size() > core::kBulkPaymentsMax) {
    return absl::ResourceExhaustedError(fmt::format("bulk.payments: has {}; must have at most {}",
                                                    bulk.payments.size(), core::kBulkPaymentsMax));
  }
  const std::string payload = core::EncodeBulk(bulk);
  // Nobody should sign what every ledger refuses to read.
  if (const auto readable = core::DecodeBulk(payload); !readable.ok()) return readable.status();
  return core::SignEnvelope(core::kBulkPayloadType, payload, signers);
}

absl::StatusOr<core::Envelope> SignBulk(const core::Bulk& bulk, const core::Signer& signer) {
  const core::Signer* const signers[] = {&signer};
  return SignBulk(bulk, signers);
}

absl::StatusOr<core::RawInstructionId> NewRawInstructionId() {
  core::RawInstructionId id{};
  const absl::StatusOr<std::string> random = RandomBytes(id.size());
  if (!random.ok()) return random.status();
  std::copy(random->begin(), random->end(), id.begin());
  return id;
}

BulkBuilder::BulkBuilder(const LedgerAddress& ledger, const core::ParticipantId& party,
                         const core::RawInstructionId& id, core::LedgerTime valid_until)
    : bulk_{.ledger = ledger.ledger,
            .genesis_hash = ledger.genesis_hash,
            .party = party,
            .id = id,
            .valid_until = valid_until,
            .payments = {}} {}

bool BulkBuilder::Add(const core::BulkPayment& payment) {
  if (bulk_.payments.size() >= core::kBulkPaymentsMax) return false;
  bulk_.payments.push_back(payment);
  return true;
}

void BulkBuilder::Restart(const core::RawInstructionId& id, core::LedgerTime valid_until) {
  bulk_.id = id;
  bulk_.valid_until = valid_until;
  bulk_.payments.clear();
}

}  // namespace causeway::client
