#include "tests/observer/test_corridor.h"

#include <algorithm>
#include <cctype>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"

namespace causeway::observer {
namespace {

constexpr auto kStart = core::LedgerTime::FromMicros(1'660'500'000'000'000);

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

core::Uetr SomeUetr(int seed) {
  std::array<std::uint8_t, 16> random{};
  random.fill(static_cast<std::uint8_t>(seed));
  return core::Uetr::FromRandomBytes(random);
}

}  // namespace

std::shared_ptr<core::SoftwareSigner> KeyNamed(const std::string& name) {
  return *core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
}

std::string SignedNote(const std::string& origin, std::uint64_t size, const core::Hash256& root,
                       const std::string& key) {
  core::Checkpoint checkpoint;
  checkpoint.origin = origin;
  checkpoint.size = size;
  checkpoint.root = root;
  return *core::SignCheckpoint(checkpoint, origin, *KeyNamed(key));
}

TestLedger::TestLedger(const std::string& country, const std::string& currency)
    : key_("ledger-" + currency), now_(kStart) {
  core::Genesis genesis;
  genesis.ledger = *core::LedgerOrigin::Parse(Lower(country + ".example/" + currency));
  genesis.currency = *core::Currency::Parse(currency);
  genesis.ledger_key = KeyNamed(key_)->public_key();
  genesis.central_bank = {
      .participant = *core::ParticipantId::Parse("CENTRAL"),
      .role = core::Role::kCentralBank,
      .country = *core::Country::Parse(country),
      .bic = {},
      .lei = {},
      .keys = {KeyNamed("central-1")->public_key(), KeyNamed("central-2")->public_key()}};
  genesis.liability_account = *core::AccountAddress::Make(genesis.currency, "LIABILITY");
  genesis.suites = {core::SuiteId::kEd25519Sha256};
  genesis.business_date = *core::BusinessDate::Parse("2022-08-15");
  genesis.created = now_;
  genesis_ = *codec::DecodeGenesis(codec::EncodeGenesis(genesis));
  ledger_ = *core::Ledger::Create(genesis_, nullptr);
  core::Batch batch;
  batch.genesis = genesis_.bytes;
  Seal(std::move(batch));
}

core::AccountAddress TestLedger::Address(std::string_view body) const {
  return *core::AccountAddress::Make(genesis_.currency, body);
}

core::Money TestLedger::Money(std::int64_t minor_units) const {
  return {genesis_.currency, core::Amount::FromMinor(minor_units)};
}

core::Item TestLedger::Signed(std::string_view party, core::Action action,
                              std::vector<std::string> signers, std::string_view id) {
  core::Command command;
  command.ledger = genesis_.ledger;
  command.genesis_hash = genesis_.hash;
  command.party = *core::ParticipantId::Parse(party);
  command.id =
      *core::InstructionId::Parse(id.empty() ? "I-" + std::to_string(++ids_) : std::string(id));
  command.valid_until = now_ + core::Duration::FromHours(1);
  command.action = std::move(action);
  std::vector<std::shared_ptr<core::SoftwareSigner>> keys;
  std::vector<const core::Signer*> pointers;
  for (const std::string& name : signers) {
    keys.push_back(KeyNamed(name));
    pointers.push_back(keys.back().get());
  }
  core::Item item;
  item.envelope =
      *core::SignEnvelope(core::kCommandPayloadType, codec::EncodeCommand(command), pointers);
  return item;
}

core::Item TestLedger::ByCentral(core::Action action) {
  return Signed("CENTRAL", std::move(action), {"central-1", "central-2"});
}

core::Item TestLedger::Payment(const std::string& from, const std::string& to,
                               std::int64_t minor_units) {
  core::Pay pay;
  pay.uetr = SomeUetr(7);
  pay.debtor = Address(from);
  pay.creditor = Address(to);
  pay.amount = Money(minor_units);
  return Signed(from, std::move(pay), {from});
}

core::Batch TestLedger::Make(std::vector<core::Item> items) {
  now_ = now_ + core::Duration::FromSeconds(1);
  std::vector<core::AdmittedItem> admitted;
  for (const core::Item& item : items) {
    auto body = codec::DecodeItemBody(item);
    CW_CHECK(body.ok(), std::string(body.status().message()).c_str());
    admitted.push_back(core::Ledger::AdmitFromJournal(item.envelope, *std::move(body)));
  }
  core::BatchResult result = ledger_->ApplyBatch(now_, admitted);
  for (const core::ItemResult& item : result.results) {
    CW_CHECK(!item.refused.has_value(), core::Describe(*item.refused).c_str());
  }
  core::Batch batch;
  batch.header = result.header;
  batch.items = std::move(items);
  for (core::Entry& entry : result.entries) {
    const core::Hash256 salt = core::Sha256("salt " + std::to_string(entry.index));
    std::copy_n(salt.bytes.begin(), entry.salt.size(), entry.salt.begin());
    batch.entries.push_back(core::EncodeEntry(entry));
  }
  for (const auto& bulk : result.bulks) batch.bulks.push_back(core::PackResults(*bulk, bulk->item));
  return batch;
}

std::string TestLedger::Seal(core::Batch batch) {
  const std::vector<std::string> leaves = *core::LeavesOf(batch);
  for (const std::string& leaf : leaves) tree_.Append(core::LeafHash(leaf));
  batch.checkpoint = Checkpoint();
  batches_.push_back(core::EncodeBatch(batch));
  return batches_.back();
}

const std::string& TestLedger::Write(std::vector<core::Item> items) {
  Seal(Make(std::move(items)));
  return batches_.back();
}

core::DecidedSettlement TestBridge::Commit(const TestSettlement& settlement,
                                           std::vector<core::Vote> votes) const {
  core::DecisionRecord record;
  record.settlement_id = settlement.id;
  record.verdict = core::Verdict::kCommit;
  record.policy_hash = settlement.terms.policy_hash;
  record.decided = settlement.terms.deadline - core::Duration::FromSeconds(1);
  core::DecidedSettlement decided;
  decided.terms = settlement.terms_bytes;
  for (const core::Vote& vote : votes) {
    record.vote_hashes.push_back(core::VoteHash(vote));
    decided.votes.push_back(core::EncodeVote(vote));
  }
  decided.record = core::EncodeDecisionRecord(record);
  return decided;
}

core::DecidedSettlement TestBridge::Abort(const core::Hash256& settlement_id) const {
  core::DecisionRecord record;
  record.settlement_id = settlement_id;
  record.verdict = core::Verdict::kAbort;
  record.policy_hash = policy_.hash;
  record.decided = kStart;
  core::DecidedSettlement decided;
  decided.record = core::EncodeDecisionRecord(record);
  return decided;
}

core::DecisionBatch TestBridge::Make(std::vector<core::DecidedSettlement> decided) const {
  core::DecisionBatch batch;
  batch.number = batches_.size();
  batch.first_index = tree_.size();
  batch.time = kStart + core::Duration::FromHours(2);
  batch.decided = std::move(decided);
  return batch;
}

std::string TestBridge::Checkpoint() const {
  return SignedNote(origin(), tree_.size(), tree_.Root(), "bridge");
}

std::string TestBridge::Seal(core::DecisionBatch batch) {
  for (const core::DecidedSettlement& decided : batch.decided) {
    tree_.Append(core::LeafHash(decided.record));
    decided_.push_back(decided);
  }
  batch.checkpoint = Checkpoint();
  batches_.push_back(core::EncodeDecisionBatch(batch));
  return batches_.back();
}

const std::string& TestBridge::Write(std::vector<core::DecidedSettlement> decided) {
  Seal(Make(std::move(decided)));
  return batches_.back();
}

core::Item TestBridge::Completion(std::uint64_t index) const {
  const core::DecidedSettlement& decided = decided_[index];
  core::CompleteSettlement completion;
  core::Certificate& certificate = completion.certificate;
  certificate.record_bytes = decided.record;
  certificate.record = *core::DecodeDecisionRecord(decided.record);
  certificate.index = index;
  certificate.proof = *tree_.InclusionProof(index, tree_.size());
  certificate.checkpoint = Checkpoint();
  for (const std::string& vote : decided.votes) {
    certificate.votes.push_back(*core::DecodeVote(vote));
  }
  completion.settlement_id = certificate.record.settlement_id;
  return codec::MakeCompletionItem(codec::EncodeCompletion(completion));
}

TestCorridor::TestCorridor() : hkd("HK", "HKD"), thb("TH", "THB") {
  core::SettlementPolicy policy;
  policy.epoch = 1;
  policy.decision_log = *core::LedgerOrigin::Parse("bridge.example/decisions");
  policy.decision_log_key = KeyNamed("bridge")->public_key();
  for (const TestLedger* ledger : {&hkd, &thb}) {
    policy.ledgers.push_back(
        {ledger->genesis().ledger, ledger->genesis().hash, ledger->genesis().ledger_key});
  }
  policy_bytes = codec::EncodePolicy(policy);
  bridge = std::make_unique<TestBridge>(*codec::DecodePolicy(policy_bytes));
  Open(hkd);
  Open(thb);
}

void TestCorridor::NewEpoch() {
  core::SettlementPolicy policy = bridge->policy();
  ++policy.epoch;
  policy_bytes = codec::EncodePolicy(policy);
  bridge->SetPolicy(*codec::DecodePolicy(policy_bytes));
  for (TestLedger* ledger : {&hkd, &thb}) {
    ledger->Write({ledger->ByCentral(core::SetSettlementPolicy{bridge->policy(), false})});
  }
}

void TestCorridor::Open(TestLedger& ledger) {
  std::vector<core::Item> items;
  std::vector<core::Item> issues;
  for (const char* bank : {"ALPHA", "BETA"}) {
    core::RegisterParticipant registration;
    registration.participant = *core::ParticipantId::Parse(bank);
    registration.role = core::Role::kCommercialBank;
    registration.country = *core::Country::Parse("HK");
    registration.keys = {KeyNamed(bank)->public_key()};
    items.push_back(ledger.ByCentral(registration));
    core::OpenAccount account;
    account.address = ledger.Address(bank);
    account.owner = registration.participant;
    account.purpose = core::AccountPurpose::kSettlement;
    items.push_back(ledger.ByCentral(account));
    issues.push_back(ledger.ByCentral(
        core::Issue{ledger.Address(bank), ledger.Money(100'000), std::string("RTGS-") + bank}));
  }
  items.push_back(
      ledger.ByCentral(core::SetDayPhase{ledger.genesis().business_date, core::DayPhase::kOpen}));
  items.push_back(ledger.ByCentral(core::SetSettlementPolicy{bridge->policy(), false}));
  ledger.Write(std::move(items));
  ledger.Write(std::move(issues));
}

TestSettlement TestCorridor::Propose(std::int64_t hkd_minor, std::int64_t thb_minor) {
  const int number = ++settlements_;
  const auto leg_of = [&](const TestLedger& ledger, const char* from, const char* to,
                          std::int64_t minor) {
    core::Leg leg;
    leg.salt = std::string(16, static_cast<char>('a' + number));
    leg.ledger = ledger.genesis().ledger;
    leg.party = *core::ParticipantId::Parse(from);
    leg.id = *core::InstructionId::Parse("LEG-" + std::to_string(number));
    leg.uetr = SomeUetr(number);
    leg.debtor = ledger.Address(from);
    leg.creditor = ledger.Address(to);
    leg.amount = ledger.Money(minor);
    return leg;
  };
  const std::vector<core::Leg> legs = {leg_of(hkd, "ALPHA", "BETA", hkd_minor),
                                       leg_of(thb, "BETA", "ALPHA", thb_minor)};
  const std::vector<std::string> leg_bytes = {codec::EncodeLeg(legs[0]), codec::EncodeLeg(legs[1])};
  core::TermsHeader terms;
  terms.policy_hash = bridge->policy().hash;
  terms.deadline = kStart + core::Duration::FromHours(1);
  terms.ledgers = {{hkd.genesis().ledger, 1}, {thb.genesis().ledger, 1}};
  terms.legs_root = core::LegsRoot(leg_bytes);
  terms.nonce = std::string(16, static_cast<char>(number));

  TestSettlement settlement;
  settlement.terms_bytes = codec::EncodeTerms(terms);
  settlement.terms = *codec::DecodeTerms(settlement.terms_bytes);
  settlement.id = core::SettlementIdOf(settlement.terms_bytes);
  const auto alpha = KeyNamed("ALPHA");
  const auto beta = KeyNamed("BETA");
  const std::vector<const core::Signer*> payers = {alpha.get(), beta.get()};
  const core::Envelope envelope =
      *core::SignEnvelope(core::kTermsPayloadType, settlement.terms_bytes, payers);
  const auto prepare_of = [&](std::uint32_t index) {
    core::ProvenLeg leg;
    leg.bytes = leg_bytes[index];
    leg.leg = legs[index];
    leg.index = index;
    leg.proof = core::LegProof(leg_bytes, index);
    return codec::MakePrepareItem(envelope, {leg});
  };
  settlement.prepare_hkd = prepare_of(0);
  settlement.prepare_thb = prepare_of(1);
  return settlement;
}

TestSettlement TestCorridor::ProposeList(const std::vector<std::int64_t>& hkd_minor,
                                         const std::vector<std::int64_t>& thb_minor) {
  const int number = ++settlements_;
  const auto part_of = [&](const TestLedger& ledger, const char* from, const char* to,
                           const std::vector<std::int64_t>& amounts) {
    std::vector<core::BulkPayment> legs;
    for (const std::int64_t minor : amounts) {
      core::BulkPayment& leg = legs.emplace_back();
      const core::AccountState* debtor = ledger.ledger().FindAccount(ledger.Address(from));
      const core::AccountState* creditor = ledger.ledger().FindAccount(ledger.Address(to));
      leg.debtor = {debtor->number, debtor->check};
      leg.creditor = {creditor->number, creditor->check};
      leg.amount = core::Amount::FromMinor(minor);
      leg.id[0] = static_cast<std::uint8_t>(number);
      leg.id[1] = static_cast<std::uint8_t>(legs.size());
      leg.uetr = SomeUetr(number);
    }
    return core::EncodeListPart(std::string(16, static_cast<char>('a' + number)), legs);
  };
  const std::string parts[] = {part_of(hkd, "ALPHA", "BETA", hkd_minor),
                               part_of(thb, "BETA", "ALPHA", thb_minor)};
  const auto count = static_cast<std::uint32_t>(hkd_minor.size());
  const core::TermsHeader terms{
      .policy_hash = bridge->policy().hash,
      .deadline = kStart + core::Duration::FromHours(1),
      .ledgers = {{hkd.genesis().ledger, count}, {thb.genesis().ledger, count}},
      .nonce = std::string(16, static_cast<char>(number)),
      .list_count = count,
      .parts = {{*core::ParticipantId::Parse("ALPHA"), core::ListPartHash(parts[0])},
                {*core::ParticipantId::Parse("BETA"), core::ListPartHash(parts[1])}}};
  TestSettlement settlement;
  settlement.terms_bytes = codec::EncodeTerms(terms);
  settlement.terms = *codec::DecodeTerms(settlement.terms_bytes);
  settlement.id = settlement.terms.settlement_id;
  const auto alpha = KeyNamed("ALPHA");
  const auto beta = KeyNamed("BETA");
  const std::vector<const core::Signer*> payers = {alpha.get(), beta.get()};
  const core::Envelope envelope =
      *core::SignEnvelope(core::kSettlementListPayloadType, settlement.terms_bytes, payers);
  settlement.prepare_hkd = codec::MakePrepareItem(envelope, parts[0]);
  settlement.prepare_thb = codec::MakePrepareItem(envelope, parts[1]);
  return settlement;
}

std::vector<core::Vote> TestCorridor::Votes(const TestSettlement& settlement) const {
  std::vector<core::Vote> votes;
  for (const TestLedger* ledger : {&hkd, &thb}) {
    const core::SettlementState* state = ledger->ledger().FindSettlement(settlement.id);
    CW_CHECK(state != nullptr, "the settlement is prepared");
    const std::vector<core::Hold> holds = {
        {settlement.id, state->hold,
         state->list == nullptr ? core::PositionSet() : state->list->held}};
    votes.push_back(core::SignVotes(ledger->genesis().ledger, ledger->genesis().hash, holds,
                                    *KeyNamed(ledger->key()))
                        ->front());
  }
  return votes;
}

TestSettlement TestCorridor::Settle(std::int64_t hkd_minor, std::int64_t thb_minor) {
  return Settle(Propose(hkd_minor, thb_minor));
}

TestSettlement TestCorridor::Settle(TestSettlement settlement) {
  hkd.Write({settlement.prepare_hkd});
  thb.Write({settlement.prepare_thb});
  bridge->Write({bridge->Commit(settlement, Votes(settlement))});
  const std::uint64_t index = bridge->tree().size() - 1;
  hkd.Write({bridge->Completion(index)});
  thb.Write({bridge->Completion(index)});
  return settlement;
}

}  // namespace causeway::observer
