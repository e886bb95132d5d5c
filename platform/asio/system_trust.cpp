#include "asio/system_trust.h"

#include <cstdio>
#include <memory>

namespace handsync {

Result<std::size_t> SystemTrust::roots_pem(std::size_t offset, Room room) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path_.c_str(), "rbe"), std::fclose);
  if (!file) return std::size_t{0};  // no store is an empty store: nothing is trusted
  if (std::fseek(file.get(), static_cast<long>(offset), SEEK_SET) != 0) return std::size_t{0};
  return std::fread(room.data(), 1, room.size(), file.get());
}

}  // namespace handsync
