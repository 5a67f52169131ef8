#include "fx-bridge/engine/key_directory.h"

namespace causeway::bridge {

void StaticKeyDirectory::Add(const core::ParticipantId& participant, const core::PublicKey& key) {
  keys_.try_emplace(core::KeyIdOf(key), Holder{participant, key});
}

const core::PublicKey* StaticKeyDirectory::Find(const core::KeyId& key) const {
  const auto place = keys_.find(key);
  return place == keys_.end() ? nullptr : &place->second.key;
}

bool StaticKeyDirectory::SignsFor(const core::KeyId& key, const core::ParticipantId& participant,
                                  const core::LedgerOrigin&) const {
  const auto place = keys_.find(key);
  return place != keys_.end() && place->second.participant == participant;
}

}  // namespace causeway::bridge
