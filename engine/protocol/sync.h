/// Sync of one collection or several (MS-ASCMD 2.2.1.21): strict writer, tolerant reader.
#pragma once
#include "items/application_data.h"
#include "items/sink.h"
#include "protocol/request.h"
#include "protocol/response.h"
#include "wbxml/writer.h"

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
  Bytes flag_rest{};             ///< what else the flag has: elements, FlagType among them; empty = a new flag
  bool has_categories = false;   ///< from 14.0 on
  Text categories{};             ///< the whole list, kListSeparator between the names; empty = none
  bool add = false;              ///< Add; server_id is empty
  Text client_id{};              ///< of an Add
  Bytes data{};                  ///< of an Add, or a Change of an item that is no mail: elements (wbxml::Writer)
  bool has_instance = false;     ///< Change or Delete of one occurrence, from 16.0 on; alone in its request
  std::int64_t instance_ms = 0;  ///< the start that the pattern gives (MS-ASAIRS 2.2.2.22 InstanceId)
  bool fetch = false;            ///< the whole body of a mail, where there is no ItemOperations (2.5)
  bool text = false;             ///< of an Add: an SMS, from 14.0 on
};

/// What is asked of one collection.
struct SyncRequest {
  Version version = 0;
  Text collection_id, sync_key;  ///< "0": the priming request, without options that servers refuse there
  Class kind = Class::kEmail;    ///< of the collection
  bool get_changes = true;
  bool deletes_as_moves = true;
  std::uint16_t window = 100;  ///< 1..512
  std::uint8_t filter = 0;     ///< FilterType (MS-ASCMD 2.2.3.68.2)
  std::uint32_t body_bytes_max =
      0;               ///< TruncationSize, in 2.5 the step below it; UINT32_MAX = no limit, 0 = headers only
  bool html = true;    ///< of mails: ask for HTML first, then plain; false: plain only (AllowHTMLEmail)
  bool texts = false;  ///< of mails, from 14.0 on: SMS too, with Options of their own (MS-ASMS 3.1.4.1.1)
  bool with_options = true;
  bool client_wins = false;  ///< Conflict; the server keeps it with the other options
  std::span<const SyncCommand> commands;
};

/// One request, collection after collection. With commands, 16.x is asked for no changes (GetChanges 0), whatever
/// get_changes says: Exchange Online answers such a request more reliably; sync again for the changes.
class SyncWriter {
 public:
  explicit SyncWriter(Room);
  Status add(const SyncRequest&);  ///< a RequestFault leaves the document as it was
  /// `window` bounds the items of all collections together, from 12.1 on; 0: each has its own bound only. `wait_s`: the
  /// server may answer as late as that when it has nothing to say (12.1: whole minutes; 2.2.3.79 HeartbeatInterval,
  /// 2.2.3.196 Wait); 0: at once.
  Result<std::size_t> finish(std::uint16_t window = 0, std::uint32_t wait_s = 0);

 private:
  wbxml::Writer writer_;
  bool in_minutes_ = false;
};
Result<std::size_t> write_sync(Room, const SyncRequest&);  ///< of one collection

/// What the answer says of a collection beside its items.
struct SyncPart {
  FixedText<64> sync_key;    ///< empty = none came
  std::uint32_t status = 0;  ///< 0 = not given: counts as 1 when a key came
  std::uint32_t items = 0;   ///< commands of the server, not answers
  std::uint32_t fetch = 0;   ///< the Status of the last answer to a Fetch; 0 = none came
  bool more = false;
};

/// Is told where a collection's part of an answer begins and ends; its items go to the ItemSink between the two.
class SyncParts {
 public:
  /// An empty id: its items come before its name, or it has none; with the name it is asked once more. False: nobody
  /// asked for it, or it has been here already, and it is skipped. `kind`: how its items are read.
  virtual Result<bool> part_begins(Text collection_id, Class& kind) = 0;
  /// Its closing tag was read: nothing of it is missing, whatever becomes of the rest of the answer.
  virtual Status part_ends(const SyncPart&) = 0;

 protected:
  ~SyncParts() = default;
};

/// Feed it through a wbxml::Reader. Children may come in any order. An item that cannot be understood ends with
/// item_end(fault) and never fails the response; what fails it is WBXML that is broken, a SyncKey beyond its room, a
/// name that comes too late, and the errors of `sink` and `parts`.
class SyncResponse final : public ResponseReader {
 public:
  SyncResponse(items::ItemSink&, SyncParts&);
  std::uint32_t limit() const { return limit_; }

 private:
  /// Of the Collection element that is open: it may name itself last.
  enum class Whose : std::uint8_t { kUnknown, kOurs, kForeign };
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  Status collection_value(wbxml::Tag, Text value);
  Status name_collection(Text id);
  Status find_whose(Text id);
  Status collection_close();
  Status item_open(Path);
  Status item_value(wbxml::Tag, Text value);
  Status item_close(wbxml::Tag list);

  items::ItemSink& sink_;
  SyncParts& parts_;
  items::ApplicationData data_;
  SyncPart part_;  ///< the one that is open
  Error item_fault_{};
  std::uint32_t limit_ = 0;
  Class kind_ = Class::kEmail;
  Whose whose_ = Whose::kUnknown;
  bool key_too_long_ = false, in_item_ = false, in_fetch_ = false, in_data_ = false, id_given_ = false,
       items_given_ = false;
};

}  // namespace handsync::protocol
