#include "posix/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace handsync::hal::posix {
namespace {

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool ok() const { return fd_ >= 0; }
  bool write_at(Bytes bytes, std::size_t offset) const {
    while (!bytes.empty()) {
      const ssize_t wrote = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return false;
      offset += static_cast<std::size_t>(wrote);
      bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
    return true;
  }
  bool sync() const { return ::fsync(fd_) == 0; }

 private:
  int fd_;
};

Status of_errno(int number) { return number == 0 ? Status(Done{}) : Status(Error{Domain::kHal, number, 0}); }

void restore(const std::string& path, bool existed, const Contents& contents) {
  if (!existed) {
    ::unlink(path.c_str());
    return;
  }
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.ok()) file.write_at(contents, 0);
}

}  // namespace

Status errno_status() { return of_errno(errno); }

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Cut Durable::gate(std::string_view operation, const std::string& path, int& error) {
  if (dead_) throw PowerCut{};
  ++operations_;
  error = medium_.fail ? medium_.fail(operation, path) : 0;
  const Cut cut = medium_.power ? medium_.power(operation, path) : Cut::kNone;
  if (cut == Cut::kBefore) die();
  return cut;
}

void Durable::die() {
  lose_unsynced();
  throw PowerCut{};
}

// What a disk keeps in its cache is gone, in the reverse order of its coming. Of a file that was renamed before its
// contents were synced, the name may have arrived and the contents not: that is the case that is played here.
void Durable::lose_unsynced() {
  dead_ = true;
  if (medium_.cut_loses_unsynced) {
    for (const Undo& undo : std::vector<Undo>(undo_)) {
      if (undo.kind != Undo::Kind::kCreated) continue;
      std::erase_if(undo_,
                    [&](const Undo& other) { return other.kind == Undo::Kind::kEntry && other.path == undo.path; });
    }
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
      if (undo->kind == Undo::Kind::kOverwritten) {
        const File file(undo->path, O_WRONLY);
        if (file.ok()) file.write_at(undo->before, undo->offset);
      } else if (undo->kind == Undo::Kind::kCreated) {
        const File file(undo->path, O_WRONLY | O_TRUNC);  // the name is there, the contents are not
      } else {
        restore(undo->path, undo->existed, undo->before);
      }
    }
  }
}

Status Durable::write_new(const std::string& path, Bytes contents) {
  int error = 0;
  const Cut cut = gate("write", path, error);
  if (error != 0) return of_errno(error);
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.ok()) return errno_status();
  remember({Undo::Kind::kCreated, path, {}, false, 0, {}});
  const Bytes arrives = cut == Cut::kTorn ? contents.first(contents.size() / 2) : contents;
  if (!file.write_at(arrives, 0)) return errno_status();
  tell(path, 0, arrives);
  if (cut != Cut::kNone) die();
  return Done{};
}

Status Durable::sync_file(const std::string& path) {
  int error = 0;
  const Cut cut = gate("sync", path, error);
  if (error != 0) return of_errno(error);
  if (cut == Cut::kTorn) die();
  const File file(path, O_WRONLY);
  if (!file.ok() || (medium_.real_sync && !file.sync())) return errno_status();
  std::erase_if(undo_, [&](const Undo& undo) { return undo.kind != Undo::Kind::kEntry && undo.path == path; });
  if (cut == Cut::kAfter) die();
  return Done{};
}

Status Durable::sync_directory(const std::string& directory) {
  int error = 0;
  const Cut cut = gate("syncdir", directory, error);
  if (error != 0) return of_errno(error);
  if (cut == Cut::kTorn) die();
  const File file(directory, O_RDONLY | O_DIRECTORY);
  if (!file.ok() || (medium_.real_sync && !file.sync())) return errno_status();
  std::erase_if(undo_,
                [&](const Undo& undo) { return undo.kind == Undo::Kind::kEntry && undo.directory == directory; });
  if (cut == Cut::kAfter) die();
  return Done{};
}

Status Durable::replace(const std::string& path, Bytes contents) {
  const std::string fresh = path + ".new";
  const auto give_up = [&](Status status) {
    ::unlink(fresh.c_str());
    return status;
  };
  if (const Status written = write_new(fresh, contents); !written.ok()) return give_up(written);
  if (const Status synced = sync_file(fresh); !synced.ok()) return give_up(synced);
  int error = 0;
  const Cut cut = gate("rename", path, error);
  if (error != 0) return give_up(of_errno(error));
  if (cut == Cut::kTorn) die();
  if (medium_.power) {
    Undo undo{Undo::Kind::kEntry, path, directory_of(path), false, 0, {}};
    undo.existed = read(path, undo.before).ok();
    remember(std::move(undo));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return give_up(errno_status());
  for (Undo& undo : undo_) {
    if (undo.kind == Undo::Kind::kCreated && undo.path == fresh) undo.path = path;
  }
  if (cut == Cut::kAfter) die();
  return sync_directory(directory_of(path));
}

Status Durable::overwrite(const std::string& path, std::size_t offset, Bytes bytes) {
  int error = 0;
  const Cut cut = gate("write", path, error);
  if (error != 0) return of_errno(error);
  if (medium_.power) {
    Contents all;
    if (read(path, all).ok() && all.size() >= offset + bytes.size()) {
      const auto at = all.begin() + static_cast<std::ptrdiff_t>(offset);
      remember({Undo::Kind::kOverwritten,
                path,
                {},
                true,
                offset,
                Contents(at, at + static_cast<std::ptrdiff_t>(bytes.size()))});
    }
  }
  {
    const File file(path, O_WRONLY);
    if (!file.ok()) return errno_status();
    const bool torn = cut == Cut::kTorn;
    const Bytes arrives = torn ? bytes.first(bytes.size() / 2) : bytes;
    if (!file.write_at(arrives, offset)) return errno_status();
    tell(path, offset, arrives);
    if (torn) {
      undo_.clear();  // this half has reached the medium
      die();
    }
  }
  if (cut == Cut::kAfter) die();
  return sync_file(path);
}

Status Durable::unlink(const std::string& path) {
  struct stat seen;
  if (::lstat(path.c_str(), &seen) != 0) return errno == ENOENT ? Status(Done{}) : errno_status();
  int error = 0;
  const Cut cut = gate("unlink", path, error);
  if (error != 0) return of_errno(error);
  if (cut == Cut::kTorn) die();
  if (medium_.power) {
    Undo undo{Undo::Kind::kEntry, path, directory_of(path), true, 0, {}};
    if (read(path, undo.before).ok()) remember(std::move(undo));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_status();
  if (medium_.dropped) medium_.dropped(path);
  if (cut == Cut::kAfter) die();
  return sync_directory(directory_of(path));
}

Status Durable::shred(const std::string& path, const std::function<void()>& between) {
  struct stat seen;
  if (::lstat(path.c_str(), &seen) != 0) return errno == ENOENT ? Status(Done{}) : errno_status();
  if (S_ISREG(seen.st_mode) && seen.st_size > 0) {
    int error = 0;
    if (gate("write", path, error) != Cut::kNone) die();
    const File file(path, O_WRONLY);
    const auto size = static_cast<std::size_t>(seen.st_size);
    const Contents zeros(std::min(size, std::size_t{1} << 20));
    bool written = error == 0 && file.ok();
    for (std::size_t at = 0; written && at < size; at += zeros.size()) {
      const Bytes piece = Bytes(zeros).first(std::min(zeros.size(), size - at));
      written = file.write_at(piece, at);
      if (written) tell(path, at, piece);
      if (written && medium_.real_sync) static_cast<void>(file.sync());
      if (between) between();
    }
    // A file that cannot be overwritten is still removed: that is what the caller counts on.
  }
  return unlink(path);
}

Result<bool> Durable::read(const std::string& path, Contents& contents) {
  contents.clear();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? fault(Fault::kNotThere) : errno_status().error();
  std::byte piece[4096];
  for (;;) {
    const ssize_t got = ::read(fd, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const Error error = got < 0 ? errno_status().error() : Error{};
      ::close(fd);
      if (error) return error;
      return true;
    }
    contents.insert(contents.end(), piece, piece + got);
  }
}

void Durable::note(const std::string& path, std::string_view text) {
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.ok() && file.write_at(bytes_of(text), 0)) tell(path, 0, bytes_of(text));
}

}  // namespace handsync::hal::posix
