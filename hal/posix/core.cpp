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
constexpr std::size_t kRecordBytesMax = 4096, kSumBytes = 8;
// Behind the magic: a sum and the value as it is (the wipe marker, which outlives every key, and records of earlier
// versions), or the value sealed under the device's secret.
constexpr Text kPlainRecord = "HSR1", kSealedRecord = "HSR2";
// Records that must be stored on a full disk: two places, written over one after the other, each with a number that
// grows and a sum. The newer whole one counts; what it holds is as above, or nothing.
constexpr Text kPlaces = "HSR3";
constexpr std::size_t kPlaceBytes = 1024, kPlaceHeadBytes = 4 + 8 + 8 + 2;
constexpr Record kPlaced[] = {Record::kWipe, Record::kAttempts};

// FNV-1a: tells a damaged record from a whole one. Whether it may be believed is another matter: the engine seals what
// must be.
std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001B3ULL;
  return hash;
}

Contents place_of(std::uint64_t number, Bytes content) {
  Contents place(kPlaceBytes);
  const auto size = static_cast<std::uint16_t>(content.size());
  std::memcpy(&place[12], &number, 8);
  std::memcpy(&place[20], &size, 2);
  std::copy(content.begin(), content.end(), place.begin() + kPlaceHeadBytes);
  const std::uint64_t sum = sum_of(Bytes(place).subspan(12));
  std::copy(kPlaces.begin(), kPlaces.end(), reinterpret_cast<char*>(place.data()));
  std::memcpy(&place[4], &sum, 8);
  return place;
}

struct Place {
  std::uint64_t number = 0;  ///< 0: not whole
  Bytes content;
};
Place read_place(Bytes place) {
  std::uint64_t sum = 0, number = 0;
  std::uint16_t size = 0;
  std::memcpy(&sum, &place[4], 8);
  std::memcpy(&number, &place[12], 8);
  std::memcpy(&size, &place[20], 2);
  if (text_of(place.first(4)) != kPlaces || sum != sum_of(place.subspan(12)) || size > kPlaceBytes - kPlaceHeadBytes)
    return {};
  return {number, place.subspan(kPlaceHeadBytes, size)};
}

bool has_places(const Contents& file) {
  const Text magic = text_of(Bytes(file).first(std::min<std::size_t>(file.size(), 4)));
  return file.size() == 2 * kPlaceBytes && magic != kPlainRecord && magic != kSealedRecord;
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
  keep_room();
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

std::vector<std::string> Core::everything_under(const std::string& directory, Status& outcome) {
  std::vector<std::string> paths;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(directory, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_symlink(ignored) || !at->is_directory(ignored)) paths.push_back(at->path().string());
  }
  if (error && error.value() != ENOENT && outcome.ok()) outcome = Error{Domain::kHal, error.value(), 0};
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
// A full disk now: tried again at the next start. Records of before move into their places; what was once kept free for
// them in another way goes.
void Core::keep_room() {
  std::byte room[kRecordBytesMax];
  const auto marker = get_locked(Record::kWipe, room);
  const bool wiped = !marker.ok() || marker.value() != 0;
  Status noted = durable.unlink(device + "/reserve");
  for (const Record record : kPlaced) {
    Contents file;
    const auto there = Durable::read(record_path(record), file);
    const bool absent = !there.ok() && there.error() == fault(Fault::kNotThere);
    if (has_places(file) || (!there.ok() && !absent) || (absent && wiped)) continue;
    noted = put_placed(record_path(record), file);
  }
  static_cast<void>(noted);
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
  Bytes whole = file;
  if (has_places(file)) {
    const Place one = read_place(whole.first(kPlaceBytes)), two = read_place(whole.subspan(kPlaceBytes));
    if (one.number == 0 && two.number == 0) return fault(Fault::kDamaged);
    whole = one.number >= two.number ? one.content : two.content;
    if (whole.empty()) return std::size_t{0};
  }
  const Text magic = text_of(whole.first(std::min(whole.size(), kPlainRecord.size())));
  const Bytes rest = whole.subspan(magic.size());
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
  const bool placed = std::find(std::begin(kPlaced), std::end(kPlaced), record) != std::end(kPlaced);
  return placed ? put_placed(record_path(record), file) : durable.replace(record_path(record), file);
}

// In place where there are places: no room is asked for, and one of the two is whole at any time. The second is written
// as well, so that a sector that dies later brings nothing old back.
Status Core::put_placed(const std::string& path, Bytes content) {
  if (content.size() > kPlaceBytes - kPlaceHeadBytes) return durable.replace(path, content);
  Contents file;
  const auto there = Durable::read(path, file);
  if (!has_places(file)) {
    Contents places = place_of(1, content);
    places.insert(places.end(), places.begin(), places.begin() + kPlaceBytes);
    return durable.replace(path, places);
  }
  HANDSYNC_TRY(there);
  const Place one = read_place(Bytes(file).first(kPlaceBytes)), two = read_place(Bytes(file).subspan(kPlaceBytes));
  const Contents place = place_of(std::max(one.number, two.number) + 1, content);
  const std::size_t older = one.number > two.number ? kPlaceBytes : 0;
  HANDSYNC_TRY(durable.overwrite(path, older, place));
  const Status again = durable.overwrite(path, kPlaceBytes - older, place);
  static_cast<void>(again);  // stored it is
  return Done{};
}

Status Core::remove(Record record) {
  const std::scoped_lock hold(mutex);
  Contents file;
  const auto there = Durable::read(record_path(record), file);
  return there.ok() && has_places(file) ? put_placed(record_path(record), {}) : durable.unlink(record_path(record));
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
void Core::shred(const std::vector<std::string>& paths, Progress& progress, Status& outcome) {
  std::unique_lock hold(mutex);
  const auto between = [&] {
    hold.unlock();
    progress.step();
    hold.lock();
  };
  for (const std::string& path : paths) {
    const Status gone = durable.shred(path, between);
    if (!gone.ok() && outcome.ok()) outcome = gone;
    between();
  }
}

Status Core::files(KeySlot slot, Progress& progress) {
  const std::string prefix = "account-" + std::to_string(slot);
  Status outcome = Done{};
  std::vector<std::string> paths = everything_under(replica, outcome);
  std::erase_if(paths, [&](const std::string& path) {
    const std::string name = path.substr(replica.size() + 1);
    const bool ours = name.starts_with(prefix) &&
                      (name.size() == prefix.size() || name[prefix.size()] < '0' || name[prefix.size()] > '9');
    return slot != kEverySlot && !ours;
  });
  // A trace tells of every account's mail: it goes with the first of them.
  Contents contents;
  const std::string traces = device + "/traces";
  {
    const std::scoped_lock hold(mutex);
    static_cast<void>(Durable::read(traces, contents).ok());
  }
  Text list = text_of(contents);
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('\n'), list.size());
    if (end != 0) paths.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  shred(paths, progress, outcome);
  const std::scoped_lock hold(mutex);
  return outcome.ok() ? durable.unlink(traces) : outcome;
}

Status Core::factory_reset(Progress& progress) {
  Status outcome = Done{};
  const std::string marker = record_path(Record::kWipe);
  for (const std::string& path : everything_under(core_options.home, outcome)) {
    if (is_kept(path) || path == marker) continue;
    {
      const std::scoped_lock hold(mutex);
      const Status gone = path == vault.fuse_path() ? durable.shred(path) : durable.unlink(path);
      if (!gone.ok() && outcome.ok()) outcome = gone;  // one that stays spares no other
    }
    progress.step();
  }
  const std::scoped_lock hold(mutex);
  remove_empty_directories();
  begin_anew();
  // A new vault for what comes: the phone goes on running until it is switched off.
  const Status opened = vault.open();
  return outcome.ok() ? opened : outcome;
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
