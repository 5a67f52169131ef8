#include "central-bank-node/runtime/submit_stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "causeway/v1/ledger_service.pb.h"
#include "central-bank-node/runtime/access.h"
#include "central-bank-node/runtime/ledger_requests.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::node {
namespace {

using grpc::ByteBuffer;

ByteBuffer EncodeReply(const causeway::v1::StreamReply& reply) {
  ByteBuffer bytes;
  bool own = false;
  CW_CHECK(
      grpc::SerializationTraits<causeway::v1::StreamReply>::Serialize(reply, &bytes, &own).ok(),
      "a reply that was just filled encodes");
  return bytes;
}

ByteBuffer RejectedReply(std::uint64_t tag, const core::Rejection& rejection) {
  causeway::v1::StreamReply reply;
  reply.set_tag(tag);
  codec::ToProto(rejection, reply.mutable_rejection());
  return EncodeReply(reply);
}

}  // namespace

class SubmitStreams::Stream final : public Reactor, public std::enable_shared_from_this<Stream> {
 public:
  Stream(SubmitStreams* owner, LedgerRuntime::Entitlement entitled, StreamCaller caller)
      : owner_(owner), entitled_(std::move(entitled)), caller_(std::move(caller)) {}
  // What a stream that broke off had not answered.
  ~Stream() override { caller_.account->Release(bytes_); }

  void Start() { Advance(); }

  void End(const grpc::Status& status) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
      end_status_ = status;
    }
    Advance();
  }

  // Tries again what was held back.
  void Retry() {
    ByteBuffer request;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!std::exchange(holding_, false)) return;
      request.Swap(&held_);
      if (cancelled_) return;
      // Nothing is read meanwhile: the next request may have to be held too, in the same place.
      retrying_ = true;
    }
    const std::function<void()> work = Take(request);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      retrying_ = false;
    }
    Advance();
    if (work) work();
  }

 private:
  void OnReadDone(bool ok) override {
    ByteBuffer request;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!ok || finished_) {
        half_closed_ = true;
        reading_ = false;
      } else {
        request.Swap(&incoming_);
        requests_ += 1;
        bytes_ += request.Length();
        caller_.account->Add(request.Length());
      }
    }
    std::function<void()> work;
    if (request.Valid()) {
      work = Take(request);
      const std::lock_guard<std::mutex> lock(mutex_);
      reading_ = false;
    }
    Advance();
    if (work) work();  // the next request is read meanwhile
  }

  void OnWriteDone(bool ok) override {
    std::size_t taken = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      writing_ = false;
      taken = outgoing_bytes_;
      outgoing_.Clear();
      requests_ -= 1;
      bytes_ -= taken;
      if (!ok) cancelled_ = true;
    }
    caller_.account->Release(taken);
    Advance();
  }

  void OnCancel() override {
    cancelled_ = true;
    Advance();
  }

  void OnDone() override { owner_->Remove(this); }

  // Gives one request, which the window counts, to the runtime. What is left to do for it.
  std::function<void()> Take(ByteBuffer bytes) {
    const std::size_t size = bytes.Length();
    ByteBuffer kept(bytes);  // shares what arrived
    causeway::v1::StreamRequest request;
    if (!grpc::SerializationTraits<causeway::v1::StreamRequest>::Deserialize(&bytes, &request)
             .ok()) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        requests_ -= 1;
        bytes_ -= size;
        ending_ = true;
        end_status_ =
            grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the message is no StreamRequest");
      }
      caller_.account->Release(size);
      return nullptr;
    }
    const std::uint64_t tag = request.tag();
    ItemOrRefusal item = StreamItemOf(std::move(*request.mutable_request()));
    if (const auto* refused = std::get_if<core::Rejection>(&item)) {
      Reply(size, RejectedReply(tag, *refused));
      return nullptr;
    }
    std::vector<core::Item> items;
    items.push_back(std::get<core::Item>(std::move(item)));
    // Of this thread alone.
    struct Offer {
      bool under_way = true;
      bool no_room = false;
    };
    const auto offer = std::make_shared<Offer>();
    std::function<void()> work = owner_->runtime_->SubmitOrWork(
        std::move(items), entitled_,
        [self = shared_from_this()] { return self->cancelled_.load(); },
        [self = shared_from_this(), tag, size, caller = std::this_thread::get_id(),
         offer](std::vector<ItemReply> replies) {
          const core::ItemResult& result = replies.front().result;
          if (result.refused && result.refused->outcome == core::Outcome::kOverloaded &&
              std::this_thread::get_id() == caller && offer->under_way) {
            offer->no_room = true;
            return;
          }
          self->Answer(tag, size, replies.front());
        },
        caller_.name);
    offer->under_way = false;
    if (offer->no_room) Hold(tag, kept);
    return work;
  }

  void Hold(std::uint64_t tag, ByteBuffer request) {
    bool hold = false;
    const std::size_t size = request.Length();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      hold = !ending_ && !cancelled_;
      if (hold) {
        holding_ = true;
        held_.Swap(&request);
      }
    }
    if (hold) {
      owner_->Hold(shared_from_this());
      return;
    }
    Reply(size,
          RejectedReply(tag, Refusal(core::Outcome::kUnavailable,
                                     "the node is stopping; nothing was recorded, try again once "
                                     "it is back")));
  }

  void Answer(std::uint64_t tag, std::size_t request_bytes, const ItemReply& outcome) {
    causeway::v1::StreamReply reply;
    reply.set_tag(tag);
    ToReply(outcome, &reply);
    Reply(request_bytes, EncodeReply(reply));
    Advance();
    owner_->MadeRoom();
  }

  void Reply(std::size_t request_bytes, const ByteBuffer& bytes) {
    const std::size_t reply_bytes = bytes.Length();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      replies_.push_back(bytes);
      bytes_ += reply_bytes;
      bytes_ -= request_bytes;
    }
    caller_.account->Add(reply_bytes);
    caller_.account->Release(request_bytes);
  }

  struct Next {
    bool write = false;
    bool more = false;  // another write follows at once
    bool read = false;
    bool finish = false;
    grpc::Status status;
  };

  // Does what can be done next, one thread at a time: gRPC is called without the lock, may call
  // back from there, and must not be called once Finish was.
  void Advance() {
    const std::shared_ptr<Stream> self = shared_from_this();
    std::unique_lock<std::mutex> lock(mutex_);
    advance_again_ = true;
    if (std::exchange(advancing_, true)) return;
    while (std::exchange(advance_again_, false)) {
      const Next next = Decide();
      lock.unlock();
      if (next.write) {
        grpc::WriteOptions options;
        if (next.more) options.set_buffer_hint();
        StartWrite(&outgoing_, options);
      }
      if (next.read) StartRead(&incoming_);
      if (next.finish) Finish(next.status);
      lock.lock();
    }
    advancing_ = false;
  }

  // With the lock held.
  Next Decide() {
    Next next;
    if (finished_) return next;
    if (cancelled_) {
      next.finish = finished_ = !writing_;
      next.status = grpc::Status(grpc::StatusCode::CANCELLED, "the caller went away");
      return next;
    }
    if (!writing_ && !replies_.empty()) {
      next.write = writing_ = true;
      outgoing_.Swap(&replies_.front());
      outgoing_bytes_ = outgoing_.Length();
      replies_.pop_front();
      next.more = !replies_.empty();
    }
    const bool reads_on = !half_closed_ && !ending_;
    if (reads_on && !reading_ && !holding_ && !retrying_ && requests_ < kStreamRequestsMax &&
        bytes_ < kStreamBytesMax && CallerHasRoom()) {
      next.read = reading_ = true;
    }
    if (!reads_on && requests_ == 0) {
      next.finish = finished_ = true;
      next.status = end_status_;
    }
    return next;
  }

  // With the lock held. Without room it is advanced again when there may be.
  bool CallerHasRoom() {
    if (waits_for_caller_) return false;
    waits_for_caller_ = !caller_.account->HasRoomOrWaits([stream = weak_from_this()] {
      const std::shared_ptr<Stream> self = stream.lock();
      if (self == nullptr) return;
      {
        const std::lock_guard<std::mutex> lock(self->mutex_);
        self->waits_for_caller_ = false;
      }
      self->Advance();
    });
    return !waits_for_caller_;
  }

  SubmitStreams* const owner_;
  const LedgerRuntime::Entitlement entitled_;
  const StreamCaller caller_;
  std::atomic<bool> cancelled_{false};

  std::mutex mutex_;
  ByteBuffer incoming_;  // gRPC's while reading_
  ByteBuffer outgoing_;  // gRPC's while writing_
  std::size_t outgoing_bytes_ = 0;
  ByteBuffer held_;
  std::deque<ByteBuffer> replies_;
  // Read and not yet answered to the client: requests, and what is held of each, first its own
  // bytes and then its reply's.
  std::size_t requests_ = 0;
  std::size_t bytes_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool holding_ = false;
  bool retrying_ = false;
  bool waits_for_caller_ = false;
  bool half_closed_ = false;  // the client sends no more
  bool ending_ = false;
  bool finished_ = false;
  bool advancing_ = false;
  bool advance_again_ = false;
  grpc::Status end_status_;  // OK: the client ended it
};

SubmitStreams::SubmitStreams(LedgerRuntime* runtime)
    : runtime_(runtime), retrier_([this] { RetryHeld(); }) {}

SubmitStreams::~SubmitStreams() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CW_CHECK(streams_.empty(), "the server must be shut down before its streams go");
    stopping_ = true;
  }
  changed_.notify_all();
  retrier_.join();
}

SubmitStreams::Reactor* SubmitStreams::Open(LedgerRuntime::Entitlement entitled,
                                            StreamCaller caller) {
  auto stream = std::make_shared<Stream>(this, std::move(entitled), std::move(caller));
  bool end = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    streams_.emplace(stream.get(), stream);
    end = ending_;
  }
  if (end) {
    stream->End(end_status_);
  } else {
    stream->Start();
  }
  return stream.get();
}

SubmitStreams::Reactor* SubmitStreams::Refuse(const grpc::Status& status) {
  class Refused final : public Reactor {
   public:
    explicit Refused(const grpc::Status& refusal) { Finish(refusal); }
    void OnDone() override { delete this; }
  };
  return new Refused(status);
}

void SubmitStreams::EndAll(const grpc::Status& status) {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (std::exchange(ending_, true)) return;
    end_status_ = status;
    for (const auto& [key, stream] : streams_) streams.push_back(stream);
  }
  for (const std::shared_ptr<Stream>& stream : streams) {
    stream->End(status);
    stream->Retry();
  }
}

void SubmitStreams::Remove(Stream* stream) {
  std::shared_ptr<Stream> last;  // goes after the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = streams_.find(stream);
  last = std::move(found->second);
  streams_.erase(found);
}

void SubmitStreams::Hold(std::shared_ptr<Stream> stream) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    holding_.push_back(std::move(stream));
    somebody_holds_ = true;
  }
  changed_.notify_all();
}

void SubmitStreams::MadeRoom() {
  if (!somebody_holds_) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    room_ = true;
  }
  changed_.notify_all();
}

void SubmitStreams::RetryHeld() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !holding_.empty(); });
    if (stopping_) return;
    changed_.wait_for(lock, kHeldRetryInterval, [this] { return stopping_ || room_; });
    room_ = false;
    std::deque<std::shared_ptr<Stream>> streams;
    streams.swap(holding_);
    somebody_holds_ = false;
    lock.unlock();
    for (const std::shared_ptr<Stream>& stream : streams) stream->Retry();
    streams.clear();
    lock.lock();
  }
}

}  // namespace causeway::node
