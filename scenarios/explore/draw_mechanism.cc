#include "scenarios/explore/draw_mechanism.h"

#include <string>

#include "fmt/format.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

using causeway::v1::MechanismSpec;
using causeway::v1::Scenario;
using core::RandomStream;

constexpr char kValueCurrency[] = "EUR";

std::uint32_t Between(RandomStream& random, std::int64_t low, std::int64_t high) {
  return static_cast<std::uint32_t>(random.UniformInRange(low, high));
}

// Cycles and sessions begin while drawn traffic and faults go on: the first so many seconds after
// the opening, each of the others so many after the end of the one before.
template <typename Add>
void DrawTimes(RandomStream& random, std::int64_t opens_millis, std::uint32_t length_s,
               std::uint32_t count_max, const Add& add) {
  std::int64_t seconds = opens_millis / 1000 + Between(random, 15, 50);
  const std::uint32_t count = Between(random, 1, count_max);
  for (std::uint32_t i = 0; i < count; ++i) {
    add(fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    seconds += length_s + Between(random, 5, 60);
  }
}

void DrawHtlc(RandomStream& random, causeway::v1::HtlcSpec& htlc) {
  htlc.set_second_timeout_s(Between(random, 10, 60));
  htlc.set_claim_margin_s(Between(random, 2, 20));
  htlc.set_first_timeout_s(htlc.second_timeout_s() + htlc.claim_margin_s() +
                           Between(random, 0, 40));
}

void DrawCls(RandomStream& random, std::int64_t opens_millis, causeway::v1::ClsSpec& cls) {
  cls.set_session_length_s(Between(random, 20, 100));
  DrawTimes(random, opens_millis, cls.session_length_s(), 3,
            [&cls](std::string time) { cls.add_sessions(std::move(time)); });
  const std::uint32_t instalments = Between(random, 1, 3);
  for (std::uint32_t i = 0; i < instalments; ++i) {
    causeway::v1::InstalmentSpec* instalment = cls.add_instalments();
    instalment->set_after_s(i * cls.session_length_s() / 4);
    instalment->set_percent(100 * (i + 1) / instalments);
  }
  cls.set_haircut_per_mille(Between(random, 0, 100));
  cls.set_short_limit(fmt::format("{}.00", Between(random, 10, 1'000)));
  cls.set_short_limit_all(fmt::format("{}.00", Between(random, 10, 2'000)));
}

void DrawQueue(RandomStream& random, causeway::v1::SettlementQueueSpec& queue) {
  queue.set_every_s(Between(random, 3, 30));
  queue.set_selection(static_cast<causeway::v1::SettlementSelection>(Between(random, 1, 4)));
  queue.set_answer_timeout_s(Between(random, 1, 15));
  if (random.Bernoulli(1, 2)) queue.set_wait_max_s(Between(random, 10, 200));
  queue.set_exact_max(Between(random, 2, 10));
  queue.set_bypass(random.Bernoulli(1, 2));
}

void AddRates(Scenario& scenario) {
  scenario.mutable_reference_rates()->set_value_currency(kValueCurrency);
  for (const causeway::v1::LedgerSpec& ledger : scenario.ledgers()) {
    if (ledger.currency() == kValueCurrency) continue;
    causeway::v1::ReferenceRate* rate = scenario.mutable_reference_rates()->add_rates();
    rate->set_currency(ledger.currency());
    rate->set_rate(ledger.currency() == "JPY" ? "160" : "1.1");
  }
}

}  // namespace

void DrawMechanism(std::uint64_t seed, const std::vector<causeway::v1::Mechanism>& mechanisms,
                   std::int64_t opens_millis, Scenario& scenario) {
  RandomStream random(seed, "draw/mechanism");
  scenario.set_mechanism(mechanisms[random.Uniform(mechanisms.size())]);
  AddRates(scenario);
  MechanismSpec& terms = *scenario.mutable_mechanism_terms();
  switch (scenario.mechanism()) {
    case causeway::v1::MECHANISM_HTLC:
      DrawHtlc(random, *terms.mutable_htlc());
      return;
    case causeway::v1::MECHANISM_SHARED_LEDGER:
      terms.mutable_shared_ledger()->set_matching_timeout_s(Between(random, 3, 60));
      return;
    case causeway::v1::MECHANISM_NETTING_CYCLE:
      terms.mutable_netting_cycle()->set_signing_timeout_s(Between(random, 2, 30));
      DrawTimes(random, opens_millis, 0, 6, [&terms](std::string time) {
        terms.mutable_netting_cycle()->add_times(std::move(time));
      });
      break;
    case causeway::v1::MECHANISM_CLS_STYLE:
      DrawCls(random, opens_millis, *terms.mutable_cls_style());
      break;
    case causeway::v1::MECHANISM_SETTLEMENT_QUEUE:
      DrawQueue(random, *terms.mutable_settlement_queue());
      break;
    default:
      return;
  }
  terms.set_operator_(kDrawnOperator);
  causeway::v1::ParticipantSpec* participant = scenario.add_participants();
  participant->set_id(kDrawnOperator);
  participant->set_role(causeway::v1::ROLE_COMMERCIAL_BANK);
  participant->set_country(scenario.ledgers(0).country());
}

}  // namespace causeway::sim
