#include "linux/trust.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "posix/durable.h"

namespace handsync::hal::linux_port {

Result<std::size_t> LinuxTrust::roots_pem(std::size_t offset, Room room) {
  // Debian's, Fedora's, Alpine's.
  constexpr const char* kStores[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                     "/etc/ssl/cert.pem"};
  for (const char* store : kStores) {
    const int fd = ::open(system_.full(store).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t got = 0;
    do {
      got = ::pread(fd, room.data(), room.size(), static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    const Error error = got < 0 ? posix::errno_status().error() : Error{};
    ::close(fd);
    if (error) return error;
    return static_cast<std::size_t>(got);
  }
  return std::size_t{0};
}

}  // namespace handsync::hal::linux_port
