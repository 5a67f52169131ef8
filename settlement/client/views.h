// What a ledger tells about itself, decoded and checked: plain values of core types. The fields
// are those of proto/causeway/v1/ledger_service.proto, where each is documented.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_VIEWS_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_VIEWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "settlement/core/amount.h"
#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/entry.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "settlement/core/settlement.h"
#include "settlement/core/time.h"

namespace causeway::client {

// A ledger's identity and state of the day. The hash of `genesis` has been compared with
// `genesis.hash` and the other fields with the genesis: the server cannot contradict itself. That
// it is the right genesis is for the caller to know: pin the hash.
struct LedgerInfo {
  core::Genesis genesis;
  core::BusinessDate business_date;
  core::DayPhase phase = core::DayPhase::kNone;
  core::LedgerTime time;  // the ledger's clock
  std::uint32_t batch_payments_max = 0;
  std::vector<core::Hash256> settlement_policies;  // in force
};

// Where an instruction stands. `rejection` says why when the status is kRejected.
struct InstructionView {
  core::InstructionKey key;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  core::Rejection rejection{.outcome = core::Outcome::kAccepted};
  std::uint64_t entry_index = 0;
  core::Uetr uetr;              // nil: none
  core::Hash256 settlement_id;  // zero: none
  core::LedgerTime time;
  core::BusinessDate business_date;
  bool repeated = false;  // the answer repeats an earlier outcome for the same bytes
  std::optional<core::SettledParts> parts;  // of a payment of which a part settled before the rest
};

// Whether nothing will change the status any more.
bool IsTerminal(core::InstructionStatus status);

// What it is and what it has counted: paid less received since it was first set.
struct SenderLimitView {
  core::AccountAddress counterparty;  // empty: of the multilateral limit
  core::Amount limit;
  core::Amount position;
};

// docs/protocols/liquidity-terms.md.
struct LiquidityTermsView {
  core::Amount reserved_urgent;  // what is left of it
  core::Amount reserved_high;
  core::Amount release_threshold;
  std::optional<SenderLimitView> multilateral_limit;
  std::vector<SenderLimitView> bilateral_limits;
  core::Amount collateral;
  std::uint32_t haircut_basis_points = 0;
  std::uint32_t credit_price_ppm_per_day = 0;
  core::Amount credit_charge;  // owed as of ledger time
};

struct AccountView {
  core::AccountAddress address;
  core::ParticipantId owner;
  core::AccountPurpose purpose = core::AccountPurpose::kNone;
  core::Amount available;
  core::Amount held;
  core::Amount incoming_reserved;
  core::Amount holding_limit;  // zero: none
  core::Amount credit_line;
  bool frozen = false;
  bool closed = false;
  bool non_resident = false;
  std::uint64_t posting_count = 0;
  // What a bulk names it by.
  std::uint32_t number = 0;
  std::uint16_t number_check = 0;
  std::optional<LiquidityTermsView> terms;
};

// What a bulk names an account by.
struct ResolvedAccount {
  core::AccountAddress address;
  bool exists = false;
  std::uint32_t number = 0;
  std::uint16_t number_check = 0;
};

// A request to issue, or a redemption, that awaits approval.
struct AwaitingView {
  core::InstructionKey key;
  core::AccountAddress account;  // to be credited, or whose amount is held
  core::Money amount;
  std::string rtgs_reference;  // of a request to issue
  std::uint64_t entry_index = 0;
  core::LedgerTime time;
  core::BusinessDate business_date;
};
struct AwaitingPage {
  std::vector<AwaitingView> instructions;
  bool more = false;  // behind the last
};

struct StatementLine {
  core::Posting posting;
  std::uint64_t entry_index = 0;
  core::InstructionKey instruction;
  core::Uetr uetr;  // nil: none
  core::BusinessDate value_date;
  core::LedgerTime time;
  core::AccountAddress counterparty;        // empty unless there is exactly one
  std::optional<core::SettledParts> parts;  // of a part: how far its payment came with it
};
// opening + lines = closing has been checked.
struct Statement {
  core::AccountAddress address;
  core::BusinessDate from;
  core::BusinessDate to;
  core::Amount opening;
  core::Amount closing;
  std::vector<StatementLine> lines;
  std::string older_page;  // of a page: asks for the one before it in time; empty: there is none
};

struct EntryView {
  std::uint64_t index = 0;
  core::InstructionKey instruction;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  core::Cause cause = core::Cause::kNone;
  core::Rejection rejection{.outcome = core::Outcome::kAccepted};
  core::Uetr uetr;
  core::Hash256 settlement_id;
  std::vector<core::Posting> postings;
  core::LedgerTime time;
  core::BusinessDate business_date;
  core::Hash256 payload_hash;
  // How far a payment came with this entry that settles in parts; with kQueued, the entry is a
  // part.
  std::optional<core::SettledParts> parts;
};
struct InstructionsPage {
  std::vector<InstructionView> instructions;
  std::uint64_t next_index = 0;  // ask from here for the next page; 0 at the end
};

struct EntriesPage {
  std::vector<EntryView> entries;
  std::uint64_t next_index = 0;  // ask from here for the next page; 0 at the end
};

struct NewestEntries {
  std::vector<EntryView> entries;  // newest first
  std::uint64_t older_index = 0;   // ask with it for older ones; 0: there are none
};

struct ConsistencyProof {
  std::uint64_t old_size = 0;
  std::uint64_t new_size = 0;
  std::vector<core::Hash256> proof;
  std::string checkpoint;
};

// A durable batch as it is in the journal: core::DecodeBatch reads `bytes`.
struct BatchEvent {
  std::uint64_t number = 0;
  std::string bytes;
};

struct PrepareReply {
  core::Hash256 settlement_id;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  std::string vote;  // encoded; when kPrepared or kSettled
  core::Rejection rejection{.outcome = core::Outcome::kAccepted};
  std::uint64_t entry_index = 0;
};
struct CompleteReply {
  core::Hash256 settlement_id;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  std::uint64_t entry_index = 0;
};
struct LedgerSettlementView {
  core::Hash256 settlement_id;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  core::LedgerTime deadline;
  core::LedgerTime prepared;
  std::uint64_t entry_index = 0;
  std::vector<core::Leg> legs;  // those that the caller may see
  // While it is prepared: whose certificate it waits for.
  std::optional<core::LedgerOrigin> decision_log;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_VIEWS_H_
