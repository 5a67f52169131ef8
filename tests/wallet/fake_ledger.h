// A ledger that answers as the test says.
#ifndef CAUSEWAY_TESTS_WALLET_FAKE_LEDGER_H_
#define CAUSEWAY_TESTS_WALLET_FAKE_LEDGER_H_

#include <grpcpp/server_context.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "settlement/codec/codec.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {

// What the ledger of VectorReceipt says of itself.
inline v1::LedgerInfo VectorLedgerInfo() {
  const std::string bytes = VectorReceipt().genesis;
  const auto genesis = codec::DecodeGenesis(bytes);
  EXPECT_TRUE(genesis.ok()) << genesis.status();
  v1::LedgerInfo info;
  info.set_genesis(bytes);
  info.set_genesis_hash(std::string(genesis->hash.view()));
  info.set_ledger(genesis->ledger.ToString());
  info.set_currency("HKD");
  codec::ToProto(genesis->ledger_key, info.mutable_ledger_key());
  info.set_business_date("2022-08-15");
  info.set_phase(v1::DAY_PHASE_OPEN);
  return info;
}

class FakeLedger final : public v1::Ledger::Service {
 public:
  std::function<grpc::Status(grpc::ServerContext&, const v1::SubmitRequest&, v1::SubmitResponse*)>
      on_submit;
  v1::Statement statement;
  v1::LedgerInfo info;
  std::string participant;  // that the last GetLedger came for
  std::string checkpoint;
  int entries_per_watch = -1;  // no end
  grpc::Status watch_end;
  std::function<void()> after_watch;
  std::vector<std::uint64_t> watched_from;  // by Watch, in their order

  grpc::Status GetLedger(grpc::ServerContext* context, const v1::GetLedgerRequest*,
                         v1::LedgerInfo* response) override {
    const auto found = context->client_metadata().find("causeway-participant");
    participant.clear();
    if (found != context->client_metadata().end()) {
      participant.assign(found->second.data(), found->second.size());
    }
    *response = info;
    return grpc::Status::OK;
  }
  grpc::Status Submit(grpc::ServerContext* context, const v1::SubmitRequest* request,
                      v1::SubmitResponse* response) override {
    return on_submit(*context, *request, response);
  }
  grpc::Status GetStatement(grpc::ServerContext*, const v1::GetStatementRequest*,
                            v1::Statement* response) override {
    *response = statement;
    return grpc::Status::OK;
  }
  grpc::Status GetCheckpoint(grpc::ServerContext*, const v1::GetCheckpointRequest*,
                             v1::CheckpointResponse* response) override {
    response->set_checkpoint(checkpoint);
    return grpc::Status::OK;
  }
  // Entries without end, or as many as the test says.
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::EntryView>* writer) override {
    v1::EntryView entry;
    watched_from.push_back(request->from_index());
    entry.set_index(request->from_index());
    for (int sent = 0; sent != entries_per_watch && !context->IsCancelled(); ++sent) {
      if (!writer->Write(entry)) break;
      entry.set_index(entry.index() + 1);
    }
    if (after_watch) after_watch();
    return watch_end;
  }
};

}  // namespace causeway::wallet

#endif  // CAUSEWAY_TESTS_WALLET_FAKE_LEDGER_H_
