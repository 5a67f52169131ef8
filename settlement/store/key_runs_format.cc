#include <fmt/format.h>

#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_runs_file.h"

namespace causeway::store {
namespace {

constexpr std::string_view kRunMagic = "CWKEYRUN";
constexpr std::size_t kRunHeaderChecksumAt = kRunPageBytes - 8;

constexpr std::uint64_t WholePages(std::uint64_t bytes) {
  return (bytes + kRunPageBytes - 1) / kRunPageBytes * kRunPageBytes;
}

}  // namespace

std::string EncodeRunHeader(const RunHeader& header) {
  core::Writer writer;
  writer.Raw(kRunMagic)
      .U16(header.version)
      .U8(static_cast<std::uint8_t>(header.family))
      .U8(0)
      .U64(header.scope)
      .U64(header.number)
      .U64(header.from_leaf)
      .U64(header.to_leaf)
      .U64(header.keys)
      .U64(header.pages)
      .U64(header.fences_checksum);
  if (header.version != kRunFormatWithoutFilter) writer.U64(header.filter_blocks);
  std::string page = std::move(writer).Take();
  page.resize(kRunHeaderChecksumAt);
  char checksum[8];
  StoreBig64(checksum, Checksum64(page, header.number));
  page.append(checksum, sizeof(checksum));
  return page;
}

absl::StatusOr<RunHeader> DecodeRunHeader(std::string_view page) {
  if (page.size() != kRunPageBytes) return absl::DataLossError("the header is cut short");
  core::Reader reader(page);
  if (reader.Raw(kRunMagic.size()) != kRunMagic) {
    return absl::DataLossError("it does not begin with CWKEYRUN");
  }
  RunHeader header;
  header.version = reader.U16();
  if (header.version != kRunFormatVersion && header.version != kRunFormatWithoutFilter) {
    return absl::DataLossError(
        fmt::format("its format version is {}, not {}", header.version, kRunFormatVersion));
  }
  const std::uint8_t family = reader.U8();
  const std::uint8_t reserved = reader.U8();
  header.scope = reader.U64();
  header.number = reader.U64();
  header.from_leaf = reader.U64();
  header.to_leaf = reader.U64();
  header.keys = reader.U64();
  header.pages = reader.U64();
  header.fences_checksum = reader.U64();
  if (header.version != kRunFormatWithoutFilter) header.filter_blocks = reader.U64();
  if (LoadBig64(page.data() + kRunHeaderChecksumAt) !=
      Checksum64(page.substr(0, kRunHeaderChecksumAt), header.number)) {
    return absl::DataLossError("the checksum of its header does not match");
  }
  const bool whole = family < kKeyFamilies && reserved == 0 && header.from_leaf <= header.to_leaf &&
                     header.to_leaf <= kLeavesMax && header.keys <= 2 * kLeavesMax &&
                     header.pages == (header.keys + kRunPageKeys - 1) / kRunPageKeys;
  if (!whole) return absl::DataLossError("its header contradicts itself");
  header.family = static_cast<KeyFamily>(family);
  if (header.version != kRunFormatWithoutFilter &&
      header.filter_blocks != RunFilterBlocks(header.family, header.keys)) {
    return absl::DataLossError("its header contradicts itself about its filter");
  }
  return header;
}

std::uint64_t RunHeader::filter_offset() const { return fences_offset() + WholePages(8 * pages); }

std::uint64_t RunFileBytes(const RunHeader& header) {
  return header.filter_offset() + WholePages(kRunFilterBlockBytes * header.filter_blocks);
}

std::uint64_t RunFilterBlocks(KeyFamily family, std::uint64_t keys) {
  if (family != KeyFamily::kInstruction || keys == 0) return 0;
  return keys / kRunFilterBlockKeys + 1;
}

std::uint64_t RunPageChecksum(const char* page, std::uint64_t run_number,
                              std::uint64_t page_index) {
  return Checksum64({page + 8, kRunPageBytes - 8}, (run_number << 32) + page_index);
}

std::string RunFileName(KeyFamily family, std::uint64_t number) {
  return fmt::format("{}-{:010}.run", family == KeyFamily::kInstruction ? "instruction" : "uetr",
                     number);
}

}  // namespace causeway::store
