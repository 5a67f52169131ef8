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
  // Whether the entry before ran now and settled something, or was passed over because the one
  // before it did: then those that wait for nothing to settle are passed over too.
  bool previous_settled = false;
  for (std::uint32_t i = 0; i < rules.optimisations.size(); ++i) {
    const Optimisation& optimisation = rules.optimisations[i];
    if (next_runs[i] != now) {
      previous_settled = false;
      continue;
    }
    next_runs[i] = now + optimisation.every;
    if (optimisation.only_if_previous_settled_nothing && previous_settled) continue;
    previous_settled = Run(i, effects).count > 0;
  }
  FindNextDue();
}

void Engine::State::Advance(core::LedgerTime time, Effects& effects) {
  while (!closed && next_due <= time && next_due != core::LedgerTime::Max()) RunDue(effects);
  now = std::max(now, time);
}

}  // namespace causeway::liquidity
