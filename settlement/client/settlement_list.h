// Making and signing settlement lists: many settlements between the same payers under one signature
// of each (settlement/core/settlement_list.h). Accounts are named by the numbers that AccountView
// shows.
//
//   ListBuilder list(policy_hash, deadline, {{hk, "BANKA"_party}, {th, "BANKB"_party}});
//   list.Add({leg_on_hk, leg_on_th});  // one settlement: all legs or none
//   absl::StatusOr<SettlementList> made = list.Build();
//   absl::StatusOr<core::Envelope> terms = SignList(*made, *my_key);
//   bridge.SubmitSettlement(*terms, made->parts, /*wait=*/true);
//
// The other payers sign the same bytes, by AddSignature or in submissions of their own. Any thread;
// a builder from one at a time.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_SETTLEMENT_LIST_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_SETTLEMENT_LIST_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/envelope.h"
#include "settlement/core/settlement_list.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::client {

// A ledger of a list, and who pays there.
struct ListSide {
  core::LedgerOrigin ledger;
  core::ParticipantId payer;
};

// What to sign and to hand in.
struct SettlementList {
  std::string terms;               // exact bytes
  std::vector<std::string> parts;  // of the ledgers, in the order of the terms
  core::Hash256 id;
};

class ListBuilder {
 public:
  // `sides` in any order, each ledger once: the order of the legs that are added.
  ListBuilder(const core::Hash256& policy_hash, core::LedgerTime deadline,
              std::vector<ListSide> sides);

  // One settlement: a leg on each side. False, and nothing added, when the list is full.
  bool Add(std::span<const core::BulkPayment> legs);
  // Salts and nonce are drawn anew each time. InvalidArgument names what every ledger would refuse;
  // else as RandomBytes.
  absl::StatusOr<SettlementList> Build() const;

  std::size_t size() const { return legs_.front().size(); }

 private:
  core::Hash256 policy_hash_;
  core::LedgerTime deadline_;
  std::vector<ListSide> sides_;
  std::vector<std::vector<core::BulkPayment>> legs_;  // of each side
};

// As core::SignEnvelope.
absl::StatusOr<core::Envelope> SignList(const SettlementList& list,
                                        std::span<const core::Signer* const> signers);
absl::StatusOr<core::Envelope> SignList(const SettlementList& list, const core::Signer& signer);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_SETTLEMENT_LIST_H_
