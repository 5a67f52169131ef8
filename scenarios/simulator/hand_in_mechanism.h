// A mechanism whose parties hand their trades in somewhere and are told there how they ended: what
// the parties do, whoever it is that they hand in to.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_HAND_IN_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_HAND_IN_MECHANISM_H_

#include <map>

#include "scenarios/simulator/mechanism.h"

namespace causeway::sim {

class HandInMechanism : public Mechanism {
 public:
  void Settle(ActionIndex action, Done done) final;

 protected:
  explicit HandInMechanism(World& world) : world_(world) {}

  // Where trades are handed in.
  virtual NodeIndex desk() const = 0;
  // A message of that party arrives there.
  virtual void Arrive(ActionIndex action, ParticipantIndex by) = 0;
  // Whether that side of a trade says anything.
  virtual bool HandsIn(ActionIndex action, bool counterparty) const {
    return !Withholds(world_.plan, action, counterparty);
  }
  // The desk knows how a trade ended, and tells both parties: each time that it is asked.
  void Tell(ActionIndex trade, const core::Rejection& outcome);

  World& world_;

 private:
  struct Open {
    Done done;
    core::LedgerTime started;
  };

  // Hands in the trade, and again until its end is known.
  void HandIn(ActionIndex action, ParticipantIndex by);
  void OnTold(ActionIndex trade, const core::Rejection& outcome);

  std::map<ActionIndex, Open> open_;
  std::map<ActionIndex, core::Outcome> told_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_HAND_IN_MECHANISM_H_
