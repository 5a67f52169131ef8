#include "scenarios/study/file_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fmt/format.h"
#include "settlement/core/hash.h"

namespace causeway::study {

std::unique_ptr<std::istream> DiskFolder::Open(const std::string& name) const {
  auto file = std::make_unique<std::ifstream>(path_ + "/" + name, std::ios::binary);
  if (!*file) return nullptr;
  return file;
}

std::vector<std::string> DiskFolder::Names() const {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path_, ignored)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> MemoryFolder::Names() const {
  std::vector<std::string> names;
  for (const auto& file : files_) names.push_back(file.first);
  return names;
}

std::unique_ptr<std::istream> MemoryFolder::Open(const std::string& name) const {
  const auto found = files_.find(name);
  if (found == files_.end()) return nullptr;
  return std::make_unique<std::istringstream>(found->second);
}

absl::StatusOr<std::string> HashOfFiles(const FileSource& source,
                                        const std::vector<std::string>& names) {
  core::Sha256Hasher hasher;
  std::string lines;
  std::vector<char> chunk(1 << 16);
  for (const std::string& name : names) {
    const std::unique_ptr<std::istream> file = source.Open(name);
    if (file == nullptr) return absl::NotFoundError(fmt::format("cannot read {}", name));
    while (file->read(chunk.data(), static_cast<std::streamsize>(chunk.size())),
           file->gcount() > 0) {
      hasher.Update({chunk.data(), static_cast<std::size_t>(file->gcount())});
    }
    if (file->bad()) return absl::NotFoundError(fmt::format("cannot read {}", name));
    lines += fmt::format("{}  {}\n", hasher.Finish().ToHex(), name);
  }
  return hasher.Update(lines).Finish().ToHex();
}

}  // namespace causeway::study
