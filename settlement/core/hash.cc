#include "settlement/core/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstddef>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

// Looking an algorithm up by name takes locks and costs more than hashing a small message, so each
// is fetched once. They live until the process ends: threads may outlive static destruction.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CW_CHECK(kSha256 != nullptr, "libcrypto offers no SHA-256");
  return kSha256;
}

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

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void Sha256Hasher::Deleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  CW_CHECK(context_ != nullptr, "no memory for a digest context");
  Reset();
}

void Sha256Hasher::Reset() {
  CW_CHECK(EVP_DigestInit_ex2(context_.get(), FetchedSha256(), nullptr) == 1,
           "SHA-256 did not start");
}

Sha256Hasher& Sha256Hasher::Update(std::string_view bytes) {
  CW_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
           "SHA-256 did not take its input");
  return *this;
}

Hash256 Sha256Hasher::Finish() {
  Hash256 digest;
  unsigned int size = 0;
  CW_CHECK(EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), &size) == 1 &&
               size == digest.bytes.size(),
           "SHA-256 did not finish");
  Reset();
  return digest;
}

// One context a thread: the functions stay free of arguments that callers would have to carry
// around, and pay for a context once. It holds no state between calls, so results depend on the
// arguments alone.
Hash256 Sha256(std::string_view bytes) {
  thread_local Sha256Hasher hasher;
  return hasher.Update(bytes).Finish();
}

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
