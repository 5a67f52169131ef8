#include "observer/verifier/reference_watch.h"

#include <cstring>

#include "fmt/format.h"
#include "settlement/core/hash.h"
#include "settlement/core/quote.h"

namespace causeway::observer {
namespace {

bool IsRedemption(const ReferenceUse& use) {
  return use.instruction.kind == core::ActionKind::kRedeem;
}

}  // namespace

std::string Describe(const RepeatedReference& repeated) {
  const ReferenceUse& use = repeated.use;
  return fmt::format(
      "{} {} of {}: {} {} {} {}, under the RTGS reference {}, which entry {} named before",
      core::ActionKindName(use.instruction.kind), use.instruction.id.text(),
      use.instruction.party.text(),
      core::FormatAmount(use.amount.amount, use.amount.currency.minor_digits()),
      use.amount.currency.code(), IsRedemption(use) ? "from" : "to", use.account.ToString(),
      core::Quoted(use.reference), repeated.first_entry_index);
}

ReferenceWatch::Key ReferenceWatch::KeyOf(const ReferenceUse& use) {
  const core::Hash256 hash = core::Sha256((IsRedemption(use) ? "out " : "in ") + use.reference);
  Key key;
  std::memcpy(key.data(), hash.view().data(), sizeof(key));
  return key;
}

void ReferenceWatch::OnUse(const ReferenceUse& use) {
  const Key key = KeyOf(use);
  const auto [first, is_new] = first_.try_emplace(key, use.entry_index);
  if (!is_new) {
    ++repeated_count_;
    if (repeated_.size() < kRepeatedReferencesKept) repeated_.push_back({use, first->second});
    return;
  }
  order_.push_back(key);
  if (order_.size() <= remembered_max_) return;
  first_.erase(order_.front());
  order_.pop_front();
  ++forgotten_;
}

}  // namespace causeway::observer
