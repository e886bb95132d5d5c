#include "posix/core.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace handsync::hal::posix {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kRecordBytesMax = 4096, kSumBytes = 8, kBallastBytes = 16 * 1024;
// Behind the magic: a sum and the value as it is (the wipe marker, which outlives every key, and records of earlier
// versions), or the value sealed under the device's secret.
constexpr Text kPlainRecord = "HSR1", kSealedRecord = "HSR2";

// FNV-1a: tells a damaged record from a whole one. Whether it may be believed is another matter: the engine seals what
// must be.
std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001B3ULL;
  return hash;
}

std::string record_name(Record record) {
  switch (record) {
    case Record::kWipe:
      return "wipe";
    case Record::kAttempts:
      return "attempts";
    case Record::kPolicy:
      return "policy";
    case Record::kIdentity:
      return "identity";
    case Record::kAccounts:
      return "accounts";
    case Record::kPin:
      return "pin";
    case Record::kAccount:
      break;
  }
  return "record-" + std::to_string(static_cast<unsigned>(record));
}

}  // namespace

Core::Core(CoreOptions given)
    : core_options(std::move(given)),
      durable(core_options),
      device(core_options.home + "/device"),
      records_directory(device + "/records"),
      replica(core_options.home + "/replica"),
      vault(durable, *this, device, core_options.outside_secret) {}

void Core::open() {
  const std::string& home = core_options.home;
  std::error_code error;
  for (const std::string& directory : {home, device, records_directory, replica}) {
    fs::create_directories(directory, error);
    if (error) throw std::runtime_error("the home " + home + " cannot be used: " + error.message());
    ::chmod(directory.c_str(), 0700);
  }
  if (::access(home.c_str(), W_OK) != 0) throw std::runtime_error("the home " + home + " is not writable");
  sweep();
  const Status opened = vault.open();
  if (!opened.ok() && opened.error() == fault(Fault::kNotThere))
    throw std::runtime_error("the device secret that the keys of the home are sealed under is not where it was kept");
  must(opened, "the key block");
  if (!record_exists(Record::kWipe)) keep_ballast();
}

void Core::must(const Status& status, const std::string& what) {
  if (status.ok()) return;
  const std::int32_t code = status.error().code;
  throw std::runtime_error(what + " of the home cannot be used" +
                           (code > 0 ? std::string(": ") + std::strerror(code) : " (damaged)"));
}

// Halves that a power cut left: their targets are whole.
void Core::sweep() {
  std::error_code error;
  for (const std::string& directory : {device, records_directory}) {
    std::vector<std::string> leftovers;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      if (entry.path().extension() == ".new") leftovers.push_back(entry.path().string());
    }
    for (const std::string& path : leftovers) ::unlink(path.c_str());
  }
}

std::vector<std::string> Core::everything_under(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(directory, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_symlink(ignored) || !at->is_directory(ignored)) paths.push_back(at->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string Core::record_path(Record record) const { return records_directory + "/" + record_name(record); }
bool Core::record_exists(Record record) const { return ::access(record_path(record).c_str(), F_OK) == 0; }

// -- Entropy -------------------------------------------------------------------------------------------------------
Status Core::fill(Room room) {
  while (!room.empty()) {
    const ssize_t got = ::getrandom(room.data(), room.size(), GRND_NONBLOCK);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fault(Fault::kNotSeeded);
    room = room.subspan(static_cast<std::size_t>(got));
  }
  return Done{};
}

// -- Records -------------------------------------------------------------------------------------------------------
void Core::keep_ballast() {
  const std::string path = device + "/reserve";
  if (::access(path.c_str(), F_OK) == 0) return;
  const Status kept = durable.replace(path, Contents(kBallastBytes, std::byte{0xA5}));
  static_cast<void>(kept);  // a full disk now: tried again at the next start
}

Result<std::size_t> Core::get(Record record, Room room) {
  const std::scoped_lock hold(mutex);
  return get_locked(record, room);
}

Result<std::size_t> Core::get_locked(Record record, Room room) const {
  Contents file, value;
  if (const auto there = Durable::read(record_path(record), file); !there.ok()) {
    if (there.error() == fault(Fault::kNotThere)) return std::size_t{0};
    return there.error();
  }
  const Text magic = text_of(Bytes(file).first(std::min(file.size(), kPlainRecord.size())));
  const Bytes rest = Bytes(file).subspan(magic.size());
  if (magic == kSealedRecord) {
    HANDSYNC_TRY(vault.unseal(record_name(record), rest, value));
  } else if (magic == kPlainRecord && rest.size() > kSumBytes) {
    value.assign(rest.begin() + kSumBytes, rest.end());
    std::uint64_t sum = 0;
    std::memcpy(&sum, rest.data(), sizeof sum);
    if (sum != sum_of(value)) return fault(Fault::kDamaged);
  } else {
    return fault(Fault::kDamaged);
  }
  if (value.size() > room.size()) return fault(Fault::kTooLarge);
  std::copy(value.begin(), value.end(), room.begin());
  return value.size();
}

Status Core::put(Record record, Bytes value) {
  const std::scoped_lock hold(mutex);
  if (value.empty() || value.size() > kRecordBytesMax) return fault(Fault::kTooLarge);
  Contents file;
  const auto append = [&](Bytes bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); };
  if (record == Record::kWipe) {
    const std::uint64_t sum = sum_of(value);
    append(bytes_of(kPlainRecord));
    append(std::as_bytes(std::span(&sum, 1)));
    append(value);
  } else {
    Contents sealed;
    HANDSYNC_TRY(vault.seal(record_name(record), value, sealed));
    append(bytes_of(kSealedRecord));
    append(sealed);
  }
  const Status stored = durable.replace(record_path(record), file);
  if (stored.ok() || record != Record::kWipe || stored.error().code != ENOSPC) return stored;
  HANDSYNC_TRY(durable.unlink(device + "/reserve"));
  return durable.replace(record_path(record), file);
}

Status Core::remove(Record record) {
  const std::scoped_lock hold(mutex);
  HANDSYNC_TRY(durable.unlink(record_path(record)));
  if (record == Record::kWipe) keep_ballast();
  return Done{};
}

// -- Keys ----------------------------------------------------------------------------------------------------------
Status Core::create(KeySlot slot) {
  const std::scoped_lock hold(mutex);
  return vault.create(slot);
}

bool Core::exists(KeySlot slot) const {
  const std::scoped_lock hold(mutex);
  return vault.exists(slot);
}

Status Core::unlock(KeySlot slot, Room key32) {
  const std::scoped_lock hold(mutex);
  Key key;
  if (key32.size() != key.size()) return fault(Fault::kTooLarge);
  HANDSYNC_TRY(vault.derive(slot, "storage", key));
  std::copy(key.begin(), key.end(), key32.begin());
  forget(key);
  return Done{};
}

Status Core::mac(KeySlot slot, Bytes in, Room out32) {
  const std::scoped_lock hold(mutex);
  Key key;
  HANDSYNC_TRY(vault.derive(slot, "mac", key));
  const Status done = hmac(key, in, out32);
  forget(key);
  return done;
}

Status Core::stretch(KeySlot slot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress& progress) {
  Key key;
  {
    const std::scoped_lock hold(mutex);
    HANDSYNC_TRY(vault.derive(slot, "stretch", key));
  }
  Key stretched;
  Status done = pbkdf2(in, salt, rounds, stretched, progress);
  if (done.ok()) done = hmac(key, stretched, out32);
  forget(key);
  forget(stretched);
  return done;
}

Status Core::put_secret(KeySlot slot, Bytes secret) {
  const std::scoped_lock hold(mutex);
  return vault.put_secret(slot, secret);
}

Result<std::size_t> Core::get_secret(KeySlot slot, Room room) {
  const std::scoped_lock hold(mutex);
  return vault.get_secret(slot, room);
}

Status Core::destroy(KeySlot slot, Progress& progress) {
  progress.step();
  const std::scoped_lock hold(mutex);
  return vault.destroy(slot);
}

// -- Erase ---------------------------------------------------------------------------------------------------------
Status Core::files(KeySlot slot, Progress& progress) {
  const std::scoped_lock hold(mutex);
  const std::string prefix = "account-" + std::to_string(slot);
  Status outcome = Done{};
  const auto note = [&](const Status& status) {
    if (!status.ok() && outcome.ok()) outcome = status;
  };
  for (const std::string& path : everything_under(replica)) {
    const std::string name = path.substr(replica.size() + 1);
    const bool ours = name.starts_with(prefix) &&
                      (name.size() == prefix.size() || name[prefix.size()] < '0' || name[prefix.size()] > '9');
    if (slot != kEverySlot && !ours) continue;
    note(durable.shred(path));
    progress.step();
  }
  // A trace tells of every account's mail: it goes with the first of them.
  Contents contents;
  if (Durable::read(device + "/traces", contents).ok()) {
    Text list = text_of(contents);
    while (!list.empty()) {
      const std::size_t end = std::min(list.find('\n'), list.size());
      if (end != 0) note(durable.shred(std::string(list.substr(0, end))));
      list.remove_prefix(std::min(end + 1, list.size()));
      progress.step();
    }
    if (outcome.ok()) note(durable.unlink(device + "/traces"));
  }
  return outcome;
}

Status Core::factory_reset(Progress& progress) {
  const std::scoped_lock hold(mutex);
  const std::string marker = record_path(Record::kWipe);
  for (const std::string& path : everything_under(core_options.home)) {
    if (is_kept(path) || path == marker) continue;
    HANDSYNC_TRY(path == vault.fuse_path() ? durable.shred(path) : durable.unlink(path));
    progress.step();
  }
  remove_empty_directories();
  begin_anew();
  // A new vault for what comes: the phone goes on running until it is switched off.
  return vault.open();
}

// Names of directories may tell something too.
void Core::remove_empty_directories() const {
  std::vector<std::string> directories;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(core_options.home, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) directories.push_back(at->path().string());
  }
  std::sort(directories.rbegin(), directories.rend());  // the inner ones first
  for (const std::string& path : directories) {
    const bool needed = path == device || path == records_directory || path == replica;
    if (!needed && !is_kept(path)) ::rmdir(path.c_str());
  }
}

bool Core::is_kept(const std::string& path) const {
  const std::string top = path.substr(core_options.home.size() + 1);
  return std::any_of(core_options.keep.begin(), core_options.keep.end(),
                     [&](const std::string& name) { return top == name || top.starts_with(name + "/"); });
}

void Core::remember_trace(const std::string& path) {
  const std::scoped_lock hold(mutex);
  const std::string absolute = fs::absolute(path).lexically_normal().string();
  if (absolute.find('\n') != std::string::npos) throw std::runtime_error("a trace's name may not hold a line break");
  Contents contents;
  std::string list;
  if (Durable::read(device + "/traces", contents).ok()) list = text_of(contents);
  if (("\n" + list).find("\n" + absolute + "\n") != std::string::npos) return;
  list += absolute + "\n";
  must(durable.replace(device + "/traces", bytes_of(list)), "the list of traces");
}

Status Core::check() {
  const std::scoped_lock hold(mutex);
  std::byte room[kRecordBytesMax];
  for (unsigned record = 0; record < static_cast<unsigned>(Record::kAccount) + Vault::kSlots; ++record) {
    if (record > static_cast<unsigned>(Record::kPin) && record < static_cast<unsigned>(Record::kAccount)) continue;
    if (const auto got = get_locked(static_cast<Record>(record), room); !got.ok()) {
      return Error{got.error().domain, got.error().code, record};
    }
  }
  return vault.check();
}

}  // namespace handsync::hal::posix
