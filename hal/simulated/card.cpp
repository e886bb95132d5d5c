#include "simulated/card.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace handsync::hal::simulated {
namespace {

namespace fs = std::filesystem;

bool is_sealed(const std::string& name) { return name.ends_with(".sealed"); }

}  // namespace

Status Card::open() {
  posix::Contents contents;
  encrypts_ = posix::Durable::read(state_, contents).ok() && text_of(contents) == "encrypts\n";
  return encrypts_ ? seal_what_is_open() : Status(Done{});
}

void Card::begin_anew() { encrypts_ = false; }

bool Card::inserted() const { return ::access(in_.c_str(), F_OK) == 0; }

Status Card::insert() {
  if (inserted()) return Done{};
  if (::access(out_.c_str(), F_OK) == 0) {
    if (::rename(out_.c_str(), in_.c_str()) != 0) return posix::errno_status();
  } else if (::mkdir(in_.c_str(), 0700) != 0) {
    return posix::errno_status();
  }
  return encrypts_ ? seal_what_is_open() : Status(Done{});
}

Status Card::pull() {
  if (!inserted()) return Done{};
  return ::rename(in_.c_str(), out_.c_str()) == 0 ? Status(Done{}) : posix::errno_status();
}

Status Card::store(bool encrypts) {
  if (!encrypts) return durable_.unlink(state_);
  return durable_.replace(state_, bytes_of("encrypts\n"));
}

Status Card::encrypt(bool on) {
  if (on != encrypts_) {
    HANDSYNC_TRY(store(on));
    encrypts_ = on;
  }
  return on ? seal_what_is_open() : Status(Done{});
}

std::vector<std::string> Card::files() const {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(in_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".new")) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool Card::any_open() const {
  const std::vector<std::string> all = files();
  return std::any_of(all.begin(), all.end(), [](const std::string& name) { return !is_sealed(name); });
}

// The sealed copy is whole before the open one is destroyed: a cut leaves one of them, or both.
Status Card::seal_what_is_open() {
  for (const std::string& name : files()) {
    if (is_sealed(name)) continue;
    if (::access(sealed_path(name).c_str(), F_OK) != 0) {
      posix::Contents contents, sealed;
      HANDSYNC_TRY(posix::Durable::read(open_path(name), contents));
      HANDSYNC_TRY(vault_.seal("card " + name, contents, sealed));
      HANDSYNC_TRY(durable_.replace(sealed_path(name), sealed));
    }
    HANDSYNC_TRY(durable_.shred(open_path(name)));
  }
  return Done{};
}

Status Card::checked(const std::string& name) const {
  if (!inserted()) return fault(Fault::kNotThere);
  const bool usable = !name.empty() && name.size() < 200 && name[0] != '.' && name.find('/') == std::string::npos &&
                      !is_sealed(name) && !name.ends_with(".new");
  return usable ? Status(Done{}) : Status(fault(Fault::kRefused));
}

Status Card::write(const std::string& name, Bytes bytes) {
  HANDSYNC_TRY(checked(name));
  // What was sealed once stays sealed: an open and a sealed file of one name are only ever two copies of the same.
  if (!encrypts_ && ::access(sealed_path(name).c_str(), F_OK) != 0) return durable_.replace(open_path(name), bytes);
  posix::Contents sealed;
  HANDSYNC_TRY(vault_.seal("card " + name, bytes, sealed));
  HANDSYNC_TRY(durable_.replace(sealed_path(name), sealed));
  return durable_.shred(open_path(name));
}

Status Card::read(const std::string& name, posix::Contents& contents) const {
  HANDSYNC_TRY(checked(name));
  posix::Contents sealed;
  if (const auto there = posix::Durable::read(sealed_path(name), sealed); there.ok())
    return vault_.unseal("card " + name, sealed, contents);
  const auto there = posix::Durable::read(open_path(name), contents);
  return there.ok() ? Status(Done{}) : Status(there.error());
}

std::vector<std::string> Card::names() const {
  std::vector<std::string> found;
  for (std::string name : files()) {
    if (is_sealed(name)) name.resize(name.size() - std::string_view(kSealed).size());
    if (found.empty() || found.back() != name) found.push_back(name);
  }
  return found;
}

Status Card::erase() {
  Status outcome = Done{};
  for (const std::string& name : files()) {
    if (const Status gone = durable_.shred(open_path(name)); !gone.ok() && outcome.ok()) outcome = gone;
  }
  return outcome;
}

}  // namespace handsync::hal::simulated
