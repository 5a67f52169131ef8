// A certification authority for one run: it makes the certificates of a corridor on loopback and is
// forgotten with it. Certificates are X.509 on P-256 and name their participant as rpc/peer.h asks.
// Not for anything that outlives a test: its key is in this process's memory only, and nobody can
// revoke what it issued.
#ifndef CAUSEWAY_SCENARIOS_LIVE_CERTIFICATE_AUTHORITY_H_
#define CAUSEWAY_SCENARIOS_LIVE_CERTIFICATE_AUTHORITY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"

namespace causeway::sim {

// How long certificates are valid, from a little before they were made.
inline constexpr int kCertificateValiditySeconds = 7 * 24 * 3600;

struct IssuedCertificate {
  std::string certificate_pem;
  std::string private_key_pem;  // PKCS#8, unencrypted
};

// Not synchronised.
class CertificateAuthority {
 public:
  // Draws a key and signs its own certificate under `name` (1 to 64 characters).
  static absl::StatusOr<CertificateAuthority> Create(std::string_view name);

  const std::string& certificate_pem() const { return certificate_pem_; }

  // A certificate with a key of its own for `participant`, good for TLS clients; with `on_loopback`
  // also for a server at localhost, 127.0.0.1 and ::1.
  absl::StatusOr<IssuedCertificate> Issue(const core::ParticipantId& participant, bool on_loopback);

 private:
  CertificateAuthority(std::string name, std::unique_ptr<core::SoftwareSigner> key);

  std::string name_;
  std::unique_ptr<core::SoftwareSigner> key_;
  std::string certificate_pem_;
  std::int64_t serial_ = 0;  // of the latest certificate
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_CERTIFICATE_AUTHORITY_H_
