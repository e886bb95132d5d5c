/// Puts a Server on a TLS port of the loopback, in a thread of its own: keep-alive, gzip when asked, session tickets.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "exchange/server.h"

namespace exchange {

/// Certificates a client must refuse, for tests.
enum class CertificateKind : std::uint8_t { kGood, kWrongName, kExpired, kSelfSigned, kUnknownCa };
CertificateKind certificate_kind(
    const std::string& name);  ///< "good", "wrong-name", "expired", "self-signed", "unknown-ca"

struct ListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = any
  std::string state_dir;   ///< identity, ticket key, mailboxes; empty: a temporary folder that goes with the listener
  CertificateKind certificate = CertificateKind::kGood;
  std::string client_ca;  ///< PEM file: clients have to show a certificate of this authority; empty: none is asked for
};

class Listener {
 public:
  /// Opens the port and starts the thread. Throws std::runtime_error with a sentence (port in use, folder not
  /// writable).
  Listener(Options options, ListenerOptions listener = {});
  ~Listener();  ///< closes every connection; saves when there is a state folder
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const;
  std::string url() const;           ///< https://localhost:PORT/Microsoft-Server-ActiveSync
  std::string autodiscover() const;  ///< https://localhost:PORT/autodiscover/autodiscover.xml
  std::string ca_path() const;       ///< the CA's certificate, PEM

  /// Runs `job` on the server's thread at the present time and waits for it. An exception of the job is thrown here.
  void call(const std::function<void(Server&)>& job);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exchange
