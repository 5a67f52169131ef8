#include "settlement/store/segment_places.h"

#include <algorithm>

#include "fmt/format.h"
#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"

namespace causeway::store {
namespace {

constexpr std::size_t kEntriesAt = 102;  // in a footer
constexpr std::size_t kPartBytes = kFooterPartBlocks * kFooterEntryBytes;

}  // namespace

std::vector<FooterPart> FooterPartsOf(std::string_view footer) {
  const std::string_view entries =
      footer.substr(kEntriesAt, footer.size() - static_cast<std::size_t>(kFooterFixedBytes));
  std::vector<FooterPart> parts;
  parts.reserve((entries.size() + kPartBytes - 1) / kPartBytes);
  for (std::size_t at = 0; at < entries.size(); at += kPartBytes) {
    const std::string_view bytes = entries.substr(at, kPartBytes);
    parts.push_back({.first_index = core::Reader(bytes.substr(8)).U64(),
                     .checksum = Checksum64(bytes, parts.size())});
  }
  return parts;
}

absl::StatusOr<std::vector<BlockPlace>> ReadFooterPart(const SegmentFile& file,
                                                       const SealedSegment& sealed,
                                                       std::size_t number, const FooterPart& part) {
  const std::uint64_t blocks = sealed.after.head.block_count - sealed.before.head.block_count;
  const std::uint64_t first = number * kFooterPartBlocks;
  const std::uint64_t count = std::min<std::uint64_t>(kFooterPartBlocks, blocks - first);
  const std::uint64_t offset = sealed.footer_offset + kEntriesAt + first * kFooterEntryBytes;
  std::string bytes(count * kFooterEntryBytes, '\0');
  const absl::StatusOr<std::size_t> got = file.Read(offset, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  if (*got < bytes.size() || Checksum64(bytes, number) != part.checksum) {
    return absl::DataLossError(
        fmt::format("offset {}: the footer's entries of blocks {} to {} are not those that were "
                    "verified",
                    offset, sealed.before.head.block_count + first,
                    sealed.before.head.block_count + first + count - 1));
  }
  core::Reader reader(bytes);
  std::vector<BlockPlace> places;
  places.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) places.push_back(ReadFooterEntry(reader));
  return places;
}

FooterPartCache::Places FooterPartCache::Find(std::uint64_t first_block, std::size_t number) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.first_block == first_block && entry.number == number;
  });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return entries_.front().places;
}

void FooterPartCache::Keep(std::uint64_t first_block, std::size_t number, Places places) {
  entries_.push_front({first_block, number, std::move(places)});
  if (entries_.size() > kPartsMax) entries_.pop_back();
}

}  // namespace causeway::store
