#include "scenarios/sweep/run_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kHead[] = "sweep.json";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

absl::Status Failed(const std::string& path) {
  return absl::UnavailableError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

absl::Status SyncFolder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed(path);
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced ? absl::OkStatus() : Failed(path);
}

// Whole or not at all, whatever happens to this process or the machine.
absl::Status WriteDurably(const std::string& path, std::string_view content) {
  const std::string temporary = fmt::format("{}.{}", path, ::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed(temporary);
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      absl::Status failed = Failed(temporary);
      ::close(fd);
      return failed;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced = ::fsync(fd) == 0;
  const bool closed = ::close(fd) == 0;
  if (!synced || !closed || std::rename(temporary.c_str(), path.c_str()) != 0) return Failed(path);
  return SyncFolder(std::filesystem::path(path).parent_path().string());
}

Json SettingsJson(const Point& point) {
  Json settings = Json::object();
  for (const auto& [path, value] : point) settings[path] = value;
  return settings;
}

}  // namespace

absl::StatusOr<RunStore> RunStore::Open(const std::string& directory, const std::string& what,
                                        const std::string& source_sha256) {
  const std::filesystem::path folder(directory);
  std::error_code error;
  std::filesystem::create_directories(folder / "runs", error);
  if (error) {
    return absl::UnavailableError(
        fmt::format("cannot create {}: {}", (folder / "runs").string(), error.message()));
  }
  const std::string head_path = (folder / kHead).string();
  if (std::filesystem::exists(head_path)) {
    const Json head = Json::parse(ReadFile(head_path), nullptr, false);
    const std::string known = head.is_object() ? head.value("source_sha256", "") : "";
    const std::string version = head.is_object() ? head.value("version", "") : "";
    if (known != source_sha256) {
      return absl::FailedPreconditionError(fmt::format(
          "{} changed since the sweep in {} began (its SHA-256 was {}, now it is {}): name another "
          "--out for it, or restore the file, or remove {}",
          what, directory, known, source_sha256, directory));
    }
    if (version != CAUSEWAY_VERSION) {
      return absl::FailedPreconditionError(
          fmt::format("the sweep in {} was begun by version {} of this program, which is {}: name "
                      "another --out, or remove {}",
                      directory, version, CAUSEWAY_VERSION, directory));
    }
  } else {
    const Json head = {
        {"version", CAUSEWAY_VERSION}, {"source", what}, {"source_sha256", source_sha256}};
    const absl::Status written = WriteDurably(head_path, head.dump(2) + "\n");
    if (!written.ok()) return written;
  }
  return RunStore((folder / "runs").string(), source_sha256);
}

std::string RunStore::PathOf(const Run& run) const {
  const Json key = {source_sha256_, SettingsJson(run.point), run.seed};
  return fmt::format("{}/{}.json", runs_, core::Sha256(key.dump()).ToHex().substr(0, 32));
}

std::optional<Indicators> RunStore::Find(const Run& run) const {
  const Json json = Json::parse(ReadFile(PathOf(run)), nullptr, false);
  if (!json.is_object() || json.value("settings", Json()) != SettingsJson(run.point) ||
      json.value("seed", Json()) != Json(run.seed) || !json.contains("indicators")) {
    return std::nullopt;
  }
  Indicators indicators;
  for (const auto& [name, value] : json["indicators"].items()) {
    if (!value.is_string()) return std::nullopt;
    indicators.emplace_back(name, value.get<std::string>());
  }
  return indicators;
}

absl::Status RunStore::Keep(const Run& run, const Indicators& indicators) const {
  Json values = Json::object();
  for (const auto& [name, value] : indicators) values[name] = value;
  const Json json = {
      {"settings", SettingsJson(run.point)}, {"seed", run.seed}, {"indicators", values}};
  return WriteDurably(PathOf(run), json.dump(2) + "\n");
}

}  // namespace causeway::sim
