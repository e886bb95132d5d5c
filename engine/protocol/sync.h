/// Sync of one collection (MS-ASCMD 2.2.1.21): strict writer, tolerant reader.
#pragma once
#include "items/application_data.h"
#include "items/sink.h"
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

inline constexpr std::uint64_t kWindowSizeMax = 512;
inline constexpr std::uint64_t kPreviewCharacters = 255;  ///< asked for from 14.0 on, for lists of mail
inline constexpr std::size_t kSyncCommandsMax = 200;      ///< in one request; Status 4 beyond

/// A client command. One for each ServerId: a second one in the same request is refused by servers, and here.
struct SyncCommand {
  Text server_id;
  bool remove = false;
  bool has_read = false, read = false;
  bool has_flag = false;
  std::uint8_t flag_status = 0;  ///< 0 cleared, 1 complete, 2 active
  std::int64_t flag_wall_ms = 0;
  bool has_categories = false;   ///< from 14.0 on
  Text categories{};             ///< the whole list, kListSeparator between the names; empty = none
  bool add = false;              ///< Add; server_id is empty
  Text client_id{};              ///< of an Add
  Bytes data{};                  ///< of an Add, or a Change of an item that is no mail: elements (wbxml::Writer)
  bool has_instance = false;     ///< Change or Delete of one occurrence, from 16.0 on; alone in its request
  std::int64_t instance_ms = 0;  ///< the start that the pattern gives (MS-ASAIRS 2.2.2.22 InstanceId)
  bool fetch = false;            ///< the whole body of a mail, where there is no ItemOperations (2.5)
};

struct SyncRequest {
  Version version = 0;
  Text collection_id, sync_key;  ///< "0": the priming request, without options that servers refuse there
  Class kind = Class::kEmail;    ///< of the collection
  bool get_changes = true;
  bool deletes_as_moves = true;
  std::uint16_t window = 100;  ///< 1..512
  std::uint8_t filter = 0;     ///< FilterType (MS-ASCMD 2.2.3.68.2)
  std::uint32_t body_bytes_max =
      0;             ///< TruncationSize, in 2.5 the step below it; UINT32_MAX = no limit, 0 = headers only
  bool html = true;  ///< of mails: ask for HTML first, then plain; false: plain only (AllowHTMLEmail)
  bool with_options = true;
  std::span<const SyncCommand> commands;
};

/// With commands, 16.x is asked for no changes (GetChanges 0), whatever get_changes says: Exchange Online answers such
/// a request more reliably; sync again for the changes.
Result<std::size_t> write_sync(Room, const SyncRequest&);

/// Reads the answer for exactly one collection; another collection's items are skipped and told by foreign(). Feed it
/// through a wbxml::Reader. Items go to `sink` as they are parsed; nothing is valid before the reader's finish().
/// Children may come in any order. An item that cannot be understood ends with item_end(fault) and never fails the
/// response; what fails it is WBXML that is broken, a SyncKey or CollectionId beyond its room, and the sink's own
/// errors.
class SyncResponse final : public ResponseReader {
 public:
  SyncResponse(items::ItemSink& sink, Text collection_id, Class kind = Class::kEmail);
  std::uint32_t collection_status() const {
    return collection_status_;
  }                                                   ///< 0 = not given: counts as 1 when a key came
  Text sync_key() const { return sync_key_.view(); }  ///< empty = none came
  bool more() const { return more_; }
  bool collection_seen() const { return collection_seen_; }
  std::uint32_t limit() const { return limit_; }
  std::uint32_t items() const { return items_; }  ///< commands of the server, not answers
  bool foreign() const { return foreign_; }
  /// Of a request whose only command was Fetch; kNone: the item has come. Valid once the whole answer has been read.
  Error fetch_refusal() const;

 private:
  /// Of the Collection element that is open: it may name itself last.
  enum class Whose : std::uint8_t { kUnknown, kOurs, kForeign };
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  Status collection_value(wbxml::Tag, Text value);
  Status name_collection(Text id);
  void collection_close();
  Status item_open(Path);
  Status item_value(wbxml::Tag, Text value);
  Status item_close(wbxml::Tag list);

  items::ItemSink& sink_;
  items::ApplicationData data_;
  FixedText<64> collection_id_, sync_key_, open_key_;
  Error item_fault_{};
  std::uint32_t collection_status_ = 0, limit_ = 0, items_ = 0, open_status_ = 0;
  std::uint32_t fetch_status_ = 0;
  Class kind_;
  Whose whose_ = Whose::kUnknown;
  bool open_more_ = false, in_item_ = false, in_data_ = false, id_given_ = false, items_given_ = false;
  bool more_ = false, collection_seen_ = false, foreign_ = false, in_fetch_ = false;
};

}  // namespace handsync::protocol
