#include "fx-bridge/engine/kept_orders.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "fmt/format.h"

namespace causeway::bridge {
namespace {

constexpr std::uint8_t kOrdersVersion = 1;

std::string OrderedKey(const core::Hash256& id) { return kOrderedPrefix + id.ToHex(); }

std::optional<core::Hash256> ParseOrderedKey(std::string_view key) {
  constexpr std::string_view kPrefix = kOrderedPrefix;
  if (!key.starts_with(kPrefix)) return std::nullopt;
  std::optional<core::Hash256> id = core::Hash256::FromHex(key.substr(kPrefix.size()));
  if (!id.has_value() || OrderedKey(*id) != key) return std::nullopt;
  return id;
}

std::string EncodeOrders(const std::vector<ProvenOrder>& orders) {
  core::Writer writer;
  writer.U8(kOrdersVersion).U32(static_cast<std::uint32_t>(orders.size()));
  for (const ProvenOrder& order : orders) {
    writer.Sized(order.ledger.text()).Hash(order.key).U64(order.entry_index);
  }
  return std::move(writer).Take();
}

std::optional<std::vector<ProvenOrder>> DecodeOrders(std::string_view bytes) {
  core::Reader reader(bytes);
  if (reader.U8() != kOrdersVersion) return std::nullopt;
  const std::uint32_t count = reader.U32();
  std::vector<ProvenOrder> orders;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const absl::StatusOr<core::LedgerOrigin> ledger = core::LedgerOrigin::Parse(reader.Sized());
    if (!ledger.ok()) return std::nullopt;
    ProvenOrder order{.ledger = *ledger};
    order.key = reader.Hash();
    order.entry_index = reader.U64();
    orders.push_back(std::move(order));
  }
  if (!reader.Done() || orders.empty()) return std::nullopt;
  return orders;
}

}  // namespace

bool KeptOrders::Keep(const core::Hash256& id, const ProvenOrder& order) {
  const auto found = orders_.find(id);
  if (found != orders_.end() &&
      std::find(found->second.begin(), found->second.end(), order) != found->second.end()) {
    return true;
  }
  std::size_t& count = count_of_[order.ledger];
  if (count >= kKeptOrdersPerLedgerMax) return false;
  ++count;
  orders_[id].push_back(order);
  unsaved_.insert(id);
  return true;
}

const std::vector<ProvenOrder>* KeptOrders::Find(const core::Hash256& id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

void KeptOrders::Remove(const core::Hash256& id) {
  const auto found = orders_.find(id);
  if (found == orders_.end()) return;
  for (const ProvenOrder& order : found->second) --count_of_[order.ledger];
  orders_.erase(found);
  unsaved_.insert(id);
}

std::vector<store::MetaWrite> KeptOrders::TakeMeta() {
  std::vector<store::MetaWrite> meta;
  for (const core::Hash256& id : unsaved_) {
    if (const std::vector<ProvenOrder>* orders = Find(id); orders != nullptr) {
      meta.push_back({OrderedKey(id), EncodeOrders(*orders)});
      saved_.insert(id);
    } else if (saved_.erase(id) > 0) {
      meta.push_back({OrderedKey(id), std::nullopt});
    }
  }
  unsaved_.clear();
  return meta;
}

absl::Status KeptOrders::Restore(std::string_view key, std::string_view value) {
  const std::optional<core::Hash256> id = ParseOrderedKey(key);
  std::optional<std::vector<ProvenOrder>> orders = DecodeOrders(value);
  if (!id.has_value() || !orders.has_value()) {
    return absl::DataLossError(fmt::format("decision log: \"{}\" holds no orders to abort", key));
  }
  for (const ProvenOrder& order : *orders) ++count_of_[order.ledger];
  orders_.emplace(*id, *std::move(orders));
  saved_.insert(*id);
  return absl::OkStatus();
}

}  // namespace causeway::bridge
