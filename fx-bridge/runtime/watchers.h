// Who waits for changes of which settlement. Belongs to the engine thread, so it needs no lock.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_WATCHERS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_WATCHERS_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "causeway/v1/bridge_service.pb.h"
#include "fx-bridge/engine/bridge_engine.h"

namespace causeway::bridge {

class Watcher {
 public:
  virtual ~Watcher() = default;
  // False when it wants no more: it is then forgotten.
  virtual bool Wants() const = 0;
  // Whether the views must have certificates.
  virtual bool WantsCertificate() const { return true; }
  // The view after a change, and whether it was the last.
  virtual void OnView(const v1::SettlementView& view, bool final) = 0;
  // No view will come any more: the bridge is stopping.
  virtual void OnEnd() = 0;
};

class Watchers {
 public:
  // At most `per_settlement_max` that want more watch one settlement; false when that many do.
  bool Add(const core::Hash256& id, std::shared_ptr<Watcher> watcher,
           std::size_t per_settlement_max) {
    std::vector<std::shared_ptr<Watcher>>& watching = watching_[id];
    ForgetDone(watching);
    if (watching.size() >= per_settlement_max) return false;
    watching.push_back(std::move(watcher));
    return true;
  }

  bool Watches(const core::Hash256& id) const { return watching_.contains(id); }

  // Of those that watch the settlement, whether one does.
  bool WantCertificate(const core::Hash256& id) const {
    const auto place = watching_.find(id);
    if (place == watching_.end()) return false;
    return std::any_of(place->second.begin(), place->second.end(),
                       [](const auto& watcher) { return watcher->WantsCertificate(); });
  }

  void Tell(const core::Hash256& id, const v1::SettlementView& view, bool final) {
    const auto place = watching_.find(id);
    if (place == watching_.end()) return;
    for (const std::shared_ptr<Watcher>& watcher : place->second) {
      if (watcher->Wants()) watcher->OnView(view, final);
    }
    ForgetDone(place->second);
    if (final || place->second.empty()) watching_.erase(place);
  }

  void EndAll() {
    for (const auto& [id, watching] : std::exchange(watching_, {})) {
      for (const std::shared_ptr<Watcher>& watcher : watching) watcher->OnEnd();
    }
  }

 private:
  static void ForgetDone(std::vector<std::shared_ptr<Watcher>>& watching) {
    std::erase_if(watching, [](const auto& watcher) { return !watcher->Wants(); });
  }

  std::map<core::Hash256, std::vector<std::shared_ptr<Watcher>>> watching_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_WATCHERS_H_
