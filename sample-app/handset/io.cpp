#include "handset/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "handset/failure.h"

namespace handset {
namespace {

constexpr std::size_t kPendingMax = 32768;

/// Keeps typed secrets off the screen for as long as it lives.
class NoEcho {
 public:
  NoEcho(int terminal, bool wanted) : terminal_(terminal) {
    if (!wanted || tcgetattr(terminal, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    active_ = tcsetattr(terminal, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (active_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int terminal_;
  bool active_ = false;
  termios before_{};
};

}  // namespace

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        pollfd ready{fd, POLLOUT, 0};
        ::poll(&ready, 1, -1);
        continue;
      }
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void Io::interrupt(Stop why) {
  int none = 0;
  stop_.compare_exchange_strong(none, static_cast<int>(why));
  const std::scoped_lock lock(mutex_);
  if (waker_) waker_();
}

void Io::on_interrupt(std::function<void()> waker) {
  const std::scoped_lock lock(mutex_);
  waker_ = std::move(waker);
}

LocalIo::LocalIo() {
  out_terminal = isatty(STDOUT_FILENO) == 1;
  err_terminal = isatty(STDERR_FILENO) == 1;
  can_ask = isatty(STDIN_FILENO) == 1 && err_terminal;
  winsize size{};
  if (ioctl(out_terminal ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    columns = size.ws_col;
}

void LocalIo::out(std::string_view bytes) {
  pending_ += bytes;
  if (pending_.size() >= kPendingMax) flush();
}

void LocalIo::flush() {
  if (pending_.empty()) return;
  const bool written = write_all(STDOUT_FILENO, pending_);
  const int error = errno;
  pending_.clear();
  if (written) return;
  interrupt(Stop::kUser);
  if (error == EPIPE || (error == EIO && out_terminal)) return;  // whoever has gone does not want to be told
  errno = error;
  throw machine(std::string("the output cannot be written: ") + std::strerror(error),
                error == ENOSPC || error == EDQUOT || error == EFBIG
                    ? "make room where it goes, then run the command again"
                    : "check where it goes, then run the command again");
}

void LocalIo::err(std::string_view bytes) {
  if (!pending_.empty() && !write_all(STDOUT_FILENO, pending_)) interrupt(Stop::kUser);
  pending_.clear();
  // Who has closed standard error does not want to be told.
  (void)write_all(STDERR_FILENO, bytes);
}

std::optional<std::string> LocalIo::ask(std::string_view question, bool secret) {
  if (!can_ask) return std::nullopt;
  flush();
  err(question);
  const NoEcho quiet(STDIN_FILENO, secret);
  std::string answer;
  while (stopped() == Stop::kNone) {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, 100) <= 0) continue;
    char character = 0;
    const ssize_t bytes = ::read(STDIN_FILENO, &character, 1);
    if (bytes <= 0 || character == '\n') {
      if (secret) err("\n");
      if (bytes <= 0 && answer.empty()) return std::nullopt;
      return answer;
    }
    if (answer.size() < 4096) answer += character;
  }
  return std::nullopt;
}

}  // namespace handset
