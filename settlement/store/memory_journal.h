// Journal in memory, for the simulator and tests. Its faults come with the fault model; until then
// everything appended is durable at once.
#ifndef CAUSEWAY_SETTLEMENT_STORE_MEMORY_JOURNAL_H_
#define CAUSEWAY_SETTLEMENT_STORE_MEMORY_JOURNAL_H_

#include <memory>

#include "settlement/store/journal.h"

namespace causeway::store {

std::unique_ptr<Journal> NewMemoryJournal(const JournalIdentity& identity);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_MEMORY_JOURNAL_H_
