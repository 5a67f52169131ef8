#include "settlement/client/submit_stream.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "causeway/v1/ledger_service.pb.h"
#include "settlement/client/call.h"
#include "settlement/client/errors.h"
#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::client {
namespace {

using grpc::ByteBuffer;
using GenericStub = grpc::TemplatedGenericStub<ByteBuffer, ByteBuffer>;

constexpr char kMethod[] = "/causeway.v1.Ledger/SubmitStream";
// Tags of the two fields of StreamRequest, as on the wire.
constexpr char kTagField = (1 << 3) | 0;
constexpr char kRequestField = (2 << 3) | 2;
constexpr std::size_t kVarintBytesMax = 10;
// A request of at most so many bytes is copied behind its tag: cheaper than a piece of its own.
constexpr std::size_t kCopiedBytesMax = 2048;

std::size_t PutVarint(std::uint64_t value, char* out) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = static_cast<char>((value & 0x7f) | 0x80);
  out[size++] = static_cast<char>(value);
  return size;
}

// A StreamRequest: the tag, then the request as it was encoded.
ByteBuffer Message(std::uint64_t tag, const EncodedRequest& request) {
  std::array<char, 1 + kVarintBytesMax> head{};
  head[0] = kTagField;
  const std::size_t head_size = 1 + PutVarint(tag, head.data() + 1);
  if (request->size() <= kCopiedBytesMax) {
    grpc::Slice whole(head_size + request->size());
    auto* const out = reinterpret_cast<char*>(const_cast<std::uint8_t*>(whole.begin()));
    std::copy(request->begin(), request->end(), std::copy_n(head.begin(), head_size, out));
    return ByteBuffer(&whole, 1);
  }
  // gRPC takes a pointer that it does not write through, and says when it is done with it.
  auto* const owner = new EncodedRequest(request);
  const std::array<grpc::Slice, 2> parts = {
      grpc::Slice(head.data(), head_size),
      grpc::Slice(
          const_cast<char*>(request->data()), request->size(),
          [](void* held) { delete static_cast<EncodedRequest*>(held); }, owner)};
  return ByteBuffer(parts.data(), parts.size());
}

BulkReply ReadBulk(Fields& fields, const Path& path, const v1::BulkResults& results) {
  BulkReply bulk;
  bulk.first_index = results.first_index();
  bulk.payment_count = results.payment_count();
  bulk.time = core::LedgerTime::FromMicros(results.ledger_time_us());
  bulk.repeated = results.repeated();
  bulk.business_date =
      fields.Parse<core::BusinessDate>({&path, "business_date"}, results.business_date());
  for (const v1::BulkRejection& rejected : results.rejections()) {
    const Path place{&path, "rejections", static_cast<std::int64_t>(bulk.rejections.size())};
    const auto outcome =
        core::OutcomeFromNumber(static_cast<std::uint16_t>(rejected.outcome() & 0xffff));
    if (!outcome.has_value() || *outcome == core::Outcome::kAccepted ||
        rejected.position() >= results.payment_count()) {
      fields.Fail({&place, "outcome"}, "is no rejection of a payment in this bulk");
      break;
    }
    bulk.rejections.push_back({rejected.position(),
                               {.outcome = *outcome,
                                .actual = rejected.detail_actual(),
                                .required = rejected.detail_required()}});
  }
  return bulk;
}

absl::StatusOr<StreamReply::Outcome> ReadOutcome(const v1::StreamReply& reply) {
  switch (reply.result_case()) {
    case v1::StreamReply::kRejection:
      return StatusFor(codec::FromProto(reply.rejection()));
    case v1::StreamReply::kBulk: {
      auto bulk = ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
        return ReadBulk(fields, path, reply.bulk());
      });
      if (!bulk.ok()) return bulk.status();
      return StreamReply::Outcome(*std::move(bulk));
    }
    case v1::StreamReply::kResponse: {
      auto instructions = ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
        return ReadList<InstructionView>(fields, path, "instructions",
                                         reply.response().instructions(), ReadInstruction);
      });
      if (!instructions.ok()) return instructions.status();
      return StreamReply::Outcome(*std::move(instructions));
    }
    case v1::StreamReply::RESULT_NOT_SET:
      break;
  }
  return absl::DataLossError("the ledger's answer does not decode: a reply without content");
}

}  // namespace

EncodedRequest EncodeRequest(core::Envelope envelope, std::span<const std::string> private_data) {
  v1::SubmitRequest request;
  std::string payload = std::move(envelope.payload);
  envelope.payload.clear();
  codec::ToProto(envelope, request.mutable_envelope());
  *request.mutable_envelope()->mutable_payload() = std::move(payload);
  for (const std::string& data : private_data) request.add_private_data(data);
  const std::size_t size = request.ByteSizeLong();
  std::array<char, 1 + kVarintBytesMax> head{};
  head[0] = kRequestField;
  const std::size_t head_size = 1 + PutVarint(size, head.data() + 1);
  auto bytes = std::make_shared<std::string>();
  bytes->reserve(head_size + size);
  bytes->append(head.data(), head_size);
  CW_CHECK(request.AppendToString(bytes.get()), "a request is far smaller than 2 GiB");
  return bytes;
}

class SubmitStream::Reactor final : public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  Reactor(const Connection& connection, SubmitStreamOptions options, OnReply on_reply)
      : connection_(connection),
        options_(options),
        on_reply_(std::move(on_reply)),
        stub_(connection.channel()) {
    connection_.BeginStream(context_);
    stub_.PrepareBidiStreamingCall(&context_, kMethod, {}, this);
    AddHold();  // while this object may start something by itself
    StartRead(&incoming_);
    StartCall();
  }

  Sent Send(std::uint64_t tag, EncodedRequest request, bool wait) {
    const std::size_t size = request->size();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const auto has_room = [&] {
        return closed_ || read_ended_ || pending_.empty() ||
               (pending_.size() < options_.requests_max && bytes_ + size <= options_.bytes_max);
      };
      if (wait) changed_.wait(lock, has_room);
      if (closed_ || read_ended_) return Sent::kEnded;
      if (!has_room()) return Sent::kWindowFull;
      const std::uint64_t number = next_number_++;
      pending_.emplace(number, Pending{tag, size});
      bytes_ += size;
      outgoing_queue_.push_back({number, std::move(request)});
    }
    Advance();
    return Sent::kSent;
  }

  void CloseSending() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    Advance();
  }

  void Cancel() {
    context_.TryCancel();
    CloseSending();
  }

  absl::Status WaitForEnd() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return status_;
  }

  std::vector<std::uint64_t> UnansweredTags() const {
    std::vector<std::uint64_t> tags;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [number, pending] : pending_) tags.push_back(pending.tag);
    std::sort(tags.begin(), tags.end());
    return tags;
  }

  bool ended() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return read_ended_;
  }

  std::size_t in_flight() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return pending_.size();
  }

 private:
  struct Pending {
    std::uint64_t tag = 0;
    std::size_t bytes = 0;
  };
  struct Queued {
    std::uint64_t number = 0;
    EncodedRequest request;
  };

  void OnReadDone(bool ok) override {
    if (ok && Receive()) {
      StartRead(&incoming_);
      return;
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      read_ended_ = true;
    }
    if (ok) context_.TryCancel();
    changed_.notify_all();
    Advance();
  }

  // False when what came is no answer to anything that was asked.
  bool Receive() {
    v1::StreamReply message;
    StreamReply reply;
    const bool decoded =
        grpc::SerializationTraits<v1::StreamReply>::Deserialize(&incoming_, &message).ok();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = decoded ? pending_.find(message.tag()) : pending_.end();
      if (found == pending_.end()) {
        broken_ = absl::DataLossError("the ledger's answer does not decode, or answers nothing");
        return false;
      }
      reply.tag = found->second.tag;
      bytes_ -= found->second.bytes;
      pending_.erase(found);
    }
    changed_.notify_all();
    reply.outcome = ReadOutcome(message);
    on_reply_(std::move(reply));
    return true;
  }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      writing_ = false;
      outgoing_.Clear();
      if (!ok) write_failed_ = true;
    }
    Advance();
  }

  void OnWritesDoneDone(bool) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      writing_ = false;
    }
    Advance();
  }

  void OnDone(const grpc::Status& status) override {
    // Under the lock to the end: who waits for done_ destroys this object.
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!broken_.ok()) {
      status_ = broken_;
    } else if (!status.ok()) {
      status_ = connection_.Error(context_, status);
    } else if (!pending_.empty()) {
      status_ = absl::InternalError(
          fmt::format("the ledger ended the stream with {} requests unanswered", pending_.size()));
    }
    done_ = true;
    changed_.notify_all();
  }

  struct Next {
    bool write = false;
    bool more = false;
    bool close = false;
    bool release = false;
  };

  // Starts what can be started, one thread at a time and without the lock: gRPC may call back from
  // there.
  void Advance() {
    std::unique_lock<std::mutex> lock(mutex_);
    advance_again_ = true;
    if (std::exchange(advancing_, true)) return;
    while (std::exchange(advance_again_, false)) {
      const Next next = Decide();
      if (!next.write && !next.close && !next.release) continue;
      if (next.release) {
        // The last thing that this thread does here: OnDone may follow at once.
        lock.unlock();
        RemoveHold();
        return;
      }
      lock.unlock();
      if (next.write) {
        grpc::WriteOptions options;
        if (next.more) options.set_buffer_hint();
        StartWrite(&outgoing_, options);
      }
      if (next.close) StartWritesDone();
      lock.lock();
    }
    advancing_ = false;
  }

  // With the lock held.
  Next Decide() {
    Next next;
    if (writing_ || released_) return next;
    const bool over = read_ended_ || write_failed_;
    if (!over && !outgoing_queue_.empty()) {
      Queued queued = std::move(outgoing_queue_.front());
      outgoing_queue_.pop_front();
      ByteBuffer message = Message(queued.number, queued.request);
      outgoing_.Swap(&message);
      next.write = writing_ = true;
      next.more = !outgoing_queue_.empty();
    } else if (!over && closed_ && !half_closed_) {
      next.close = writing_ = half_closed_ = true;
    } else if (over || half_closed_) {
      next.release = released_ = true;
    }
    return next;
  }

  const Connection connection_;
  const SubmitStreamOptions options_;
  const OnReply on_reply_;
  GenericStub stub_;
  grpc::ClientContext context_;
  ByteBuffer incoming_;
  ByteBuffer outgoing_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Queued> outgoing_queue_;
  absl::flat_hash_map<std::uint64_t, Pending> pending_;  // by number
  std::uint64_t next_number_ = 1;
  std::size_t bytes_ = 0;
  bool writing_ = false;
  bool closed_ = false;       // by the caller
  bool half_closed_ = false;  // and the server was told
  bool read_ended_ = false;
  bool write_failed_ = false;
  bool released_ = false;
  bool advancing_ = false;
  bool advance_again_ = false;
  bool done_ = false;
  absl::Status broken_;
  absl::Status status_;
};

SubmitStream::SubmitStream(std::unique_ptr<Reactor> reactor) : reactor_(std::move(reactor)) {}

SubmitStream::~SubmitStream() {
  reactor_->Cancel();
  reactor_->WaitForEnd().IgnoreError();
}

bool SubmitStream::Send(std::uint64_t tag, EncodedRequest request) {
  return reactor_->Send(tag, std::move(request), /*wait=*/true) == Sent::kSent;
}

SubmitStream::Sent SubmitStream::TrySend(std::uint64_t tag, EncodedRequest request) {
  return reactor_->Send(tag, std::move(request), /*wait=*/false);
}

void SubmitStream::CloseSending() { reactor_->CloseSending(); }

absl::Status SubmitStream::Finish() {
  reactor_->CloseSending();
  return reactor_->WaitForEnd();
}

void SubmitStream::Cancel() { reactor_->Cancel(); }
bool SubmitStream::ended() const { return reactor_->ended(); }
std::size_t SubmitStream::in_flight() const { return reactor_->in_flight(); }

std::vector<std::uint64_t> SubmitStream::UnansweredTags() const {
  return reactor_->UnansweredTags();
}

std::unique_ptr<SubmitStream> SubmitStream::Open(const Connection& connection,
                                                 SubmitStreamOptions options, OnReply on_reply) {
  return std::unique_ptr<SubmitStream>(
      new SubmitStream(std::make_unique<Reactor>(connection, options, std::move(on_reply))));
}

}  // namespace causeway::client
