#include "wallet-cli/trade_book.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "wallet-cli/context.h"
#include "wallet-cli/envelope_file.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

constexpr char kTradeFile[] = ".trade.json";
constexpr char kReturnedFile[] = ".returned";

absl::Status BookError(std::string_view what, const std::string& path, int error) {
  return absl::InvalidArgumentError(
      fmt::format("{} {}: {}", what, path, std::generic_category().message(error)));
}

// "<name> <value>\n" from the front of `text`.
std::optional<std::string_view> TakeLine(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || text.size() <= name.size() || !text.starts_with(name) ||
      text[name.size()] != ' ' || end <= name.size()) {
    return std::nullopt;
  }
  const std::string_view value = text.substr(name.size() + 1, end - name.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

}  // namespace

std::string FormatSigned(const client::SignedSettlement& settlement) {
  std::string text = fmt::format("settlement {}\ndeadline {}\n", settlement.settlement_id.ToHex(),
                                 settlement.deadline.ToString());
  for (const core::LedgerOrigin& ledger : settlement.pays_on) {
    text += fmt::format("pays-on {}\n", ledger.text());
  }
  return text + (settlement.settled ? "end settled\n" : "end signed\n");
}

absl::StatusOr<client::SignedSettlement> ParseSigned(std::string_view text) {
  const absl::Status wrong = absl::DataLossError("does not say what was signed");
  client::SignedSettlement settlement;
  const auto id = TakeLine(text, "settlement");
  const auto deadline = TakeLine(text, "deadline");
  if (!id || !deadline) return wrong;
  const std::optional<core::Hash256> hash = core::Hash256::FromHex(*id);
  const absl::StatusOr<core::LedgerTime> time = core::LedgerTime::Parse(*deadline);
  if (!hash.has_value() || !time.ok()) return wrong;
  settlement.settlement_id = *hash;
  settlement.deadline = *time;
  while (const auto ledger = TakeLine(text, "pays-on")) {
    const absl::StatusOr<core::LedgerOrigin> origin = core::LedgerOrigin::Parse(*ledger);
    if (!origin.ok()) return wrong;
    settlement.pays_on.push_back(*origin);
  }
  const auto end = TakeLine(text, "end");
  if (!end || !text.empty() || settlement.pays_on.empty()) return wrong;
  settlement.settled = *end == "settled";
  if (!settlement.settled && *end != "signed") return wrong;
  return settlement;
}

TradeBook::~TradeBook() {
  if (lock_ >= 0) close(lock_);
}

std::string TradeBook::PathOf(const core::Hash256& trade, const char* suffix) const {
  return (std::filesystem::path(folder_) / (trade.ToHex() + suffix)).string();
}

absl::Status TradeBook::MakeFolder() const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  return error ? BookError("creating", folder_, error.value()) : absl::OkStatus();
}

absl::Status TradeBook::SyncFolder() const {
  const int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return BookError("opening", folder_, errno);
  const int error = fsync(folder) == 0 ? 0 : errno;
  close(folder);
  return error == 0 ? absl::OkStatus() : BookError("syncing", folder_, error);
}

absl::Status TradeBook::Keep(const core::Envelope& trade) const {
  if (absl::Status made = MakeFolder(); !made.ok()) return made;
  const core::Hash256 id = core::QueuedTradeIdOf(trade.payload);
  if (absl::Status written = WriteFile(PathOf(id, kTradeFile), FormatEnvelope(trade),
                                       /*replace=*/true, /*secret=*/false);
      !written.ok()) {
    return written;
  }
  std::error_code error;
  std::filesystem::remove(PathOf(id, kReturnedFile), error);
  return error ? BookError("removing", PathOf(id, kReturnedFile), error.value()) : SyncFolder();
}

absl::Status TradeBook::NoteReturned(const core::Hash256& trade) const {
  if (absl::Status made = MakeFolder(); !made.ok()) return made;
  absl::Status written =
      WriteFile(PathOf(trade, kReturnedFile), "withdrawn\n", /*replace=*/true, /*secret=*/false);
  return written.ok() ? SyncFolder() : written;
}

bool TradeBook::Has(const core::Hash256& trade) const {
  std::error_code error;
  if (std::filesystem::exists(PathOf(trade, kReturnedFile), error) || error) return false;
  const absl::StatusOr<std::string> content = ReadFile(PathOf(trade, kTradeFile));
  if (!content.ok()) return false;
  const absl::StatusOr<core::Envelope> envelope = ParseEnvelope(*content);
  return envelope.ok() && envelope->payload_type == core::kQueuedTradePayloadType &&
         core::QueuedTradeIdOf(envelope->payload) == trade;
}

absl::Status TradeBook::HoldForSigning() {
  if (absl::Status made = MakeFolder(); !made.ok()) return made;
  const std::string path = (std::filesystem::path(folder_) / "lock").string();
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return BookError("opening", path, errno);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(file);
    if (error != EWOULDBLOCK) return BookError("locking", path, error);
    return absl::FailedPreconditionError(
        fmt::format("{}: another program signs from this folder; end it first", folder_));
  }
  if (lock_ >= 0) close(lock_);
  lock_ = file;
  return absl::OkStatus();
}

absl::Status TradeBook::NoteSigned(const core::Hash256& trade,
                                   const client::SignedSettlement& settlement) {
  absl::Status written = WriteFile(PathOf(trade, ".signed"), FormatSigned(settlement),
                                   /*replace=*/true, /*secret=*/false);
  return written.ok() ? SyncFolder() : written;
}

absl::StatusOr<std::optional<client::SignedSettlement>> TradeBook::SignedFor(
    const core::Hash256& trade) const {
  const std::string path = PathOf(trade, ".signed");
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (absl::IsNotFound(content.status())) return std::optional<client::SignedSettlement>();
  if (!content.ok()) return content.status();
  const absl::StatusOr<client::SignedSettlement> settlement = ParseSigned(*content);
  if (settlement.ok()) return *settlement;
  return absl::DataLossError(
      fmt::format("{}: {}", path, std::string(settlement.status().message())));
}

}  // namespace causeway::wallet
