#include "simulated/raw_flash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "posix/durable.h"

namespace handsync::hal::simulated {
namespace {

constexpr std::size_t kPageBytes = 512, kVaultBytes = 4096, kFuseBytes = 64;
constexpr std::string_view kFresh = ".new";  // of a file that takes another's place (posix::Durable)

int open_image(const std::string& image) { return ::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }

}  // namespace

RawFlash::RawFlash(std::string home, std::string image, bool erasable_key_block)
    : home_(std::move(home)), image_(std::move(image)), erasable_(erasable_key_block) {
  const int fd = open_image(image_);
  struct stat info {};
  const bool made = fd >= 0 && ::fstat(fd, &info) == 0;
  const bool fits = made && (static_cast<std::size_t>(info.st_size) >= kKeyBlockBytes ||
                             ::ftruncate(fd, static_cast<off_t>(kKeyBlockBytes)) == 0);
  if (fd >= 0) ::close(fd);
  if (!fits) throw std::runtime_error("the image of the flash cannot be used: " + image_);
  if (!erasable_) return;
  // What a power cut undid is undone here as well: the block is what the files say.
  for (const char* name : {"/device/keys", "/device/fuse"}) {
    posix::Contents contents;
    const std::string path = home_ + name;
    dropped(path);
    if (posix::Durable::read(path, contents).ok()) programmed(path, 0, contents);
  }
}

bool RawFlash::in_key_block(std::string_view path, Place& place) const {
  if (!erasable_ || !path.starts_with(home_)) return false;
  path.remove_prefix(home_.size());
  if (path.ends_with(kFresh)) path.remove_suffix(kFresh.size());
  if (path == "/device/keys") {
    place = {0, kVaultBytes};
  } else if (path == "/device/fuse") {
    place = {kVaultBytes, kFuseBytes};
  } else {
    return false;
  }
  return true;
}

void RawFlash::programmed(std::string_view path, std::size_t offset, Bytes bytes) {
  if (frozen_) return;
  Place place{};
  if (!in_key_block(path, place)) return append(bytes);
  if (path.ends_with(kFresh)) dropped(path);  // a new one takes the place of the old one: erased first
  if (offset >= place.bytes) return;
  write_at(place.at + offset, bytes.first(std::min(bytes.size(), place.bytes - offset)));
}

void RawFlash::dropped(std::string_view path) {
  Place place{};
  if (frozen_ || !in_key_block(path, place)) return;
  write_at(place.at, posix::Contents(place.bytes));
}

void RawFlash::write_at(std::size_t at, Bytes bytes) const {
  const int fd = open_image(image_);
  if (fd < 0) return;
  const ssize_t wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
  ::close(fd);
  if (wrote != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("the image of the flash is full");
}

void RawFlash::append(Bytes bytes) const {
  struct stat info {};
  if (bytes.empty() || ::stat(image_.c_str(), &info) != 0) return;
  posix::Contents pages(bytes.begin(), bytes.end());
  pages.resize((bytes.size() + kPageBytes - 1) / kPageBytes * kPageBytes);
  write_at(static_cast<std::size_t>(info.st_size), pages);
}

}  // namespace handsync::hal::simulated
