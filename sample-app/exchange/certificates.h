/// The server's certificates, made when it starts: a CA, and a leaf that names localhost, each user's domain and
/// autodiscover.DOMAIN.
#pragma once
#include <string>
#include <vector>

#include "exchange/listener.h"

namespace exchange {

struct Identity {
  std::string ca_pem, ca_key_pem;          ///< what a client is to trust
  std::string server_pem, server_key_pem;  ///< what the server shows
};

/// `stored` with its CA filled in keeps that CA. Throws std::runtime_error.
Identity make_identity(const std::vector<std::string>& host_names, CertificateKind kind, Identity stored = {});

}  // namespace exchange
