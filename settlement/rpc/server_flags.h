// The flags that every server program has, and those of commands that ask a running one. Only for
// main.cc files: this library itself knows no command line, so that all of it stands here.
#ifndef CAUSEWAY_SETTLEMENT_RPC_SERVER_FLAGS_H_
#define CAUSEWAY_SETTLEMENT_RPC_SERVER_FLAGS_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "settlement/rpc/server.h"

namespace causeway::rpc {

// The exit status for a command line that is wrong (sysexits.h).
inline constexpr int kExitUsage = 64;

// Adds --listen, --ready-file, --tls-cert, --tls-key, --tls-ca and --insecure to `run`. Parsing
// fills `options`, which must outlive it; it is an error to give neither TLS nor --insecure, or
// both.
inline void AddServerFlags(CLI::App& run, ServerOptions& options) {
  auto tls = std::make_shared<TlsFiles>();
  run.add_option("--listen", options.listen, "HOST:PORT; port 0: any free one")->required();
  CLI::Option* cert = run.add_option("--tls-cert", tls->certificate_file, "Own certificate, PEM");
  CLI::Option* key = run.add_option("--tls-key", tls->private_key_file, "Its private key, PEM");
  CLI::Option* ca = run.add_option("--tls-ca", tls->ca_file, "Authority of the others, PEM");
  cert->needs(key, ca);
  key->needs(cert, ca);
  ca->needs(cert, key);
  auto insecure = std::make_shared<bool>(false);
  run.add_flag("--insecure", *insecure, "No TLS; on loopback addresses only")->excludes(cert);
  run.add_option("--ready-file", options.ready_file, "Gets HOST:PORT once serving");
  run.callback([tls, cert, insecure, &options] {
    if (*insecure) return;
    if (cert->count() == 0) {
      throw CLI::RequiredError("--tls-cert, --tls-key and --tls-ca (or --insecure on loopback)");
    }
    options.tls = *tls;
  });
}

// How a command reaches a running server.
struct ClientOptions {
  std::string address;          // "host:port"
  std::optional<TlsFiles> tls;  // unset: plain text, on loopback only
};

// Adds `address_flag` ("--ledger", "--address"), --tls-cert, --tls-key, --tls-ca and --insecure to
// `command`, whose `certificate` is whose it must be. Parsing fills `options`, which must outlive
// it; it is an error to give neither TLS nor --insecure, or both.
inline void AddClientFlags(CLI::App& command, const std::string& address_flag,
                           const std::string& certificate, ClientOptions& options) {
  auto tls = std::make_shared<TlsFiles>();
  auto insecure = std::make_shared<bool>(false);
  command.add_option(address_flag, options.address, "HOST:PORT of the running program")->required();
  command.add_option("--tls-cert", tls->certificate_file, certificate + ", PEM");
  command.add_option("--tls-key", tls->private_key_file, "Its private key, PEM");
  command.add_option("--tls-ca", tls->ca_file, "Authority of the other side's certificate, PEM");
  command.add_flag("--insecure", *insecure, "No TLS; on loopback addresses only");
  command.callback([tls, insecure, &options] {
    const bool whole =
        !tls->certificate_file.empty() && !tls->private_key_file.empty() && !tls->ca_file.empty();
    if (whole == *insecure) {
      throw CLI::RequiredError("--tls-cert, --tls-key and --tls-ca (or --insecure on loopback)");
    }
    if (whole) options.tls = *tls;
  });
}

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_SERVER_FLAGS_H_
