// The streams of SubmitStream: requests as they come, replies as outcomes become durable. Each
// stream has a window; a request counts from when it was read until its reply was taken by the
// client, first with its own bytes and then with its reply's, and nothing is read beyond the
// window, nor beyond what its caller may have under way over all of its streams. A request that the
// runtime has no room for is held back, and its stream with it, until there is room: nothing is
// refused for load alone.
//
// Messages are read and written as bytes: what is held back costs a reference to what arrived, and
// a payload is copied once on its way from the connection to the ledger. Includes grpcpp: for the
// service's .cc.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SUBMIT_STREAM_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SUBMIT_STREAM_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "central-bank-node/runtime/caller_accounts.h"
#include "central-bank-node/runtime/ledger_runtime.h"

namespace causeway::node {

// The window of one stream: requests and their bytes.
inline constexpr std::size_t kStreamRequestsMax = 4096;
inline constexpr std::size_t kStreamBytesMax = std::size_t{32} * 1024 * 1024;
// How long a request that is held back waits at most before it is tried again; sooner when a reply
// of any stream makes room.
inline constexpr std::chrono::milliseconds kHeldRetryInterval{2};

// Thread-safe. Must outlive the server whose calls it serves, and the runtime's work: stop both
// first.
class SubmitStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  // `runtime` must outlive it.
  explicit SubmitStreams(LedgerRuntime* runtime);
  ~SubmitStreams();
  SubmitStreams(const SubmitStreams&) = delete;
  SubmitStreams& operator=(const SubmitStreams&) = delete;

  // Whose stream it is.
  struct StreamCaller {
    std::string name;  // as LedgerRuntime::Submit has it
    std::shared_ptr<CallerAccount> account;
    CallerAccount::Opened opened;
  };
  // What a handler of the callback API returns: a stream for what `entitled` lets pass.
  Reactor* Open(LedgerRuntime::Entitlement entitled, StreamCaller caller);
  // A stream that ends at once with `status`, which is an error.
  static Reactor* Refuse(const grpc::Status& status);

  // Every stream reads no more, answers what it has read, and ends with `status`; those opened
  // later end at once.
  void EndAll(const grpc::Status& status);

 private:
  class Stream;

  void Remove(Stream* stream);
  // `stream` has a request that the runtime had no room for.
  void Hold(std::shared_ptr<Stream> stream);
  // Something was answered: there may be room.
  void MadeRoom();
  void RetryHeld();

  LedgerRuntime* const runtime_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Stream*, std::shared_ptr<Stream>> streams_;
  std::deque<std::shared_ptr<Stream>> holding_;
  std::atomic<bool> somebody_holds_{false};
  bool room_ = false;
  bool ending_ = false;
  bool stopping_ = false;
  grpc::Status end_status_;
  std::thread retrier_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SUBMIT_STREAM_H_
