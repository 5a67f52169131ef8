// The low-level functions of SHA-256 are deprecated in OpenSSL 3 in favour of EVP, and there.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "settlement/core/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <cstring>
#include <memory>
#include <string>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

// Looking an algorithm up by name takes locks and costs more than hashing a small message, so it is
// fetched once. It lives until the process ends: threads may outlive static destruction.
EVP_MAC* FetchedHmac() {
  static EVP_MAC* const kHmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CW_CHECK(kHmac != nullptr, "libcrypto offers no HMAC");
  return kHmac;
}

struct MacContextDeleter {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, MacContextDeleter>;

MacContext NewHmacSha256Context() {
  MacContext context(EVP_MAC_CTX_new(FetchedHmac()));
  CW_CHECK(context != nullptr, "no memory for a MAC context");
  char digest_name[] = "SHA256";
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end()};
  CW_CHECK(EVP_MAC_CTX_set_params(context.get(), params.data()) == 1, "HMAC refused SHA-256");
  return context;
}

// A context and the key that it was given.
struct KeyedContext {
  std::string key;
  MacContext context;
};
constexpr std::size_t kKeyedContextsMax = 8;

// A context at the beginning of a message under that key. Setting a key costs more than a short
// message, and one key makes many in a row; so each thread keeps the contexts of the last keys.
// They hold nothing else between calls: results depend on the arguments alone.
EVP_MAC_CTX* ContextOf(std::string_view key) {
  thread_local std::array<KeyedContext, kKeyedContextsMax> contexts;
  thread_local std::size_t next = 0;
  for (const KeyedContext& each : contexts) {
    if (each.context == nullptr || each.key != key) continue;
    CW_CHECK(EVP_MAC_init(each.context.get(), nullptr, 0, nullptr) == 1, "HMAC begins again");
    return each.context.get();
  }
  KeyedContext& chosen = contexts[next];
  next = (next + 1) % kKeyedContextsMax;
  if (chosen.context == nullptr) chosen.context = NewHmacSha256Context();
  chosen.key = key;
  // A null key would mean "the previous one" to OpenSSL; an empty key is a key too.
  static const unsigned char kEmpty = 0;
  const auto* const bytes =
      key.empty() ? &kEmpty : reinterpret_cast<const unsigned char*>(key.data());
  CW_CHECK(EVP_MAC_init(chosen.context.get(), bytes, key.size(), nullptr) == 1,
           "HMAC takes a key of any size");
  return chosen.context.get();
}

SHA256_CTX* ContextIn(std::array<std::byte, sizeof(SHA256_CTX)>& bytes) {
  return reinterpret_cast<SHA256_CTX*>(bytes.data());
}

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void Sha256Hasher::Reset() {
  static_assert(sizeof(context_) == sizeof(SHA256_CTX) && alignof(SHA256_CTX) <= 8);
  SHA256_Init(ContextIn(context_));
}

Sha256Hasher& Sha256Hasher::Update(std::string_view bytes) {
  SHA256_Update(ContextIn(context_), bytes.data(), bytes.size());
  return *this;
}

Hash256 Sha256Hasher::Finish() {
  Hash256 digest;
  SHA256_Final(digest.bytes.data(), ContextIn(context_));
  Reset();
  return digest;
}

void Sha256Padded(const char* messages, std::size_t blocks, std::span<Hash256> digests) {
  SHA256_CTX context;
  for (Hash256& digest : digests) {
    SHA256_Init(&context);
    // Whole blocks are not buffered, and the state after the last is the digest.
    SHA256_Update(&context, messages, blocks * kSha256BlockBytes);
    for (std::size_t word = 0; word < digest.bytes.size() / 4; ++word) {
      const std::uint32_t big_endian = __builtin_bswap32(context.h[word]);
      std::memcpy(digest.bytes.data() + 4 * word, &big_endian, sizeof(big_endian));
    }
    messages += blocks * kSha256BlockBytes;
  }
}

Hash256 Sha256(std::string_view bytes) { return Sha256Hasher().Update(bytes).Finish(); }

Hash256 HmacSha256(std::string_view key, std::string_view message) {
  EVP_MAC_CTX* const context = ContextOf(key);
  Hash256 mac;
  std::size_t size = 0;
  CW_CHECK(EVP_MAC_update(context, Data(message), message.size()) == 1 &&
               EVP_MAC_final(context, mac.bytes.data(), &size, mac.bytes.size()) == 1 &&
               size == mac.bytes.size(),
           "HMAC-SHA-256 failed");
  return mac;
}

}  // namespace causeway::core
