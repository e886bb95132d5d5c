/// One request on its way and what is known of its answer. Made when the request is decided, freed when its end has
/// been told: the arena of a running conversation.
#pragma once
#include <variant>

#include "autodiscover/discovery.h"
#include "handsync/engine.h"
#include "protocol/compose_mail.h"
#include "protocol/folder_change.h"
#include "protocol/folder_sync.h"
#include "protocol/item_operations.h"
#include "protocol/meeting_response.h"
#include "protocol/move_items.h"
#include "protocol/ping.h"
#include "protocol/provision.h"
#include "protocol/request.h"
#include "protocol/sync.h"
#include "sync/limits.h"

namespace handsync::sync {

enum class Kind : std::uint8_t { kCommand, kOptions, kDiscoveryPost, kDiscoveryGet };

/// Bytes of a request body that come from elsewhere, so that no message is ever whole in memory.
struct BodySource {
  virtual Result<std::size_t> read(Room) = 0;  ///< the next ones; 0 = end
  virtual void rewind() = 0;

 protected:
  ~BodySource() = default;
};

/// Takes an answer that is not read as one WBXML document.
struct AnswerTaker {
  virtual Status take(Bytes piece) = 0;  ///< of an answer of 200; an error: nothing more of it is wanted
  virtual Status finish() = 0;

 protected:
  ~AnswerTaker() = default;
};

class Call {
 public:
  /// Null when there is no memory. `body_bytes_max`: room for the request body.
  static Call* make(Memory, std::size_t body_bytes_max);
  void free(Memory);

  // -- the request
  // -------------------------------------------------------------------------------------------------------
  RequestId id{};
  Kind kind = Kind::kCommand;
  protocol::Command command = protocol::Command::kSync;
  Lane lane = Lane::kWork;
  bool offered = false;  ///< next() has handed the Send out
  std::uint16_t port = 443;
  bool tls = true;
  Text method, label;  ///< literals
  std::size_t plain_header_count = 0;
  std::uint32_t silence_s = kCommandSilenceS, total_s = kCommandTotalS;
  std::uint64_t started_ms = 0;

  Room body_room() { return {body_, body_max_}; }
  void set_body(std::size_t bytes) { body_bytes_ = bytes; }
  /// So many bytes of `source` go in after the first `before` of the body room. The source outlives the call.
  void insert(BodySource* source, std::size_t before, std::uint64_t bytes) {
    source_ = source;
    before_ = before;
    source_bytes_ = bytes;
  }
  std::uint64_t body_bytes() const { return body_bytes_ + source_bytes_; }
  /// A fingerprint of method, target and body: another one is another request. Of a body that comes from elsewhere only
  /// what surrounds it counts, its ClientId among that.
  std::uint32_t words() const;
  Result<std::size_t> read_body(Room);             ///< 0 = end
  bool body_begun() const { return body_begun_; }  ///< some of it has been handed out, in this try or an earlier one
  bool once =
      false;  ///< its body goes out once: whether the server acted on it cannot be told from a broken connection
  Status rewind() {
    if (once && body_begun_) return protocol::answer_fault(command, protocol::AnswerFault::kEmpty);
    body_read_ = 0;
    if (source_) source_->rewind();
    return Done{};
  }

  // -- the answer
  // --------------------------------------------------------------------------------------------------------
  int http_status = 0;
  Channel channel;
  std::uint32_t retry_after_s = 0;
  bool version_refresh = false;  ///< X-MS-RP
  bool tells_versions = false;   ///< a FolderSync from the beginning: its answer has X-MS-RP whether it is news or not
  std::uint64_t answer_bytes = 0;
  bool looks_like_wbxml = true, looks_like_multipart = false;
  bool for_errand = false;       ///< the account's errand hears how it ended
  bool hangs = false;            ///< a Sync that waits for news in place of a Ping
  bool for_body = false;         ///< the rest of a body, by whichever command
  AnswerTaker* taker = nullptr;  ///< in place of `answer`; outlives the call

  protocol::ResponseReader* reader_sink();
  void read_with_wbxml();  ///< call after `answer` has been chosen
  void take_head(int status, std::span<const Header>, const Channel&);
  /// Parses as it arrives. The first fault is kept and told by answer_error().
  void take(Bytes);
  /// The whole answer has arrived: HTTP first, then the grammar. kNone: a sound answer (or an empty one: answer_bytes
  /// == 0).
  Error finish();
  bool broken() const { return static_cast<bool>(parse_error_); }  ///< the rest of the answer is of no use
  Text gathered() const { return {reinterpret_cast<const char*>(body_), gathered_}; }  ///< Autodiscover's answer

 private:
  Call() = default;
  std::byte* body_ = nullptr;
  std::size_t body_max_ = 0, body_bytes_ = 0, gathered_ = 0, before_ = 0;
  BodySource* source_ = nullptr;
  std::uint64_t source_bytes_ = 0, body_read_ = 0;
  bool reading_ = false, body_begun_ = false;
  Error parse_error_{};
  struct NoSink final : wbxml::Sink {
    Status open(wbxml::Tag) override { return Done{}; }
    Status text(Bytes, bool) override { return Done{}; }
    Status close(wbxml::Tag) override { return Done{}; }
  } no_sink_;
  wbxml::Reader reader_{no_sink_};

  // -- what is large comes last: code reaches the first kilobytes of an object with shorter instructions
  // -----------------------------------------------------------------------------------------------------
 public:
  std::variant<std::monostate, protocol::FolderSyncResponse, protocol::SyncResponse, protocol::PingResponse,
               protocol::ProvisionResponse, protocol::SettingsResponse, protocol::FetchResponse,
               protocol::MoveItemsResponse, protocol::ComposeResponse, protocol::MimeProbe,
               protocol::FolderChangeResponse, protocol::OperationResponse, protocol::MeetingResponseReader>
      answer;
  FixedText<48> throttled;  ///< X-MS-ASThrottle
  FixedText<128> versions;
  protocol::Parameters parameters;  ///< texts in it outlive the launch
  Header plain_headers[4]{};
  FixedText<253> host;
  FixedText<512> plain_target;   ///< Autodiscover's own target; empty = head.target()
  FixedText<512> location;       ///< Location or X-MS-Location
  FixedText<700> authorization;  ///< zeroed by free()
  protocol::RequestHead head;
};

}  // namespace handsync::sync
