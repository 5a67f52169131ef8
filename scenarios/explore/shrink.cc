#include "scenarios/explore/shrink.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace causeway::sim {
namespace {

using causeway::v1::Scenario;

template <typename List>
void Cut(List* list, int begin, int count) {
  list->DeleteSubrange(begin, count);
}

// Faults of clients, and orders to abort, whose step is gone go with it.
void DropOrphans(Scenario& scenario) {
  std::set<std::string> steps;
  for (const causeway::v1::Step& step : scenario.steps()) steps.insert(step.id());
  for (int i = scenario.steps_size() - 1; i >= 0; --i) {
    const causeway::v1::Step& step = scenario.steps(i);
    if (step.has_order_abort() && !steps.contains(step.order_abort().step())) {
      Cut(scenario.mutable_steps(), i, 1);
    }
  }
  for (int i = scenario.faults_size() - 1; i >= 0; --i) {
    const causeway::v1::Fault& fault = scenario.faults(i);
    if (fault.has_client() && !steps.contains(fault.client().step())) {
      Cut(scenario.mutable_faults(), i, 1);
    }
  }
}

bool IsNamed(const Scenario& scenario, const std::string& participant) {
  for (const causeway::v1::Step& step : scenario.steps()) {
    for (const std::string* name :
         {&step.pay().from(), &step.pay().to(), &step.swap().taker(), &step.swap().payee(),
          &step.pvp().party(), &step.pvp().counterparty(), &step.issue().to(),
          &step.redeem().from(), &step.freeze().participant(), &step.override().from(),
          &step.override().to(), &step.keys().participant(), &step.close_account().participant(),
          &step.default_().participant()}) {
      if (*name == participant) return true;
    }
  }
  if (scenario.mechanism_terms().operator_() == participant) return true;
  for (const causeway::v1::FxProviderSpec& provider : scenario.fx_providers()) {
    if (provider.participant() == participant) return true;
  }
  std::string faults;
  for (const causeway::v1::Fault& fault : scenario.faults()) faults += fault.ShortDebugString();
  return faults.find('"' + participant + '"') != std::string::npos;
}

class Shrinker {
 public:
  Shrinker(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
           std::uint32_t attempts_max)
      : fails_(fails), attempts_max_(attempts_max) {
    best_.scenario = std::move(scenario);
  }

  Shrunk Run() {
    for (bool smaller = true; smaller;) {
      smaller = false;
      smaller |= CutChunks([](Scenario& scenario) { return scenario.mutable_faults(); });
      smaller |= CutChunks([](Scenario& scenario) { return scenario.mutable_steps(); });
      smaller |= Simplify();
    }
    return std::move(best_);
  }

 private:
  bool Try(Scenario candidate) {
    if (best_.attempts >= attempts_max_) return false;
    ++best_.attempts;
    DropOrphans(candidate);
    if (!fails_(candidate)) return false;
    best_.scenario = std::move(candidate);
    return true;
  }

  // Halves, quarters, ... and single ones.
  template <typename ListOf>
  bool CutChunks(const ListOf& list_of) {
    bool smaller = false;
    for (int chunk = std::max(1, list_of(best_.scenario)->size() / 2); chunk > 0; chunk /= 2) {
      for (int at = 0; at < list_of(best_.scenario)->size();) {
        Scenario candidate = best_.scenario;
        const int count = std::min(chunk, list_of(candidate)->size() - at);
        Cut(list_of(candidate), at, count);
        if (Try(std::move(candidate))) {
          smaller = true;
        } else {
          at += count;
        }
      }
    }
    return smaller;
  }

  bool Simplify() {
    bool smaller = false;
    for (int i = 0; i < best_.scenario.faults_size(); ++i) {
      Scenario candidate = best_.scenario;
      causeway::v1::CrashFault* crash = candidate.mutable_faults(i)->has_crash()
                                            ? candidate.mutable_faults(i)->mutable_crash()
                                            : nullptr;
      if (crash == nullptr || crash->times() <= 1) continue;
      crash->set_times(crash->times() / 2);
      smaller |= Try(std::move(candidate));
    }
    for (int i = 0; i < best_.scenario.steps_size(); ++i) {
      if (!best_.scenario.steps(i).pvp().sign_apart()) continue;
      Scenario candidate = best_.scenario;
      candidate.mutable_steps(i)->mutable_pvp()->clear_sign_apart();
      smaller |= Try(std::move(candidate));
    }
    for (int i = best_.scenario.participants_size() - 1; i >= 0; --i) {
      if (IsNamed(best_.scenario, best_.scenario.participants(i).id())) continue;
      Scenario candidate = best_.scenario;
      Cut(candidate.mutable_participants(), i, 1);
      smaller |= Try(std::move(candidate));
    }
    return smaller;
  }

  const std::function<bool(const Scenario&)>& fails_;
  std::uint32_t attempts_max_;
  Shrunk best_;
};

}  // namespace

Shrunk Shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
              std::uint32_t attempts_max) {
  return Shrinker(std::move(scenario), fails, attempts_max).Run();
}

std::string ToText(const Scenario& scenario, const std::string& comment) {
  std::string text;
  for (std::size_t at = 0; at < comment.size();) {
    const std::size_t end = std::min(comment.find('\n', at), comment.size());
    text += "# " + comment.substr(at, end - at) + "\n";
    at = end + 1;
  }
  std::string body;
  google::protobuf::TextFormat::PrintToString(scenario, &body);
  return text + "\n" + body;
}

}  // namespace causeway::sim
