/// A file while it comes: hidden beside where it will be, found again by the same name when another process goes on,
/// and given its own name only when it is whole. Never in the place of another file.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "handset/failure.h"
#include "handsync/file_sink.h"

namespace handset {

/// What a server calls a file, as a name in a directory: no path, no control or direction characters, not hidden, of at
/// most 200 bytes.
std::string safe_file_name(std::string_view name);

class PartFile final : public handsync::FileSink {
 public:
  /// `identity`: of the file at the server; another one's remains are not continued. Throws Failure.
  PartFile(std::string directory, std::string name, std::string_view identity);
  /// Nameless from the beginning: gone with the object. Throws Failure.
  explicit PartFile(const std::string& directory);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uint64_t bytes() const { return bytes_; }           ///< any thread
  std::uint64_t bytes_total() const { return total_; }     ///< 0 = not known; any thread
  bool ended() const { return ended_; }                    ///< any thread
  handsync::Error error() const { return error_; }         ///< once ended
  std::optional<Failure> failure() const { return own_; }  ///< of this machine, once ended
  /// The path it has from now on: the wanted one, or with `may_count` one with a number when that is taken. Throws
  /// Failure when it is taken otherwise.
  std::string settle(bool may_count);
  void discard();  ///< what has come is of no use to anybody
  int descriptor() const { return fd_; }

  void expect(std::uint64_t bytes, bool exact) override;
  handsync::Status write(handsync::Bytes) override;
  handsync::Status restart() override;
  void end(handsync::Error) override;

 private:
  handsync::Status fail();

  std::string directory_, name_, part_;
  int fd_ = -1;
  std::atomic<std::uint64_t> bytes_{0}, total_{0};
  std::atomic<bool> ended_{false};
  handsync::Error error_{};
  std::optional<Failure> own_;
};

}  // namespace handset
