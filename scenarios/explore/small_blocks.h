// Memory for processes that simulate one run after another on one thread. A run makes and frees
// millions of small objects, and takes a sixth of its time to do so when each goes through malloc.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_SMALL_BLOCKS_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_SMALL_BLOCKS_H_

namespace causeway::sim {

// From now on small objects of this process are made from blocks that it keeps for itself: one that
// is freed is the next of its size to be used, and none goes back to the system. For a process that
// has one thread and will have no more. Objects that were made before may be freed after. Of no
// effect in builds with sanitizers, which watch every object.
void UseSmallBlocks();

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_SMALL_BLOCKS_H_
