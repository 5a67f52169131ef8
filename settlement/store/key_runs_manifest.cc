#include "settlement/store/key_runs_manifest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "settlement/core/bytes.h"
#include "settlement/core/hash.h"

namespace causeway::store {
namespace {

constexpr std::string_view kManifestMagic = "CWKEYMAN";
constexpr std::size_t kManifestDigestBytes = 32;
constexpr std::size_t kManifestBytesMax = 1 << 20;

int ManifestFault(const IoFault& fault, std::string_view operation) {
  return fault ? fault(operation) : 0;
}

// 0, or the errno of what failed.
int WriteManifestFile(int fd, std::string_view bytes, const IoFault& fault) {
  while (!bytes.empty()) {
    if (const int error = ManifestFault(fault, "write"); error != 0) return error;
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  if (const int error = ManifestFault(fault, "sync"); error != 0) return error;
  return fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

std::string EncodeKeyManifest(const KeyManifest& manifest) {
  core::Writer writer;
  writer.Raw(kManifestMagic).U16(kRunFormatVersion).U64(manifest.scope).U64(manifest.next_number);
  for (const std::vector<ManifestRun>& runs : manifest.runs) {
    writer.U32(static_cast<std::uint32_t>(runs.size()));
    for (const ManifestRun& run : runs) {
      writer.U8(run.level).U64(run.number).U64(run.from_leaf).U64(run.to_leaf).U64(run.keys);
    }
  }
  const core::Hash256 digest = core::Sha256(writer.bytes());
  writer.Hash(digest);
  return std::move(writer).Take();
}

absl::StatusOr<KeyManifest> DecodeKeyManifest(std::string_view bytes) {
  if (bytes.size() < kManifestDigestBytes) return absl::DataLossError("it is cut short");
  const std::string_view body = bytes.substr(0, bytes.size() - kManifestDigestBytes);
  if (core::Sha256(body).view() != bytes.substr(body.size())) {
    return absl::DataLossError("its checksum does not match");
  }
  core::Reader reader(body);
  if (reader.Raw(kManifestMagic.size()) != kManifestMagic || reader.U16() != kRunFormatVersion) {
    return absl::DataLossError("it is no manifest of format version 1");
  }
  KeyManifest manifest;
  manifest.scope = reader.U64();
  manifest.next_number = reader.U64();
  for (std::vector<ManifestRun>& runs : manifest.runs) {
    const std::uint32_t count = reader.U32();
    std::uint64_t covered = 0;
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
      ManifestRun run;
      run.level = reader.U8();
      run.number = reader.U64();
      run.from_leaf = reader.U64();
      run.to_leaf = reader.U64();
      run.keys = reader.U64();
      if (run.from_leaf != covered || run.to_leaf < covered || run.number >= manifest.next_number) {
        reader.Fail();
      }
      covered = run.to_leaf;
      runs.push_back(run);
    }
  }
  if (!reader.Done()) return absl::DataLossError("its runs do not follow one another");
  return manifest;
}

absl::StatusOr<KeyManifest> LoadKeyManifest(const std::string& directory, const IoFault& fault) {
  const std::string path = directory + "/" + kKeyManifestName;
  if (const int error = ManifestFault(fault, "open"); error != 0) {
    return RunSystemError("open", path, error);
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return RunSystemError("open", path, errno);
  std::string bytes;
  char part[4096];
  ssize_t got = 0;
  while ((got = read(fd, part, sizeof(part))) > 0 && bytes.size() <= kManifestBytesMax) {
    bytes.append(part, static_cast<std::size_t>(got));
  }
  const int error = errno;
  close(fd);
  if (got < 0) return RunSystemError("read", path, error);
  absl::StatusOr<KeyManifest> manifest = DecodeKeyManifest(bytes);
  if (manifest.ok()) return manifest;
  return absl::DataLossError(fmt::format("{}: {}", path, std::string(manifest.status().message())));
}

absl::Status StoreKeyManifest(const std::string& directory, const KeyManifest& manifest,
                              const IoFault& fault) {
  const std::string path = directory + "/" + kKeyManifestName;
  const std::string new_path = directory + "/" + kNewKeyManifestName;
  if (const int error = ManifestFault(fault, "open"); error != 0) {
    return RunSystemError("open", new_path, error);
  }
  const int fd = open(new_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return RunSystemError("open", new_path, errno);
  int error = WriteManifestFile(fd, EncodeKeyManifest(manifest), fault);
  close(fd);
  if (error != 0) return RunSystemError("write", new_path, error);
  error = ManifestFault(fault, "rename");
  if (error == 0 && std::rename(new_path.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) return RunSystemError("rename", new_path, error);
  return SyncRunDirectory(directory, fault);
}

}  // namespace causeway::store
