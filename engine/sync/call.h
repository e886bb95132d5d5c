/// One request on its way and what is known of its answer. Made when the request is decided, freed when its end has
/// been told: the arena of a running conversation.
#pragma once
#include <variant>

#include "autodiscover/discovery.h"
#include "handsync/engine.h"
#include "protocol/folder_sync.h"
#include "protocol/item_operations.h"
#include "protocol/move_items.h"
#include "protocol/ping.h"
#include "protocol/provision.h"
#include "protocol/request.h"
#include "protocol/sync.h"
#include "sync/limits.h"

namespace handsync::sync {

enum class Kind : std::uint8_t { kCommand, kOptions, kDiscoveryPost, kDiscoveryGet };

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
  FixedText<253> host;
  std::uint16_t port = 443;
  bool tls = true;
  Text method, label;  ///< literals
  protocol::RequestHead head;
  FixedText<512> plain_target;  ///< Autodiscover's own target; empty = head.target()
  Header plain_headers[4]{};
  std::size_t plain_header_count = 0;
  FixedText<700> authorization;  ///< zeroed by free()
  std::uint32_t silence_s = kCommandSilenceS, total_s = kCommandTotalS;
  std::uint64_t started_ms = 0;

  Room body_room() { return {body_, body_max_}; }
  void set_body(std::size_t bytes) { body_bytes_ = bytes; }
  std::size_t body_bytes() const { return body_bytes_; }
  std::size_t read_body(Room);  ///< 0 = end
  void rewind() { body_read_ = 0; }

  // -- the answer
  // --------------------------------------------------------------------------------------------------------
  int http_status = 0;
  Channel channel;
  FixedText<512> location;  ///< Location or X-MS-Location
  FixedText<128> versions;
  std::uint32_t retry_after_s = 0;
  bool version_refresh = false;  ///< X-MS-RP
  std::uint64_t answer_bytes = 0;
  bool looks_like_wbxml = true;

  std::variant<std::monostate, protocol::FolderSyncResponse, protocol::SyncResponse, protocol::PingResponse,
               protocol::ProvisionResponse, protocol::SettingsResponse, protocol::FetchResponse,
               protocol::MoveItemsResponse>
      answer;
  protocol::ResponseReader* reader_sink();
  void read_with_wbxml();  ///< call after `answer` has been chosen
  void take_head(int status, std::span<const Header>, const Channel&);
  /// Parses as it arrives. The first fault is kept and told by answer_error().
  void take(Bytes);
  /// The whole answer has arrived: HTTP first, then the grammar. kNone: a sound answer (or an empty one: answer_bytes
  /// == 0).
  Error finish();
  Text gathered() const { return {reinterpret_cast<const char*>(body_), gathered_}; }  ///< Autodiscover's answer

 private:
  Call() = default;
  std::byte* body_ = nullptr;
  std::size_t body_max_ = 0, body_bytes_ = 0, body_read_ = 0, gathered_ = 0;
  bool reading_ = false;
  Error parse_error_{};
  struct NoSink final : wbxml::Sink {
    Status open(wbxml::Tag) override { return Done{}; }
    Status text(Bytes, bool) override { return Done{}; }
    Status close(wbxml::Tag) override { return Done{}; }
  } no_sink_;
  wbxml::Reader reader_{no_sink_};
};

}  // namespace handsync::sync
