// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (FIPS 198-1), by OpenSSL.
//
// The functions and Sha256Hasher cannot fail on valid input; a libcrypto without SHA-256 stops the
// process at first use. The free functions may be called from any thread; a Sha256Hasher belongs to
// one thread at a time.
#ifndef CAUSEWAY_SETTLEMENT_CORE_HASH_H_
#define CAUSEWAY_SETTLEMENT_CORE_HASH_H_

#include <memory>
#include <string_view>

#include "settlement/core/bytes.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX: no OpenSSL header reaches our users

namespace causeway::core {

// Incremental SHA-256. Keeps one OpenSSL context for its whole life, because setting one up costs
// more than hashing a small message; so keep a hasher and reuse it.
//
//   Sha256Hasher hasher;
//   hasher.Update(a).Update(b);
//   Hash256 digest = hasher.Finish();  // SHA-256(a || b); the hasher is then as new
//
// Move-only. A moved-from hasher may only be destroyed or assigned to.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher() = default;
  Sha256Hasher(Sha256Hasher&&) noexcept = default;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept = default;
  Sha256Hasher(const Sha256Hasher&) = delete;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;

  // Forgets what was given since the last Finish.
  void Reset();
  // Appends to the message.
  Sha256Hasher& Update(std::string_view bytes);
  // The digest of the message so far; the next Update begins a new message.
  Hash256 Finish();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

// SHA-256 of `bytes`.
Hash256 Sha256(std::string_view bytes);

// HMAC-SHA-256 of `message` under `key`, which may have any length but should have 32 bytes or
// more.
Hash256 HmacSha256(std::string_view key, std::string_view message);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_HASH_H_
