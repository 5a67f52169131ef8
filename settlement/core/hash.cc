// The low-level functions of SHA-256 are deprecated in OpenSSL 3 in favour of EVP, and there.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "settlement/core/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <cstring>
#include <memory>

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

// One context a thread: it holds no state between calls, so results depend on the arguments alone.
Hash256 HmacSha256(std::string_view key, std::string_view message) {
  thread_local const MacContext context = NewHmacSha256Context();
  // A null key would mean "the previous one" to OpenSSL; an empty key is a key too.
  static const unsigned char kEmpty = 0;
  const unsigned char* key_data = key.empty() ? &kEmpty : Data(key);
  Hash256 mac;
  std::size_t size = 0;
  CW_CHECK(EVP_MAC_init(context.get(), key_data, key.size(), nullptr) == 1 &&
               EVP_MAC_update(context.get(), Data(message), message.size()) == 1 &&
               EVP_MAC_final(context.get(), mac.bytes.data(), &size, mac.bytes.size()) == 1 &&
               size == mac.bytes.size(),
           "HMAC-SHA-256 failed");
  return mac;
}

}  // namespace causeway::core
