// Where the files of a study come from, and their digest.
#ifndef CAUSEWAY_SCENARIOS_STUDY_FILE_SOURCE_H_
#define CAUSEWAY_SCENARIOS_STUDY_FILE_SOURCE_H_

#include <istream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace causeway::study {

// Where files come from: a folder on disk, or the memory of a test.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Nothing when there is no such file.
  virtual std::unique_ptr<std::istream> Open(const std::string& name) const = 0;
  // Of all files, in their order.
  virtual std::vector<std::string> Names() const = 0;
};

class DiskFolder : public FileSource {
 public:
  explicit DiskFolder(std::string path) : path_(std::move(path)) {}
  std::unique_ptr<std::istream> Open(const std::string& name) const override;
  std::vector<std::string> Names() const override;

 private:
  std::string path_;
};

class MemoryFolder : public FileSource {
 public:
  explicit MemoryFolder(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  std::unique_ptr<std::istream> Open(const std::string& name) const override;
  std::vector<std::string> Names() const override;

 private:
  std::map<std::string, std::string> files_;
};

// Notes what is opened of another source, which must outlive this.
class NotingSource : public FileSource {
 public:
  explicit NotingSource(const FileSource& source) : source_(source) {}
  std::unique_ptr<std::istream> Open(const std::string& name) const override {
    std::unique_ptr<std::istream> file = source_.Open(name);
    if (file != nullptr) opened_.insert(name);
    return file;
  }
  std::vector<std::string> Names() const override { return source_.Names(); }
  std::vector<std::string> opened() const { return {opened_.begin(), opened_.end()}; }

 private:
  const FileSource& source_;
  mutable std::set<std::string> opened_;
};

// One digest of several files, as `sha256sum NAME... | sha256sum` gives it in their folder:
// hexadecimal. NotFound when one cannot be read.
absl::StatusOr<std::string> HashOfFiles(const FileSource& source,
                                        const std::vector<std::string>& names);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_FILE_SOURCE_H_
