// Journal in memory, for tests and benchmarks: everything appended is durable at once. The
// simulator has a disk with faults of its own (scenarios/simulator/virtual_disk.h).
#ifndef CAUSEWAY_SETTLEMENT_STORE_MEMORY_JOURNAL_H_
#define CAUSEWAY_SETTLEMENT_STORE_MEMORY_JOURNAL_H_

#include <memory>

#include "settlement/store/journal.h"

namespace causeway::store {

std::unique_ptr<Journal> NewMemoryJournal(const JournalIdentity& identity);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_MEMORY_JOURNAL_H_
