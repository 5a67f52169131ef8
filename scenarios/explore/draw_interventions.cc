#include "scenarios/explore/draw_interventions.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

using causeway::v1::Scenario;
using causeway::v1::Step;
using core::RandomStream;

// Later than that a step would come after the cut-off of the drawn day.
constexpr std::int64_t kLatestMillis = 8 * 3600 * 1000 + 595'000;
constexpr std::uint32_t kNewWitnesses = 4;

// "08:00:15.250" as milliseconds.
std::int64_t MillisOf(const std::string& time) {
  const auto number = [&time](std::size_t at, std::size_t size) {
    return std::stoll(time.substr(at, size));
  };
  return ((number(0, 2) * 60 + number(3, 2)) * 60 + number(6, 2)) * 1000 + number(9, 3);
}

std::string TimeOf(std::int64_t millis) {
  return fmt::format("{:02}:{:02}:{:02}.{:03}", millis / 3'600'000, millis / 60'000 % 60,
                     millis / 1000 % 60, millis % 1000);
}

class Interventions {
 public:
  Interventions(std::uint64_t seed, std::int64_t begins_millis, std::int64_t traffic_millis,
                Scenario& scenario)
      : random_(seed, "draw/interventions"),
        begins_millis_(begins_millis),
        traffic_millis_(traffic_millis),
        scenario_(scenario) {
    for (const Step& step : scenario.steps()) {
      if (step.has_pvp() || step.has_swap()) settlements_.push_back(step);
    }
    for (const causeway::v1::ParticipantSpec& participant : scenario.participants()) {
      if (participant.role() == causeway::v1::ROLE_COMMERCIAL_BANK) {
        banks_.push_back(participant.id());
      }
    }
  }

  void Draw() {
    for (std::int64_t i = In(0, 8); i > 0; --i) AddOrder();
    for (std::int64_t i = In(0, 8); i > 0; --i) AddOverride();
    for (std::int64_t i = In(0, 3); i > 0; --i) AddRotation();
    for (std::int64_t i = In(0, 2); i > 0; --i) AddClosing();
    if (random_.Bernoulli(1, 4)) AddDefault();
    AddPolicies();
  }

 private:
  std::int64_t In(std::int64_t low, std::int64_t high) { return random_.UniformInRange(low, high); }
  std::int64_t AnyMillis() { return begins_millis_ + In(0, traffic_millis_); }
  const std::string& AnyBank() { return banks_[random_.Uniform(banks_.size())]; }
  const std::string& AnyCurrency() {
    return scenario_
        .ledgers(
            static_cast<int>(random_.Uniform(static_cast<std::uint64_t>(scenario_.ledgers_size()))))
        .currency();
  }
  static std::string Amount(const std::string& currency, std::int64_t minor) {
    if (currency == "JPY") return fmt::format("{}", minor);
    return fmt::format("{}.{:02}", minor / 100, minor % 100);
  }

  Step* Add(const char* kind, std::int64_t millis) {
    Step* step = scenario_.add_steps();
    step->set_id(fmt::format("{}-{}", kind, ++added_));
    step->set_date(settlements_.front().date());
    step->set_time(TimeOf(std::min(millis, kLatestMillis)));
    return step;
  }

  void AddOrder();
  void AddOverride();
  void AddRotation();
  void AddClosing();
  void AddDefault();
  void AddPolicies();
  void NameWitnesses(causeway::v1::PolicyStep* policy);

  RandomStream random_;
  std::int64_t begins_millis_;
  std::int64_t traffic_millis_;
  Scenario& scenario_;
  std::vector<Step> settlements_;
  std::vector<std::string> banks_;
  std::uint32_t added_ = 0;
  std::vector<std::string> rotated_;
};

// While the settlement is under way, for most: before it is handed in, held, decided, or complete.
void Interventions::AddOrder() {
  const Step& settles = settlements_[random_.Uniform(settlements_.size())];
  const std::int64_t window = random_.Bernoulli(1, 2) ? 200 : 3'000;
  causeway::v1::OrderAbortStep* order =
      Add("order", MillisOf(settles.time()) + In(0, window))->mutable_order_abort();
  order->set_step(settles.id());
  const bool sells = random_.Bernoulli(1, 2);
  if (random_.Bernoulli(1, 6)) {
    order->set_currency(AnyCurrency());
  } else if (settles.has_pvp()) {
    order->set_currency(sells ? settles.pvp().party_currency()
                              : settles.pvp().counterparty_currency());
  } else {
    order->set_currency(sells ? settles.swap().sell_currency() : settles.swap().buy_currency());
  }
  order->set_unrecorded(random_.Bernoulli(1, 6));
}

// From who has just begun to settle, for most, so that some of its money is held.
void Interventions::AddOverride() {
  const Step& settles = settlements_[random_.Uniform(settlements_.size())];
  const bool aims = settles.has_pvp() && random_.Bernoulli(3, 4);
  causeway::v1::OverrideStep* order =
      Add("override", aims ? MillisOf(settles.time()) + In(0, 1'500) : AnyMillis())
          ->mutable_override();
  const std::string from = aims ? settles.pvp().party() : AnyBank();
  const std::string currency = aims ? settles.pvp().party_currency() : AnyCurrency();
  const auto other = std::find_if(banks_.begin(), banks_.end(),
                                  [&](const std::string& bank) { return bank != from; });
  order->set_from(from);
  order->set_to(*other);
  order->set_currency(currency);
  order->set_amount(Amount(currency, In(1, random_.Bernoulli(1, 2) ? 5'000 : 100'000)));
  if (random_.Bernoulli(1, 8)) order->set_approvers(1);
}

// A new key, and the end of the old one a little later, or never.
void Interventions::AddRotation() {
  const std::string bank = AnyBank();
  if (std::find(rotated_.begin(), rotated_.end(), bank) != rotated_.end()) return;
  rotated_.push_back(bank);
  const std::int64_t millis = AnyMillis();
  causeway::v1::KeysStep* add = Add("keys", millis)->mutable_keys();
  add->set_participant(bank);
  add->set_add(2);
  if (random_.Bernoulli(1, 4)) add->set_currency(AnyCurrency());
  if (random_.Bernoulli(1, 4)) return;
  causeway::v1::KeysStep* revoke = Add("keys", millis + In(0, 5'000))->mutable_keys();
  revoke->set_participant(bank);
  revoke->set_revoke(1);
}

// After all that is available has been redeemed, for most.
void Interventions::AddClosing() {
  const std::string& bank = AnyBank();
  const std::string& currency = AnyCurrency();
  const std::int64_t millis = AnyMillis();
  if (random_.Bernoulli(3, 4)) {
    causeway::v1::RedeemStep* redeem = Add("empty", millis)->mutable_redeem();
    redeem->set_from(bank);
    redeem->set_currency(currency);
  }
  causeway::v1::CloseAccountStep* close =
      Add("closing", millis + In(100, 4'000))->mutable_close_account();
  close->set_participant(bank);
  close->set_currency(currency);
}

// And what it had under way is to be aborted.
void Interventions::AddDefault() {
  const std::string bank = AnyBank();
  const std::int64_t millis = AnyMillis();
  Add("fails", millis)->mutable_default_()->set_participant(bank);
  for (const Step& step : settlements_) {
    const bool of_bank = step.pvp().party() == bank || step.pvp().counterparty() == bank;
    const std::int64_t before = millis - MillisOf(step.time());
    if (!step.has_pvp() || !of_bank || before < 0 || before > 5'000) continue;
    causeway::v1::OrderAbortStep* order = Add("order", millis + In(0, 500))->mutable_order_abort();
    order->set_step(step.id());
    order->set_currency(step.pvp().party() == bank ? step.pvp().party_currency()
                                                   : step.pvp().counterparty_currency());
  }
}

void Interventions::AddPolicies() {
  std::int64_t millis = begins_millis_;
  const std::int64_t count = In(0, 2);
  for (std::int64_t i = 1; i <= count; ++i) {
    millis += In(0, traffic_millis_);
    causeway::v1::PolicyStep* policy = Add("policy", millis)->mutable_policy();
    policy->set_epoch(static_cast<std::uint32_t>(i + 1));
    policy->set_spread_ms(static_cast<std::uint32_t>(In(0, 4'000)));
    if (random_.Bernoulli(2, 3)) {
      policy->set_withdraw_after_ms(static_cast<std::uint32_t>(In(1, 8'000)));
    }
    NameWitnesses(policy);
  }
}

// As many as before of which as many are needed, some of them others; or the first there are. A
// faulty one of the first policy, of which that bears some, may stay.
void Interventions::NameWitnesses(causeway::v1::PolicyStep* policy) {
  const causeway::v1::BridgeSpec& bridge = scenario_.bridge();
  if (bridge.witnesses() == 0) {
    if (random_.Bernoulli(1, 2)) return;
    for (std::uint32_t i = 1; i <= kNewWitnesses; ++i) policy->add_witnesses(i);
    policy->set_witnesses_needed(3);
    policy->set_witnesses_faulty_max(1);
    return;
  }
  // The last so many of the first make place for new ones.
  const auto replaced = static_cast<std::uint32_t>(In(0, std::min(2U, bridge.witnesses())));
  for (std::uint32_t i = 1; i <= bridge.witnesses() - replaced; ++i) policy->add_witnesses(i);
  for (std::uint32_t i = 1; i <= replaced; ++i) policy->add_witnesses(bridge.witnesses() + i);
  policy->set_witnesses_needed(bridge.witnesses_needed());
  policy->set_witnesses_faulty_max(bridge.witnesses_faulty_max());
}

}  // namespace

void DrawInterventions(std::uint64_t seed, std::int64_t begins_millis, std::int64_t traffic_millis,
                       Scenario& scenario) {
  Interventions(seed, begins_millis, traffic_millis, scenario).Draw();
}

}  // namespace causeway::sim
