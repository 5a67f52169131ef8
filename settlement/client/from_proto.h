// Answers of the servers as values. Internal to settlement/client. Each decoder reads one message;
// faults go to `fields` under `path`.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_FROM_PROTO_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_FROM_PROTO_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "causeway/v1/ledger_service.pb.h"
#include "fmt/format.h"
#include "settlement/client/receipt.h"
#include "settlement/client/views.h"
#include "settlement/codec/fields.h"

namespace causeway::client {

using codec::Fields;
using codec::Path;

// `decode(fields, path)` read as a whole: DataLoss when the answer of `who` does not decode.
template <typename Decode>
auto ReadAnswer(std::string_view who, Decode decode)
    -> absl::StatusOr<decltype(decode(std::declval<Fields&>(), std::declval<const Path&>()))> {
  Fields fields;
  auto value = decode(fields, Path{});
  if (!fields.ok()) {
    return absl::DataLossError(fmt::format("the {}'s answer does not decode: {}", who,
                                           std::string(fields.status().message())));
  }
  return value;
}

// 0 (unspecified) is the empty value of every enum of the core.
template <typename Enum>
Enum EnumOrNone(Fields& fields, const Path& path, int number, Enum last) {
  return number == 0 ? Enum{} : fields.Closed(path, number, last);
}

// fields[i] by `decode`, in order.
template <typename Value, typename List, typename Decode>
std::vector<Value> ReadList(Fields& fields, const Path& parent, std::string_view name,
                            const List& list, Decode decode) {
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(list.size()));
  for (const auto& element : list) {
    const Path place{&parent, name, static_cast<std::int64_t>(values.size())};
    values.push_back(decode(fields, place, element));
  }
  return values;
}

core::Uetr ReadOptionalUetr(Fields& fields, const Path& path, std::string_view raw);
core::Rejection ReadRejection(bool present, const v1::Rejection& rejection);
core::InstructionStatus ReadStatus(Fields& fields, const Path& path, v1::InstructionStatus status);

LedgerInfo ReadLedgerInfo(Fields& fields, const Path& path, const v1::LedgerInfo& info);
InstructionView ReadInstruction(Fields& fields, const Path& path, const v1::Instruction& message);
AccountView ReadAccount(Fields& fields, const Path& path, const v1::Account& account);
ResolvedAccount ReadResolvedAccount(Fields& fields, const Path& path,
                                    const v1::ResolvedAccount& account);
AwaitingView ReadAwaiting(Fields& fields, const Path& path,
                          const v1::AwaitingInstruction& awaiting);
Statement ReadStatement(Fields& fields, const Path& path, const v1::Statement& statement);
EntryView ReadEntry(Fields& fields, const Path& path, const v1::EntryView& entry);
LedgerSettlementView ReadLedgerSettlement(Fields& fields, const Path& path,
                                          const v1::LedgerSettlement& settlement);
Receipt ReadReceipt(Fields& fields, const Path& path, const v1::Receipt& receipt);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_FROM_PROTO_H_
