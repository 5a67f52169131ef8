// Which ids the payments of a table have.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PAYMENT_IDS_H_
#define CAUSEWAY_SCENARIOS_STUDY_PAYMENT_IDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "scenarios/study/input.h"

namespace causeway::study {

// The ids of the payments of a table, those of faulty rows too: a change that names one is no fault
// of its own. A million ids are kept once, in the column of them.
class PaymentIds {
 public:
  // Notes the one last appended to `column`, which must outlive this; false when it is there
  // already.
  bool AddLast(const TextColumn& column) {
    if (!places_) places_.emplace(0, Hash{&column}, Equal{&column});
    const auto last = static_cast<std::uint32_t>(column.size() - 1);
    return faulty_.count(std::string(column[last])) == 0 && places_->insert(last).second;
  }
  // False when it is there already.
  bool AddFaulty(std::string_view id) {
    return !Contains(id) && faulty_.insert(std::string(id)).second;
  }
  bool Contains(std::string_view id) const {
    return (places_ && places_->find(id) != places_->end()) || faulty_.count(std::string(id)) > 0;
  }

 private:
  struct Hash {
    using is_transparent = void;
    const TextColumn* column;
    std::size_t operator()(std::string_view id) const {
      return absl::Hash<absl::string_view>()({id.data(), id.size()});
    }
    std::size_t operator()(std::uint32_t place) const { return (*this)((*column)[place]); }
  };
  struct Equal {
    using is_transparent = void;
    const TextColumn* column;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return (*column)[a] == (*column)[b]; }
    bool operator()(std::uint32_t a, std::string_view id) const { return (*column)[a] == id; }
  };
  std::optional<absl::flat_hash_set<std::uint32_t, Hash, Equal>> places_;
  absl::flat_hash_set<std::string> faulty_;
};

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PAYMENT_IDS_H_
