#include <algorithm>

#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {

// Runs one optimisation now, and what it made room for.
Settled Engine::State::Run(std::uint32_t index, Effects& effects) {
  const Optimisation& optimisation = rules.optimisations[index];
  if (queued_count == 0) return {};
  Settled settled;
  switch (optimisation.algorithm) {
    case Algorithm::kNone:
      return {};
    case Algorithm::kBilateral:
      settled = RunBilateral(effects);
      break;
    case Algorithm::kBilateralSingle:
      settled = RunBilateralSingle(optimisation, effects);
      break;
    case Algorithm::kBechSoramaki:
    case Algorithm::kPartial:
      settled = RunBechSoramaki({Cause::kMultilateralRun, optimisation.algorithm}, effects);
      break;
    case Algorithm::kAllOrNothing:
      settled = RunAllOrNothing(effects);
      break;
    case Algorithm::kMultiple:
      settled = RunMultiple(effects);
      break;
    case Algorithm::kCycle:
      settled = RunCycle(optimisation, effects);
      break;
    case Algorithm::kGreedy:
      settled = RunGreedy(effects);
      break;
    case Algorithm::kExact:
      settled = RunExact(optimisation, effects);
      break;
    case Algorithm::kDiagnose:
      effects.push_back(Effect{.time = now,
                               .kind = EffectKind::kDiagnosis,
                               .algorithm = Algorithm::kDiagnose,
                               .algorithm_version = kAlgorithmVersion,
                               .state = Diagnose(optimisation.exact_payments_max)});
      return {};
  }
  Retry(effects);
  effects.push_back(Effect{.time = now,
                           .amount = core::Amount::FromMinor(settled.value),
                           .payment = settled.count,
                           .kind = EffectKind::kRun,
                           .algorithm = optimisation.algorithm,
                           .algorithm_version = kAlgorithmVersion});
  return settled;
}

void Engine::State::FindNextDue() {
  next_due = core::LedgerTime::Max();
  for (const core::LedgerTime time : next_runs) next_due = std::min(next_due, time);
}

// Runs what is due at `next_due`, in the order of the list.
void Engine::State::RunDue(Effects& effects) {
  now = next_due;
  std::vector<bool> chosen(rules.optimisations.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    chosen[i] = next_runs[i] == now;
    if (chosen[i]) next_runs[i] = now + rules.optimisations[i].every;
  }
  RunChosen(chosen, effects);
  FindNextDue();
}

void Engine::State::RunChosen(const std::vector<bool>& chosen, Effects& effects) {
  // Whether the entry before ran now and settled something, or was passed over because the one
  // before it did: then those that wait for nothing to settle are passed over too.
  bool previous_settled = false;
  for (std::uint32_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i]) {
      previous_settled = false;
      continue;
    }
    if (rules.optimisations[i].only_if_previous_settled_nothing && previous_settled) continue;
    previous_settled = Run(i, effects).count > 0;
  }
}

void Engine::State::Advance(core::LedgerTime time, Effects& effects) {
  while (!closed && next_due <= time && next_due != core::LedgerTime::Max()) RunDue(effects);
  now = std::max(now, time);
}

}  // namespace causeway::liquidity
