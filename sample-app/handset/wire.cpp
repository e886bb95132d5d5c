#include "handset/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "handset/io.h"

namespace handset {
namespace {

constexpr std::size_t kFrameMax = 16u << 20;
constexpr const char* kSocketName = "owner.sock";

bool read_all(int fd, char* room, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::recv(fd, room, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    room += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

sockaddr_un name_in(int directory_fd) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/%s", directory_fd, kSocketName);
  return name;
}

}  // namespace

bool send_frame(int fd, Word word, std::string_view text) {
  std::string frame(5, '\0');
  frame[0] = static_cast<char>(word);
  const auto bytes = static_cast<std::uint32_t>(text.size());
  std::memcpy(frame.data() + 1, &bytes, sizeof bytes);
  frame += text;
  return write_all(fd, frame);
}

std::optional<Frame> receive_frame(int fd) {
  char head[5];
  if (!read_all(fd, head, sizeof head)) return std::nullopt;
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, head + 1, sizeof bytes);
  if (bytes > kFrameMax) return std::nullopt;
  Frame frame{static_cast<Word>(head[0]), std::string(bytes, '\0')};
  if (!read_all(fd, frame.text.data(), bytes)) return std::nullopt;
  return frame;
}

int listen_in(int directory_fd) {
  ::unlinkat(directory_fd, kSocketName, 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const sockaddr_un name = name_in(directory_fd);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 || ::listen(fd, 16) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int connect_in(int directory_fd) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const sockaddr_un name = name_in(directory_fd);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

bool is_same_user(int fd) {
  ucred other{};
  socklen_t bytes = sizeof other;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &bytes) == 0 && other.uid == ::geteuid();
}

}  // namespace handset
