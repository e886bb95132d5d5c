/// The system's trusted roots as a file of PEM certificates, opened only when it is read.
#pragma once
#include <string>

#include "handsync/hal/trust.h"

namespace handsync {

class SystemTrust final : public hal::Trust {
 public:
  explicit SystemTrust(std::string path = "/etc/ssl/certs/ca-certificates.crt") : path_(std::move(path)) {}
  Result<std::size_t> roots_pem(std::size_t offset, Room) override;

 private:
  std::string path_;
};

}  // namespace handsync
