#include "central-bank-node/runtime/node_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "causeway/v1/command.pb.h"
#include "central-bank-node/engine/indexed_instructions.h"
#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/text_message.h"
#include "settlement/core/batch.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/key_file.h"
#include "settlement/core/ledger.h"
#include "settlement/liquidity/ledger_selector.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/tls.h"
#include "settlement/store/key_runs.h"
#include "settlement/store/segment_journal.h"
#include "settlement/store/snapshot_files.h"

namespace causeway::node {
namespace {

constexpr std::size_t kCheckpointFileBytesMax = 64 * 1024;

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("{}: {}", path, std::string(status.message())));
}

std::string WithoutLineEnd(std::string text) {
  const std::size_t end = text.find_first_of("\r\n");
  if (end != std::string::npos) text.resize(end);
  return text;
}

absl::StatusOr<core::PublicKey> ReadPublicKey(const std::string& path) {
  absl::StatusOr<std::string> pem = rpc::ReadWholeFile(path, core::kKeyFileBytesMax);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<core::PublicKey> key = core::DecodePublicKeyPem(*pem);
  if (!key.ok()) return InFile(path, key.status());
  return key;
}

absl::Status PutKeys(const GenesisSpec& spec, causeway::v1::Genesis* message) {
  if (!spec.ledger_key_path.empty()) {
    absl::StatusOr<core::PublicKey> key = ReadPublicKey(spec.ledger_key_path);
    if (!key.ok()) return key.status();
    codec::ToProto(*key, message->mutable_ledger_key());
  }
  if (!spec.approver_key_paths.empty()) message->mutable_central_bank()->clear_keys();
  for (const std::string& path : spec.approver_key_paths) {
    absl::StatusOr<core::PublicKey> key = ReadPublicKey(path);
    if (!key.ok()) return key.status();
    codec::ToProto(*key, message->mutable_central_bank()->add_keys());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<core::Genesis> ReadGenesis(const std::string& path) {
  absl::StatusOr<std::string> bytes = rpc::ReadWholeFile(path, kGenesisBytesMax);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(*bytes);
  if (!genesis.ok()) return InFile(path, genesis.status());
  return genesis;
}

absl::StatusOr<std::shared_ptr<const core::Signer>> ReadSigner(const std::string& key_path,
                                                               const std::string& passphrase_path) {
  std::string passphrase;
  if (!passphrase_path.empty()) {
    absl::StatusOr<std::string> text =
        rpc::ReadWholeFile(passphrase_path, core::kPassphraseBytesMax);
    if (!text.ok()) return text.status();
    passphrase = WithoutLineEnd(*std::move(text));
  }
  absl::StatusOr<std::string> pem = rpc::ReadWholeFile(key_path, core::kKeyFileBytesMax);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> signer =
      core::DecodePrivateKeyPem(*pem, passphrase);
  if (!signer.ok()) return InFile(key_path, signer.status());
  return std::shared_ptr<const core::Signer>(*std::move(signer));
}

absl::StatusOr<std::string> ReadSaltKey(const std::string& path) {
  absl::StatusOr<std::string> text = rpc::ReadWholeFile(path, 2 * kSaltKeyBytes + 2);
  if (!text.ok()) return text.status();
  const std::optional<std::string> key = core::FromHex(WithoutLineEnd(*std::move(text)));
  if (!key.has_value() || key->size() != kSaltKeyBytes) {
    return absl::InvalidArgumentError(
        fmt::format("{}: a salt key is {} hexadecimal digits on one line; make one with "
                    "\"openssl rand -hex {}\" and keep it as secret as the ledger key",
                    path, 2 * kSaltKeyBytes, kSaltKeyBytes));
  }
  return *key;
}

store::JournalIdentity LedgerJournalIdentity(const core::Genesis& genesis) {
  return {.kind = "ledger", .name = genesis.ledger.ToString(), .genesis = genesis.hash};
}

absl::Status CheckContains(const LedgerEngine& engine, const std::string& checkpoint_path) {
  absl::StatusOr<std::string> note = rpc::ReadWholeFile(checkpoint_path, kCheckpointFileBytesMax);
  if (!note.ok()) return note.status();
  absl::StatusOr<core::SignedCheckpoint> theirs = core::ParseCheckpoint(*note);
  if (!theirs.ok()) return InFile(checkpoint_path, theirs.status());
  const core::Genesis& genesis = engine.ledger().genesis();
  const core::Checkpoint& head = theirs->checkpoint;
  absl::Status verified = core::VerifyCheckpoint(*theirs, genesis.ledger.text(), genesis.ledger_key,
                                                 core::OpenSslSignatureVerifier());
  if (head.origin != genesis.ledger.text() || !verified.ok()) {
    return absl::FailedPreconditionError(
        fmt::format("{}: is no head that {} signed", checkpoint_path, genesis.ledger.text()));
  }
  if (head.size > engine.size()) {
    return absl::FailedPreconditionError(
        fmt::format("{}: the ledger signed a head of {} leaves, and this journal has {}: it lost "
                    "its end or was "
                    "rolled back; do not run it",
                    checkpoint_path, head.size, engine.size()));
  }
  if (head.size == 0) return absl::OkStatus();
  absl::StatusOr<std::uint64_t> number = engine.FindBatch(head.size - 1);
  if (!number.ok()) return number.status();
  absl::StatusOr<core::Batch> batch = engine.ReadBatch(*number);
  if (!batch.ok()) return batch.status();
  absl::StatusOr<core::SignedCheckpoint> ours = core::ParseCheckpoint(batch->checkpoint);
  if (ours.ok() && ours->checkpoint.size == head.size && ours->checkpoint.root == head.root) {
    return absl::OkStatus();
  }
  return absl::DataLossError(fmt::format(
      "{}: the ledger signed this head of {} leaves, and this journal has another log of as many",
      checkpoint_path, head.size));
}

absl::StatusOr<LedgerStore> OpenLedgerStore(const std::string& path, const core::Genesis& genesis,
                                            std::string_view salt_key,
                                            const store::SegmentOptions& options) {
  LedgerStore opened;
  absl::StatusOr<std::unique_ptr<store::SegmentJournal>> journal =
      store::SegmentJournal::Open(path, LedgerJournalIdentity(genesis), options);
  if (!journal.ok()) return journal.status();
  if (absl::Status readable = (*journal)->CheckReadable(); !readable.ok()) {
    if (!absl::IsFailedPrecondition(readable)) return readable;
    return absl::FailedPreconditionError(
        fmt::format("{} (\"causeway-node restore\"), or name its archive with --archive",
                    std::string(readable.message())));
  }
  opened.segments = journal->get();
  opened.journal = *std::move(journal);
  absl::StatusOr<std::unique_ptr<store::KeyRuns>> keys =
      store::KeyRuns::Open({.directory = path + "/keys",
                            .ledger = genesis.hash,
                            .fingerprint_key = IndexedInstructions::KeyOf(salt_key)},
                           opened.journal->record_count());
  if (!keys.ok()) return keys.status();
  for (const std::string& note : (*keys)->notes()) rpc::Log("causeway-node", note);
  opened.runs = keys->get();
  opened.keys = *std::move(keys);
  const std::string snapshots = path + "/snapshots";
  std::error_code error;
  std::filesystem::create_directory(snapshots, error);
  if (error) {
    return absl::InternalError(
        fmt::format("{}: cannot be created: {}", snapshots, error.message()));
  }
  opened.snapshots = store::MakeSnapshotFiles(snapshots);
  return opened;
}

absl::StatusOr<core::Genesis> MakeGenesis(const GenesisSpec& spec) {
  absl::StatusOr<std::string> text = rpc::ReadWholeFile(spec.spec_path, kGenesisBytesMax);
  if (!text.ok()) return text.status();
  causeway::v1::Genesis message;
  if (absl::Status read = codec::ReadTextMessage(*text, message); !read.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}", spec.spec_path, std::string(read.message())));
  }
  if (absl::Status keys = PutKeys(spec, &message); !keys.ok()) return keys;
  absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(message.SerializeAsString());
  if (!genesis.ok()) return InFile(spec.spec_path, genesis.status());
  // One spec, one genesis: the bytes that the codec writes, whatever the order of the text.
  genesis->bytes = codec::EncodeGenesis(*genesis);
  genesis->hash = core::Sha256(genesis->bytes);
  absl::StatusOr<std::unique_ptr<core::Ledger>> ledger =
      core::Ledger::Create(*genesis, &liquidity::LedgerSelector());
  if (!ledger.ok()) return InFile(spec.spec_path, ledger.status());
  return genesis;
}

}  // namespace causeway::node
