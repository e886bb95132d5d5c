/// The four mandatory capabilities on a directory of a POSIX file system, durable as their contracts ask. A port
/// derives from Core and adds what its hardware has.
///
/// Layout of the home:
///   device/      records, key block, secrets, and what the port itself keeps. What must fit on a full disk is a file
///                with two places that are written over one after the other (the wipe marker, the PIN's attempts)
///   replica/     the engine's databases (Options::directory of the engine)
/// Thread-safe: one lock inside; SLOW functions may run beside FAST ones. One process at a time (the host keeps a lock
/// file).
#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "handsync/hal/device.h"
#include "posix/durable.h"
#include "posix/vault.h"

namespace handsync::hal::posix {

struct CoreOptions : Medium {
  std::string home;                           ///< made (0700) when it is not there
  bool replay_protected = false;              ///< an old image of the home cannot be played back
  Force destroys_for_good = Force::kPartial;  ///< a file system may keep old copies of a key's sector
  OutsideSecret outside_secret;               ///< none = the device's secret is a file
  /// Names (directly in the home) that factory_reset leaves alone: the host's lock file and socket.
  std::vector<std::string> keep;
};

struct Core : Entropy, Records, Keys, Erase {
  explicit Core(CoreOptions);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  /// Makes or opens everything. Throws std::runtime_error with a sentence when the home cannot be used.
  void open();

  Status fill(Room) override;

  Result<std::size_t> get(Record, Room) override;
  Status put(Record, Bytes) override;
  Status remove(Record) override;
  bool replay_protected() const override { return core_options.replay_protected; }

  Status create(KeySlot) override;
  bool exists(KeySlot) const override;
  Status unlock(KeySlot, Room key32) override;
  Status mac(KeySlot, Bytes in, Room out32) override;
  Status stretch(KeySlot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress&) override;
  Status put_secret(KeySlot, Bytes) override;
  Result<std::size_t> get_secret(KeySlot, Room) override;
  Status destroy(KeySlot, Progress&) override;
  Force destroys_for_good() const override { return core_options.destroys_for_good; }

  Status files(KeySlot slot_or_every, Progress&) override;
  Status factory_reset(Progress&) override;

  void remember_trace(const std::string& path);
  Status check();
  bool record_exists(Record) const;
  std::string device_path(const std::string& name) const { return device + "/" + name; }
  /// Files and links, sorted; nothing where there is no such directory. An error is noted where there was none, and the
  /// list is what could be read.
  static std::vector<std::string> everything_under(const std::string& directory, Status& outcome);
  /// Shreds all of them, whatever happens to one: the first error is noted. The lock is held for a piece at a time.
  void shred(const std::vector<std::string>& paths, Progress&, Status& outcome);
  static void must(const Status& status, const std::string& what);  ///< throws std::runtime_error

  CoreOptions core_options;
  mutable std::mutex mutex;
  Durable durable;
  std::string device, records_directory, replica;
  mutable Vault vault;

 protected:
  ~Core() = default;
  /// A factory reset has removed every file: the port's own state begins anew. Called with the lock held.
  virtual void begin_anew() {}

 private:
  std::string record_path(Record record) const;
  Result<std::size_t> get_locked(Record, Room) const;
  Status put_placed(const std::string& path, Bytes content);
  void sweep();
  void keep_room();
  void remove_empty_directories() const;
  bool is_kept(const std::string& path) const;
};

}  // namespace handsync::hal::posix
