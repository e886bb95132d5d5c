/// Fetching a file from the server: an attachment, or a mail as it travelled. It is never whole in memory.
#pragma once
#include "handsync/replica.h"

namespace handsync {

/// Where its bytes go. The host's own; called on the engine thread from inside the calls that bring an answer, and it
/// must not call the engine. Lives until end() has been called.
class FileSink {
 public:
  /// What is known of its size; may be told again. Not `exact`: the server's estimate.
  virtual void expect(std::uint64_t bytes, bool exact) = 0;
  /// The next bytes, in order. An error ends the fetch with it.
  virtual Status write(Bytes) = 0;
  /// What is there is not the beginning of this file: the next write() begins it anew. An error ends the fetch with it.
  virtual Status restart() = 0;
  /// The last call. No error: the file is whole.
  virtual void end(Error) = 0;

 protected:
  ~FileSink() = default;
};

struct FileRequest {
  ItemId item{};
  std::uint16_t attachment = 0;  ///< from 1, as Reader::attachments() counts; 0: the mail itself as it travelled (MIME)
  std::uint64_t have_bytes = 0;  ///< the sink has so many of an earlier fetch: it goes on behind them
  FileSink* sink = nullptr;
};

}  // namespace handsync
