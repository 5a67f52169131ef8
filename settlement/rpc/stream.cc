#include "settlement/rpc/stream.h"

#include <utility>

#include "settlement/core/check.h"

namespace causeway::rpc {

StreamHub::StreamHub(int threads) {
  CW_CHECK(threads >= 1, "somebody must feed the streams");
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

StreamHub::~StreamHub() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CW_CHECK(streams_.empty(), "the server must be shut down before the hub goes");
    stopping_ = true;
  }
  queued_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void StreamHub::Add(std::shared_ptr<Stream> stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Stream* const key = stream.get();
  streams_.emplace(key, std::move(stream));
  Enqueue(key);
}

void StreamHub::Wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [stream, owner] : streams_) {
    if (stream->state == Stream::State::kWaiting) Enqueue(stream);
    stream->woken = true;
  }
}

void StreamHub::EndAll(const grpc::Status& status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ending_ = true;
  end_status_ = status;
  for (const auto& [stream, owner] : streams_) {
    if (stream->state == Stream::State::kWaiting) Enqueue(stream);
  }
}

void StreamHub::OnWritten(Stream* stream, bool ok) {
  const std::lock_guard<std::mutex> lock(mutex_);
  CW_CHECK(stream->state == Stream::State::kWriting, "one message is under way at a time");
  if (!ok) stream->cancelled = true;
  Enqueue(stream);
}

void StreamHub::OnCancelled(Stream* stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stream->cancelled = true;
  if (stream->state == Stream::State::kWaiting) Enqueue(stream);
}

void StreamHub::Enqueue(Stream* stream) {
  const auto found = streams_.find(stream);
  CW_CHECK(found != streams_.end(), "only streams that have not ended are queued");
  stream->state = Stream::State::kQueued;
  queue_.push_back(found->second);
  queued_.notify_one();
}

bool StreamHub::MustEnd(const Stream& stream, grpc::Status* status) const {
  if (stream.cancelled) {
    *status = grpc::Status(grpc::StatusCode::CANCELLED, "the caller went away");
    return true;
  }
  if (ending_) *status = end_status_;
  return ending_;
}

void StreamHub::Work() {
  for (;;) {
    std::shared_ptr<Stream> stream;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      queued_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      stream = std::move(queue_.front());
      queue_.pop_front();
    }
    Turn(stream);
  }
}

void StreamHub::Turn(const std::shared_ptr<Stream>& stream) {
  grpc::Status status;
  bool end = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stream->state = Stream::State::kPulling;
    stream->woken = false;
    end = MustEnd(*stream, &status);
  }
  Pull pull = end ? Pull::kEnd : stream->PullNext(&status);
  // A first message brings the initial metadata with it. Told before the stream can be in other
  // hands: here it is still this thread's.
  if (pull != Pull::kEnd && !std::exchange(stream->open, true) && pull == Pull::kNothing) {
    stream->Open();
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (pull != Pull::kEnd && MustEnd(*stream, &status)) pull = Pull::kEnd;
    switch (pull) {
      case Pull::kNothing:
        stream->state = Stream::State::kWaiting;
        if (stream->woken) Enqueue(stream.get());
        return;
      case Pull::kMessage:
        stream->state = Stream::State::kWriting;
        break;
      case Pull::kEnd:
        stream->state = Stream::State::kEnded;
        streams_.erase(stream.get());
        break;
    }
  }
  // gRPC is called without the lock: it may call back from here.
  if (pull == Pull::kMessage) {
    stream->Write();
  } else {
    stream->End(status);
  }
}

}  // namespace causeway::rpc
