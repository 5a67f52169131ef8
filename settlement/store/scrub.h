// What a scrub is: reading all that lies on the disk, slowly, so that damage is told while there
// are still copies of what is damaged, and not when somebody happens to read it.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SCRUB_H_
#define CAUSEWAY_SETTLEMENT_STORE_SCRUB_H_

#include <cstddef>
#include <functional>
#include <string>

namespace causeway::store {

// How whoever scrubs asks and tells. Both are called on the thread that scrubs.
struct ScrubContext {
  // Before so many bytes are read: returns when their turn has come. True: the scrub is to end.
  std::function<bool(std::size_t bytes)> pace;
  // Something is damaged or cannot be read: the file, the place in it, and what is wrong.
  std::function<void(std::string damage)> damaged;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SCRUB_H_
