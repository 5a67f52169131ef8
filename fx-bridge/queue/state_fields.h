// The state of the settlement queue as bytes, and back: one list of fields for both, so that they
// cannot differ. Integers, enumerations, truths, times and amounts are 64 bits each; strings and
// what has a count begin with it. Only for snapshots, which a later version may refuse: nothing
// else reads them.
//
// A struct has a static member template `VisitState(archive, self)` that gives its fields to the
// archive, or a specialisation of StateFields where it is another module's.
#ifndef CAUSEWAY_FX_BRIDGE_QUEUE_STATE_FIELDS_H_
#define CAUSEWAY_FX_BRIDGE_QUEUE_STATE_FIELDS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fx-bridge/queue/net_settlement.h"
#include "fx-bridge/queue/rules.h"
#include "settlement/core/amount.h"
#include "settlement/core/bytes.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::fx_queue {

template <typename T>
struct StateFields {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    T::VisitState(archive, self);
  }
};
template <>
struct StateFields<Trade> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.party, self.counterparty, self.party_ledger, self.counterparty_ledger,
            self.party_amount, self.counterparty_amount);
  }
};
template <>
struct StateFields<NetLeg> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.ledger, self.from, self.to, self.amount);
  }
};
template <>
struct StateFields<NetAttempt> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.number, self.began, self.trades, self.legs, self.payers, self.signatures,
            self.submitted, self.run);
  }
};
template <>
struct StateFields<QueueRules> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.every, self.selection, self.bypass, self.answer_timeout, self.wait_max,
            self.exact_max);
  }
};
template <>
struct StateFields<core::Signature> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.key_id, self.signature);
  }
};
template <>
struct StateFields<core::Rejection> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.outcome, self.actual, self.required, self.rule, self.message);
  }
};

class StateWriter {
 public:
  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (Put(fields), ...);
  }
  std::string Take() && { return std::move(out_).Take(); }

 private:
  template <typename T>
  void Put(const T& value) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      out_.U64(static_cast<std::uint64_t>(value));
    } else {
      StateFields<T>::Visit(*this, value);
    }
  }
  void Put(const core::LedgerTime& time) { out_.I64(time.micros()); }
  void Put(const core::Duration& duration) { out_.I64(duration.micros()); }
  void Put(const core::Amount& amount) { out_.I64(amount.minor()); }
  void Put(const core::Hash256& hash) { out_.Hash(hash); }
  void Put(const std::string& text) { out_.Sized(text); }
  template <typename T, typename U>
  void Put(const std::pair<T, U>& pair) {
    (*this)(pair.first, pair.second);
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    PutAll(values);
  }
  template <typename T>
  void Put(const std::deque<T>& values) {
    PutAll(values);
  }
  template <typename T>
  void Put(const std::set<T>& values) {
    PutAll(values);
  }
  template <typename T, typename U>
  void Put(const std::map<T, U>& values) {
    PutAll(values);
  }
  template <typename Values>
  void PutAll(const Values& values) {
    out_.U64(values.size());
    for (const auto& value : values) Put(value);
  }

  core::Writer out_;
};

// What cannot be read makes ok() false and leaves the rest as it was.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : in_(bytes) {}

  template <typename... Fields>
  void operator()(Fields&... fields) {
    (Get(fields), ...);
  }
  bool ok() const { return in_.ok(); }
  bool Done() const { return in_.Done(); }
  void Fail() { in_.Fail(); }

 private:
  template <typename T>
  void Get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const std::uint64_t read = in_.U64();
      if (read > 1) in_.Fail();
      value = read == 1;
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      const std::uint64_t read = in_.U64();
      value = static_cast<T>(read);
      if (static_cast<std::uint64_t>(value) != read) in_.Fail();
    } else {
      StateFields<T>::Visit(*this, value);
    }
  }
  void Get(core::LedgerTime& time) { time = core::LedgerTime::FromMicros(in_.I64()); }
  void Get(core::Duration& duration) { duration = core::Duration::FromMicros(in_.I64()); }
  void Get(core::Amount& amount) { amount = core::Amount::FromMinor(in_.I64()); }
  void Get(core::Hash256& hash) { hash = in_.Hash(); }
  void Get(std::string& text) { text = in_.Sized(); }
  template <typename T, typename U>
  void Get(std::pair<T, U>& pair) {
    (*this)(pair.first, pair.second);
  }
  template <typename T>
  void Get(std::optional<T>& value) {
    bool has_value = false;
    Get(has_value);
    value.reset();
    if (!has_value) return;
    T inner{};
    Get(inner);
    value = std::move(inner);
  }
  template <typename T>
  void Get(std::vector<T>& values) {
    GetAll<T>([&](T value) { values.push_back(std::move(value)); });
  }
  template <typename T>
  void Get(std::deque<T>& values) {
    GetAll<T>([&](T value) { values.push_back(std::move(value)); });
  }
  template <typename T>
  void Get(std::set<T>& values) {
    GetAll<T>([&](T value) {
      if (!values.insert(std::move(value)).second) in_.Fail();
    });
  }
  template <typename T, typename U>
  void Get(std::map<T, U>& values) {
    GetAll<std::pair<T, U>>([&](std::pair<T, U> value) {
      if (!values.insert(std::move(value)).second) in_.Fail();
    });
  }
  template <typename T, typename Add>
  void GetAll(Add add) {
    const std::uint64_t count = in_.U64();
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      T value{};
      Get(value);
      if (in_.ok()) add(std::move(value));
    }
  }

  core::Reader in_;
};

}  // namespace causeway::fx_queue

#endif  // CAUSEWAY_FX_BRIDGE_QUEUE_STATE_FIELDS_H_
