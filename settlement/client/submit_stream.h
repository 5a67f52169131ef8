// The way for volume: envelopes over one stream, each answered when its outcome is durable.
//
//   auto stream = ledger.OpenSubmitStream({}, [](StreamReply reply) { ... });
//   stream->Send(tag, EncodeRequest(*envelope));  // waits while the window is full
//   absl::Status end = stream->Finish();          // when everything is answered
//
// Requests under way are sequenced in about the order in which they were sent, and answered as they
// become durable. A stream that breaks is not taken up again by itself: the outcome of what was not
// answered is unknown; send the same bytes over a new stream.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_SUBMIT_STREAM_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_SUBMIT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/views.h"
#include "settlement/core/batch.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::client {

class Connection;

// A request as it goes over the connection, encoded once: sending it copies nothing, and it may be
// sent again. Never null.
using EncodedRequest = std::shared_ptr<const std::string>;
EncodedRequest EncodeRequest(core::Envelope envelope,
                             std::span<const std::string> private_data = {});

// What became of a bulk: all payments settled but those listed.
struct BulkReply {
  struct Rejected {
    std::uint32_t position = 0;  // of the payment in its bulk
    core::Rejection rejection;
  };
  std::uint64_t first_index = 0;  // leaf of the first payment; the others follow without gaps
  std::uint32_t payment_count = 0;
  std::vector<Rejected> rejections;  // by position
  core::LedgerTime time;
  core::BusinessDate business_date;
  bool repeated = false;  // the answer repeats an earlier outcome for the same bytes
};

struct StreamReply {
  // Of a command: one for each instruction in it. Of a bulk: what became of its payments.
  using Outcome = std::variant<std::vector<InstructionView>, BulkReply>;

  std::uint64_t tag = 0;
  // An error with a rejection (errors.h) when it was refused before it was sequenced.
  absl::StatusOr<Outcome> outcome;
};

struct SubmitStreamOptions {
  // The window: requests and their bytes that are under way at once. One request always fits.
  std::size_t requests_max = 1024;
  std::size_t bytes_max = std::size_t{32} * 1024 * 1024;
};

// Any thread.
class SubmitStream {
 public:
  // From a thread of the library's own, one call after the other: the replies behind it wait
  // meanwhile. May call TrySend, CloseSending and Cancel, not what waits.
  using OnReply = std::function<void(StreamReply)>;

  // As Cancel, and waits: no callback runs after it.
  ~SubmitStream();
  SubmitStream(const SubmitStream&) = delete;
  SubmitStream& operator=(const SubmitStream&) = delete;

  // Waits for room in the window. False, and nothing was sent, when the stream has ended or sending
  // was closed.
  bool Send(std::uint64_t tag, EncodedRequest request);
  enum class Sent { kSent, kWindowFull, kEnded };
  Sent TrySend(std::uint64_t tag, EncodedRequest request);

  // Nothing more will be sent. Repeats do nothing.
  void CloseSending();
  // CloseSending, and waits for the end. OK when everything was answered; else why the stream
  // broke.
  absl::Status Finish();
  // Ends the stream soon, whatever is under way.
  void Cancel();

  // Whether nothing can be sent and nothing will be answered any more.
  bool ended() const;
  // Sent and not answered; after the end: whose outcome is unknown.
  std::size_t in_flight() const;
  std::vector<std::uint64_t> UnansweredTags() const;

  // For LedgerClient.
  static std::unique_ptr<SubmitStream> Open(const Connection& connection,
                                            SubmitStreamOptions options, OnReply on_reply);

 private:
  class Reactor;
  explicit SubmitStream(std::unique_ptr<Reactor> reactor);
  const std::unique_ptr<Reactor> reactor_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_SUBMIT_STREAM_H_
