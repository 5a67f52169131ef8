// Server streams that go at their client's pace. A source is asked for the next message only when
// the one before has left; between messages nothing is buffered, so a slow client costs one message
// of memory and no more. Sources may read the disk: they run on the hub's threads, never on gRPC's.
//
// For the .cc files of services: this header includes grpcpp.
#ifndef CAUSEWAY_SETTLEMENT_RPC_STREAM_H_
#define CAUSEWAY_SETTLEMENT_RPC_STREAM_H_

#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace causeway::rpc {

// What a source has: a message; nothing at the moment (it is asked again after StreamHub::Wake); or
// the end, with the status that the client gets.
// A client gets the initial metadata when its source was first asked: what happens after that is in
// the stream.
enum class Pull { kMessage, kNothing, kEnd };

template <typename Message>
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  // Fills `message` (empty before) or `status`. One call at a time for each source. The call's
  // server context is alive during it.
  virtual Pull Next(Message* message, grpc::Status* status) = 0;
};

// The streams of one service and the threads that feed them. Thread-safe. Must outlive the server
// whose calls it serves; destroy it after Server::Shutdown.
class StreamHub {
 public:
  explicit StreamHub(int threads);
  ~StreamHub();
  StreamHub(const StreamHub&) = delete;
  StreamHub& operator=(const StreamHub&) = delete;

  // A stream fed by `source`: what a handler of the callback API returns.
  template <typename Message>
  grpc::ServerWriteReactor<Message>* Open(std::unique_ptr<StreamSource<Message>> source);

  // A stream that ends at once with `status`, which is an error.
  template <typename Message>
  grpc::ServerWriteReactor<Message>* Refuse(const grpc::Status& status);

  // There may be news: every stream that waits is asked again.
  void Wake();
  // Every stream, and those opened later, ends with `status` as soon as its client has taken the
  // message under way.
  void EndAll(const grpc::Status& status);

 private:
  template <typename Message>
  class Reactor;

  class Stream {
   public:
    virtual ~Stream() = default;
    virtual Pull PullNext(grpc::Status* status) = 0;
    virtual void Write() = 0;
    virtual void Open() = 0;
    virtual void End(const grpc::Status& status) = 0;

    // Guarded by the hub's mutex. A stream is in exactly one place: the queue, a worker's hands,
    // gRPC's (writing), or waiting for news.
    enum class State { kQueued, kPulling, kWriting, kWaiting, kEnded };
    State state = State::kQueued;
    bool open = false;   // the client has been told that it is
    bool woken = false;  // news came while it was being asked
    bool cancelled = false;
  };

  void Add(std::shared_ptr<Stream> stream);
  void OnWritten(Stream* stream, bool ok);
  void OnCancelled(Stream* stream);
  // Both with mutex_ held.
  void Enqueue(Stream* stream);
  bool MustEnd(const Stream& stream, grpc::Status* status) const;
  void Work();
  // One turn of a stream: asks it and does what follows.
  void Turn(const std::shared_ptr<Stream>& stream);

  std::mutex mutex_;
  std::condition_variable queued_;
  std::deque<std::shared_ptr<Stream>> queue_;
  std::map<Stream*, std::shared_ptr<Stream>> streams_;
  bool ending_ = false;
  bool stopping_ = false;
  grpc::Status end_status_;
  std::vector<std::thread> threads_;
};

template <typename Message>
class StreamHub::Reactor final : public grpc::ServerWriteReactor<Message>,
                                 public StreamHub::Stream {
 public:
  Reactor(StreamHub* hub, std::unique_ptr<StreamSource<Message>> source)
      : hub_(hub), source_(std::move(source)) {}

  // gRPC may call back until OnDone: the reactor keeps itself alive until then.
  void KeepUntilDone(std::shared_ptr<Reactor> self) { self_ = std::move(self); }

 private:
  Pull PullNext(grpc::Status* status) override {
    message_.Clear();
    return source_->Next(&message_, status);
  }
  void Write() override { this->StartWrite(&message_); }
  void Open() override { this->StartSendInitialMetadata(); }
  void End(const grpc::Status& status) override { this->Finish(status); }

  void OnWriteDone(bool ok) override { hub_->OnWritten(this, ok); }
  void OnCancel() override { hub_->OnCancelled(this); }
  void OnDone() override { const std::shared_ptr<Reactor> last = std::move(self_); }

  StreamHub* const hub_;
  const std::unique_ptr<StreamSource<Message>> source_;
  Message message_;
  std::shared_ptr<Reactor> self_;
};

template <typename Message>
grpc::ServerWriteReactor<Message>* StreamHub::Open(std::unique_ptr<StreamSource<Message>> source) {
  auto reactor = std::make_shared<Reactor<Message>>(this, std::move(source));
  reactor->KeepUntilDone(reactor);
  Add(reactor);
  return reactor.get();
}

template <typename Message>
grpc::ServerWriteReactor<Message>* StreamHub::Refuse(const grpc::Status& status) {
  class Refused final : public StreamSource<Message> {
   public:
    explicit Refused(grpc::Status status) : status_(std::move(status)) {}
    Pull Next(Message*, grpc::Status* end) override {
      *end = status_;
      return Pull::kEnd;
    }

   private:
    const grpc::Status status_;
  };
  return Open<Message>(std::make_unique<Refused>(status));
}

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_STREAM_H_
