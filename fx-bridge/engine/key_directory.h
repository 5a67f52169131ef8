// Whose keys the bridge takes signatures from. Ledgers check every payer's signature themselves
// when they prepare; the bridge needs to know keys only to see who has signed already and to turn
// wrong signatures away early.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_KEY_DIRECTORY_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_KEY_DIRECTORY_H_

#include "absl/container/btree_map.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"

namespace causeway::bridge {

class KeyDirectory {
 public:
  virtual ~KeyDirectory() = default;

  // The key with that id, or null when nobody here has it. Valid until the directory changes.
  virtual const core::PublicKey* Find(const core::KeyId& key) const = 0;
  // Whether `key` signs for `participant` on `ledger`.
  virtual bool SignsFor(const core::KeyId& key, const core::ParticipantId& participant,
                        const core::LedgerOrigin& ledger) const = 0;
};

// Keys that count on every ledger alike. Thread-compatible; not changed while the engine uses it
// from another thread.
class StaticKeyDirectory final : public KeyDirectory {
 public:
  // A key belongs to one participant: the first that it is added for.
  void Add(const core::ParticipantId& participant, const core::PublicKey& key);

  const core::PublicKey* Find(const core::KeyId& key) const override;
  bool SignsFor(const core::KeyId& key, const core::ParticipantId& participant,
                const core::LedgerOrigin& ledger) const override;

 private:
  struct Holder {
    core::ParticipantId participant;
    core::PublicKey key;
  };
  absl::btree_map<core::KeyId, Holder> keys_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_KEY_DIRECTORY_H_
