#include "settlement/store/key_runs_merge.h"

#include <utility>

namespace causeway::store {

absl::StatusOr<std::unique_ptr<RunMerge>> RunMerge::Begin(
    const std::string& directory, std::vector<std::shared_ptr<const RunFile>> inputs,
    std::uint64_t number, const IoFault& fault) {
  std::unique_ptr<RunMerge> merge(new RunMerge());
  RunHeader header{.family = inputs.front()->header().family,
                   .scope = inputs.front()->header().scope,
                   .number = number,
                   .from_leaf = inputs.front()->header().from_leaf,
                   .to_leaf = inputs.back()->header().to_leaf};
  for (const auto& input : inputs) {
    header.keys += input->header().keys;
    merge->sources_.push_back(std::make_unique<RunCursor>(input));
    merge->heads_.push_back(0);
  }
  merge->inputs_ = std::move(inputs);
  auto writer = RunWriter::Create(directory, header, fault);
  if (!writer.ok()) return writer.status();
  merge->writer_ = *std::move(writer);
  for (std::size_t i = merge->sources_.size(); i-- > 0;) {
    if (absl::Status status = merge->Advance(i); !status.ok()) return status;
  }
  return merge;
}

absl::Status RunMerge::Advance(std::size_t index) {
  RunCursor& source = *sources_[index];
  if (source.Next()) {
    heads_[index] = source.fingerprint();
    return absl::OkStatus();
  }
  absl::Status status = source.status();
  if (absl::IsDataLoss(status)) damaged_ = &source.run();
  sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(index));
  heads_.erase(heads_.begin() + static_cast<std::ptrdiff_t>(index));
  return status;
}

absl::StatusOr<bool> RunMerge::Step(std::size_t keys) {
  while (keys > 0 && !sources_.empty()) {
    if (sources_.size() == kMergeRuns) {
      // The usual case, without branches that depend on the keys: which run is next is a toss.
      std::uint64_t* heads = heads_.data();
      std::unique_ptr<RunCursor>* sources = sources_.data();
      std::size_t least = 0;
      bool more = true;
      for (; keys > 0 && more; --keys) {
        const std::size_t left = heads[1] < heads[0] ? 1 : 0;
        const std::size_t right = heads[3] < heads[2] ? 3 : 2;
        least = heads[right] < heads[left] ? right : left;
        writer_->Add(heads[least], sources[least]->leaf());
        more = sources[least]->Next();
        if (more) heads[least] = sources[least]->fingerprint();
      }
      if (more) break;
      // Next again only tells once more that this was the end, or the error.
      if (absl::Status status = Advance(least); !status.ok()) return status;
      continue;
    }
    std::size_t least = 0;
    for (std::size_t i = 1; i < sources_.size(); ++i) {
      if (heads_[i] < heads_[least]) least = i;
    }
    writer_->Add(heads_[least], sources_[least]->leaf());
    if (absl::Status status = Advance(least); !status.ok()) return status;
    --keys;
  }
  if (!writer_->status().ok()) return writer_->status();
  return sources_.empty();
}

}  // namespace causeway::store
