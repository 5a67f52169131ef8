// The terms of one settlement whose legs are net positions: what the net payers sign. Pure.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_NETTED_TERMS_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_NETTED_TERMS_H_

#include <string>
#include <vector>

#include "fx-bridge/venues/quote_desk.h"
#include "settlement/core/settlement.h"

namespace causeway::bridge {

struct NettedLeg {
  core::LedgerOrigin ledger;
  core::ParticipantId party;  // the payer
  core::AccountAddress debtor;
  core::AccountAddress creditor;
  core::Money amount;
};

struct NettedNaming {
  core::Hash256 policy_hash;
  core::LedgerTime deadline;
  // Leg i has the instruction id "<prefix>-<i>": unique for its payer on its ledger. At most 30
  // characters.
  std::string id_prefix;
};

struct NettedTerms {
  std::string terms;              // exact bytes of the TermsHeader
  std::vector<std::string> legs;  // exact bytes of each Leg

  friend bool operator==(const NettedTerms&, const NettedTerms&) = default;
};

// The legs keep their order. `random` gives the salts, the references and the nonce, in that order.
NettedTerms MakeNettedTerms(const std::vector<NettedLeg>& legs, const NettedNaming& naming,
                            const RandomSource& random);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_NETTED_TERMS_H_
