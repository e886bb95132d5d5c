#include "handset/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "handset/text.h"
#include "handsync/engine.h"
#include "wbxml/utf8.h"

namespace handset {
namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr int kCountMax = 9999;

/// FNV-1a: tells remains of one file from another's, no more.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

Failure file_failure(const std::string& path, int error) {
  const std::string what = "`" + printable(path) + "` cannot be written: " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    return machine(what, "make room, then ask again: what has come is kept");
  return machine(what, "choose another place with --to");
}

/// Without ever replacing a file. False: there is one.
bool rename_if_free(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  // A file system that does not know it.
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return true;
  }
  if (errno == EEXIST) return false;
  throw file_failure(to, errno);
}

}  // namespace

std::string safe_file_name(std::string_view name) {
  static constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string safe = printable(name);
  for (std::size_t at = 0; (at = safe.find(kReplacement, at)) != std::string::npos;)
    safe.replace(at, kReplacement.size(), "_");
  for (char& c : safe) {
    if (std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos) c = '_';
  }
  while (!safe.empty() && (safe.back() == ' ' || safe.back() == '.')) safe.pop_back();
  while (!safe.empty() && safe.front() == ' ') safe.erase(0, 1);
  // Not hidden, and no option of a program.
  if (!safe.empty() && (safe.front() == '.' || safe.front() == '-' || safe.front() == '~')) safe.front() = '_';
  if (safe.size() > kNameBytesMax) {
    const std::string ending = std::filesystem::path(safe).extension().string();
    const std::string kept = ending.size() <= 20 ? ending : "";
    safe = std::string(handsync::wbxml::beginning(safe, kNameBytesMax - kept.size())) + kept;
  }
  return safe.empty() ? "attachment" : safe;
}

PartFile::PartFile(std::string directory, std::string name, std::string_view identity)
    : directory_(std::move(directory)), name_(std::move(name)) {
  part_ = directory_ + "/." + std::string(handsync::wbxml::beginning(name_, kNameBytesMax)) + "." + hash_of(identity) +
          ".part";
  fd_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) throw file_failure(part_, errno);
  struct stat about {};
  const bool ours = ::fstat(fd_, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == ::geteuid();
  if (!ours || ::flock(fd_, LOCK_EX | LOCK_NB) != 0 || ::lseek(fd_, 0, SEEK_END) < 0) {
    ::close(fd_);
    if (!ours) throw file_failure(part_, EACCES);
    throw machine("`" + printable(name_) + "` is being fetched already", "wait for that to end");
  }
  bytes_ = static_cast<std::uint64_t>(about.st_size);
}

PartFile::PartFile(const std::string& directory) {
  std::string path = directory + "/.fetch-XXXXXX";
  fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) throw file_failure(directory, errno);
  ::unlink(path.c_str());
}

PartFile::~PartFile() {
  if (fd_ < 0) return;
  if (bytes_ == 0 && !part_.empty()) ::unlink(part_.c_str());
  ::close(fd_);
}

void PartFile::discard() {
  if (!part_.empty()) ::unlink(part_.c_str());
  part_.clear();
}

std::string PartFile::settle(bool may_count) {
  if (::fsync(fd_) != 0) throw file_failure(part_, errno);
  const std::filesystem::path wanted(name_);
  for (int count = 1; count <= kCountMax; ++count) {
    const std::string name =
        count == 1 ? name_ : wanted.stem().string() + " (" + std::to_string(count) + ")" + wanted.extension().string();
    const std::string path = directory_ + "/" + name;
    if (rename_if_free(part_, path)) {
      part_.clear();
      return path;
    }
    if (!may_count) break;
  }
  throw usage("`" + printable(name_) + "` is there already, and nothing is overwritten",
              "choose another name with --to; what has come is kept");
}

handsync::Status PartFile::fail() {
  own_ = file_failure(part_.empty() ? "the home" : part_, errno);
  return handsync::engine_fault(handsync::EngineFault::kDropped);
}

void PartFile::expect(std::uint64_t bytes, bool) { total_ = bytes; }

handsync::Status PartFile::write(handsync::Bytes piece) {
  while (!piece.empty()) {
    const ssize_t put = ::write(fd_, piece.data(), piece.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail();
    bytes_ += static_cast<std::uint64_t>(put);
    piece = piece.subspan(static_cast<std::size_t>(put));
  }
  return handsync::Done{};
}

handsync::Status PartFile::restart() {
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) < 0) return fail();
  bytes_ = 0;
  return handsync::Done{};
}

void PartFile::end(handsync::Error error) {
  error_ = error;
  ended_ = true;
}

}  // namespace handset
