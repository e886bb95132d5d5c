/// One account's replica: the database, its schema and its short transactions. Engine thread only; applications read
/// through reader.h on a connection of their own. The only SQL of the engine lives in this folder.
///
/// WAL. What must last (edits, SyncKeys, outbox) is committed with synchronous=FULL; stage transactions with NORMAL and
/// no sync. Named schema versions with migrations (schema.h); a replica newer than this program is refused with
/// Error{kSqlite, kNewer}.
#pragma once
#include "handsync/changes.h"
#include "handsync/memory.h"
#include "handsync/replica.h"
#include "items/mime_stream.h"

struct sqlite3;

namespace handsync::replica {

/// Local codes of Domain::kSqlite beside SQLite's own (which are 1..101 and extended).
enum Fault : std::int32_t {
  kNewer = -1,
  kUnsound = -2,
  kNoSuchItem = -3,
  kNoSuchFolder = -4,
  kClosed = -5,
  kOvertaken = -6,  ///< the folder was deselected, removed or re-keyed while its response arrived: drop the response
  kNoSuchChange = -7,
  kNotSealed = -9,           ///< StoreOptions::sealed, and the VFS seals nothing: it is neither made nor opened
  kWrongFolder = -10,        ///< the folder does not hold items of that class
  kTooManyCategories = -11,  ///< beyond kCategoriesBytesMax, or a name that is empty or has control characters
  kReadOnly = -14,           ///< the recipient information cache: only the server changes it
  kNoConversation = -15,     ///< no mail, or one without a conversation
  kNoSuchProperty = -12,     ///< the class has no such property, or not one to be edited, or a value beyond its room
  kNoSuchOccurrence = -13,   ///< the event is no series, or that one of it is cancelled
  kNoSuchAttachment = -20,
  kNoSearch = -30,       ///< Query::words in a build without search, or with a SQLite without FTS5
  kBadFolderName = -21,  ///< empty, longer than kFolderNameBytesMax, or with control characters
  kDefaultFolder = -22,  ///< one that every mailbox has, or a type of which there is only one
  kFolderExists = -23,
  kInFlight = -8,  ///< the change is part of a request that was sent: its answer decides
};

struct StoreOptions {
  Text path;  ///< of the database file
  const char* vfs = nullptr;
  std::uint16_t page_bytes = 4096;
  std::uint16_t cache_kib = 256;
  std::uint16_t arrival_kib = 256;
  bool sealed = false;  ///< refuse a VFS that does not seal pages
};

/// Small values that change together with data. Stored as rows (key, value); a value is at most 4 KiB.
enum class Value : std::uint8_t {
  kPolicyKey = 1,  ///< decimal
  kHierarchyKey,   ///< FolderSync SyncKey
  kVersion,        ///< negotiated, "161"
  kServerPath,
  kServerHost,
  kServerUser,
  kQueryForm,
  kCommands,
  kLoopCounters,  ///< persisted counters that end server-driven loops
  kLastSync,      ///< wall_ms of the last complete sync
  kPolicyTime,
  kHeartbeat,
  kDeviceInformationSent,
  kMessageBytesMax,  ///< messages of this many bytes and more were found too large for the server
  kTextsTaken,       ///< hal::TextRecord::id of the last text that the modem told and that is here
};

/// What sync needs to know of a folder. Fixed size: kept in RAM while the database is closed.
struct SyncFolder {
  FolderId id{};
  FixedText<64> server_id;  ///< CollectionId (64 characters at most, MS-ASCMD 2.2.3.30.5)
  FixedText<64> sync_key;   ///< "0" = from the beginning
  FolderType type{};
  bool supported = false, selected = false, synced = false;
  bool rekeying = false;     ///< a full resync runs: rows not yet confirmed stay visible until it is complete
  std::uint16_t window = 0;  ///< adaptive WindowSize, 0 = not yet chosen
  std::uint8_t filter = 0;   ///< FilterType that the SyncKey was made with
  std::uint16_t rounds_without_progress = 0;  ///< persisted loop guard
  // What the user wants of this folder; without it the account's is meant.
  bool has_days = false, has_body_bytes_max = false;
  std::uint16_t days = 0;
  std::uint32_t body_bytes_max = 0;
};

/// Totals of one commit.
inline constexpr std::uint32_t kStatusFull = 9;  ///< no room in the mailbox: a change waits until there is
struct Applied {
  std::uint32_t added = 0, changed = 0, deleted = 0, parked = 0, confirmed = 0;
  std::uint32_t again = 0;  ///< the Status of a change that is to go again later; 0 = none
  std::uint64_t generation = 0;
};

/// A change of the user as it goes into a Sync request. Fixed size.
struct Outgoing {
  std::uint64_t change = 0;  ///< row of the queue
  FixedText<64> server_id;
  bool has_read = false, read = false;
  bool has_flag = false;
  std::uint8_t flag_status = 0;   ///< 0 cleared, 1 complete, 2 active (MS-ASEMAIL 2.2.2.34)
  std::int64_t flag_wall_ms = 0;  ///< when the user set it: CompleteTime, DateCompleted
  Bytes flag_rest{};              ///< its other children, as elements; in the caller's room
  bool remove = false, for_good = false;
  bool has_instance = false;     ///< a command for one occurrence, alone in its request
  std::int64_t instance_ms = 0;  ///< its InstanceId
  bool add = false;              ///< server_id is empty then
  FixedText<40> client_id;       ///< of an Add
  bool text = false;             ///< likewise: of an SMS
  Bytes data{};  ///< of an Add or a Change of an item: what stands in ApplicationData; in the caller's room
  bool has_categories = false;
  Text categories{};  ///< the whole list, kListSeparator between the names; in the caller's room
};
/// A list of categories that can be sent; longer ones are refused when they are made.
inline constexpr std::size_t kCategoriesBytesMax = 1024;

/// One move for MoveItems. Fixed size.
struct OutgoingMove {
  std::uint64_t change = 0;
  FixedText<64> server_id, from_server_id, to_server_id;
  FolderId from{}, to{};
};

/// At most as long is a conversation's id that can be sent back (servers have 16 and 20 bytes).
inline constexpr std::size_t kConversationBytesMax = 64;
struct OutgoingConversation {
  std::uint64_t change = 0;
  std::uint32_t tries = 0;
  std::byte id[kConversationBytesMax]{};
  std::size_t id_bytes = 0;
  bool handed_over = false;  ///< its answer is not here
  FolderId to{};
  FixedText<64> to_server_id;
};

/// What a message is made of beside its parts. Borrowed.
struct NewMessage {
  Text client_id, message_id, subject, recipients;
  ItemId source{};  ///< answered or forwarded; 0 = none
};
enum class MessageVerb : std::uint8_t { kSend, kReply, kForward, kRespond };
/// An answer to an invitation, as it goes out.
struct OutgoingAnswer {
  std::uint32_t reply = 0;  ///< UserResponse (MS-ASCMD 2.2.3.184); 0 = the message is none
  bool one = false;
  std::int64_t original_ms = 0, propose_start_ms = 0, propose_end_ms = 0;
};

/// The message to be sent next. Fixed size.
struct OutgoingMessage {
  std::uint64_t change = 0, message = 0;
  MessageVerb verb{};
  bool in_doubt = false;  ///< handed over once, and no answer came
  bool unsaid = false;    ///< likewise, below 14.0: the server does not know its ClientId
  bool again = false;     ///< a person wants it sent again, should it not have arrived
  std::uint32_t tries = 0;
  std::uint64_t bytes = 0;  ///< as measured when it was queued
  std::int64_t wall_ms = 0;
  FixedText<40> client_id;
  FixedText<300> message_id;
  FixedText<64> source_folder, source_item;  ///< where the server has the item that is answered or forwarded
  ItemId source{};
  OutgoingAnswer answer;
};

/// A draft that is begun. Borrowed; null: as it says now.
struct NewDraft {
  ItemId item{};  ///< 0 = a new one
  const Text *to = nullptr, *cc = nullptr, *bcc = nullptr, *subject = nullptr;
  bool has_importance = false, important = false;
};
/// The draft that goes to the server next. Fixed size.
struct OutgoingDraft {
  std::uint64_t change = 0, message = 0;  ///< message 0: nothing of it changes
  bool add = false, send = false;
  FixedText<40> client_id;
  FixedText<64> server_id;  ///< not of an Add
};
struct DraftTexts {
  Text to, cc, bcc, subject;
  std::uint8_t importance = 1;
};
struct DraftStanding {
  bool only_here = false;     ///< the server has never been handed it
  bool sends = false;         ///< it is on its way to be sent
  std::uint64_t message = 0;  ///< what it is to say; 0 = what the server has
};

/// A text message that is new here. Borrowed. Addresses as the protocol has them.
struct NewText {
  bool sent = false;  ///< received ones go into the Inbox, these into Sent Items
  Text from, to, words;
  std::int64_t wall_ms = 0;
  Text client_id;
  std::uint64_t modem_id = 0;  ///< 0: the modem has not told it, it is about to be handed one
};
/// A text that is to be handed to the modem.
struct OutgoingText {
  std::uint64_t change = 0;
  ItemId item{};
};

/// A finished message that tells others of a change of the user's: queued in the commit in which the server's answer
/// says that it has the change, gone with a change that is dropped. 0 = none.
struct Announcement {
  std::uint64_t message = 0, bytes = 0;
  std::uint32_t sequence = 0;  ///< SEQUENCE in it (RFC 5545 3.8.7.4), counted for each item
};

/// Where the server keeps an item.
struct ItemAddress {
  FolderId folder{};
  FixedText<64> server_id;
};

struct AttachmentAddress {
  FixedText<1024> reference;  ///< FileReference
  std::uint64_t bytes = 0;    ///< as the server estimates
};

inline constexpr std::size_t kFolderNameBytesMax = 256;  ///< of a name that is given here
/// The folder that is to be changed next. Fixed size.
struct OutgoingFolder {
  std::uint64_t change = 0;
  FolderWish::What what{};
  std::uint8_t type = 0;
  bool in_doubt = false;  ///< handed over, and no answer came
  bool done = false;      ///< the folders show it already
  bool missing = false;   ///< its folder, or the one it goes into, is gone
  std::uint32_t tries = 0;
  Error last{};                        ///< why the last of them was in vain
  FixedText<64> server_id, parent_id;  ///< server_id: empty for kCreate
  FixedText<kFolderNameBytesMax> name;
};

struct ItemClass {
  Class kind{};
  FolderId folder{};
};
inline constexpr std::size_t kEditBytesMax = 1024 * 1024;  ///< of one value

/// What becomes of one occurrence of a series. Borrowed.
struct OccurrenceEdit {
  std::int64_t original_ms = 0;         ///< the start that the pattern gives
  std::span<const PropertyEdit> edits;  ///< those with kOfOne
  bool cancel = false;                  ///< it does not take place
  std::uint16_t version = 0;            ///< x 10: how what is shown meanwhile names it
};

class Arrival;  // arrival.h

inline constexpr std::size_t kMessagePieceBytes = 16 * 1024;

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();  ///< closes

  Status open(const StoreOptions&, Memory);  ///< creates, migrates, sweeps what a broken response left
  void close();                              ///< checkpoints; ok to call twice
  bool is_open() const;
  Status check();  ///< integrity_check and our own relations
  /// Housekeeping in small steps: closes a stage transaction, sweeps unreferenced chunks, checkpoints. True = more to
  /// do.
  Result<bool> idle(std::uint64_t mono_ms);

  /// One short step of making items findable (Query::words), a transaction of its own that need not last. True = more
  /// to do. Nothing in builds without search.
  Result<bool> index_some();

  Result<std::size_t> get(Value, Room) const;  ///< 0 = not set
  Status put(Value, Bytes);
  Result<std::uint64_t> get_number(Value) const;  ///< 0 = not set
  Status put_number(Value, std::uint64_t);

  // -- folders: one FolderSync answer is one transaction
  // -----------------------------------------------------------------------
  Status hierarchy_begin(bool whole);  ///< whole: the answer to key 0; folders it does not name are removed at commit
  Status hierarchy_put(Text server_id, Text parent_server_id, Text name, std::uint8_t type);  ///< Add or Update
  Status hierarchy_remove(Text server_id);
  Result<bool> hierarchy_commit(
      Text hierarchy_key);  ///< true = something changed. Folders are matched by id, default type, then path
  void hierarchy_drop();
  Result<std::size_t> sync_folders(
      std::span<SyncFolder>) const;  ///< in the order to sync: Inbox first; number of all supported folders
  Result<SyncFolder> sync_folder(FolderId) const;
  Status save_folder(
      const SyncFolder&);  ///< window, filter, guard, synced; not the SyncKey (that is Arrival::commit's)
  Status set_folder(FolderId, const FolderChange&);
  Status select(FolderId,
                bool wanted);  ///< deselecting removes local items and resets the key to 0; queued changes stay parked

  // -- the user's changes
  // -------------------------------------------------------------------------------------------------------
  Result<std::uint64_t> mark_read(ItemId, bool read, std::int64_t wall_ms);
  Result<std::uint64_t> mark_flag(ItemId, std::uint8_t flag_status, std::int64_t wall_ms);
  /// Adds a name to the item's list, or takes it away.
  Result<std::uint64_t> mark_category(ItemId, Text name, bool on, std::int64_t wall_ms);
  /// The item is listed nowhere from now on, and in its folder again if the server refuses.
  Result<std::uint64_t> remove(ItemId, bool for_good, std::int64_t wall_ms, const Announcement& = {});
  /// The item is listed in the other folder at once. 0: it was a way back, nothing waits any more.
  Result<std::uint64_t> move(ItemId, FolderId to, std::int64_t wall_ms);
  /// Events, contacts, tasks and notes. `client_id`: the same one goes with every try, at most 40 bytes.
  Result<ItemId> add_item(FolderId, std::span<const PropertyEdit>, Text client_id, std::int64_t wall_ms,
                          const Announcement& = {});
  /// 0: nothing to do
  Result<std::uint64_t> edit_item(ItemId, std::span<const PropertyEdit>, std::int64_t wall_ms,
                                  const Announcement& = {});
  Result<std::uint64_t> edit_occurrence(ItemId, const OccurrenceEdit&, std::int64_t wall_ms, const Announcement& = {});
  Result<std::uint32_t> next_sequence(ItemId) const;  ///< of its next announcement
  Result<ItemClass> class_of_item(ItemId) const;      ///< kWrongFolder: a mail
  Result<FixedText<255>> subject_of(ItemId) const;
  /// What the item shows of a property; its size, which may be beyond the room. 0 also when there is none.
  Result<std::size_t> item_value(ItemId, std::uint16_t property, Room) const;
  Result<bool> item_has(ItemId, const PropertyEdit&) const;  ///< whether the item shows just that
  /// Before freeze_outgoing of their folders: puts together what is to be sent, for this version x 10.
  Status prepare_items(FolderId, std::uint16_t version);
  /// Room that freeze_outgoing needs for items: about `enough`, but never less than the first takes.
  Result<std::size_t> outgoing_bytes(FolderId, std::size_t enough) const;
  Result<bool> has_outgoing(FolderId) const;           ///< for Sync: moves go another way
  Result<bool> has_commands(FolderId) const;           ///< likewise, of what goes together in one request: no drafts
  Result<bool> has_frozen(FolderId) const;             ///< of a request whose answer has not come
  Result<std::uint64_t> first_frozen(FolderId) const;  ///< its first change; 0 = none
  /// Marks up to out.size() changes as belonging to request `id`, durably, one per server item, and returns them. A
  /// lost answer is the normal case: as long as request changes are marked, the same ones are returned again and no
  /// others.
  /// Deletions for good and others are not mixed in one request. `texts` holds what does not fit in an Outgoing.
  Result<std::size_t> freeze_outgoing(FolderId, std::uint32_t request, std::span<Outgoing> out, Room texts = {});
  /// Moves of items of which nothing else waits, marked durably as sent. What becomes of a lost answer: the moves stay
  /// in doubt until their folder has been synced, where an item that was moved disappears; then thaw_moves.
  Result<std::size_t> freeze_moves(std::span<OutgoingMove> out);
  Result<bool> has_moves() const;
  Result<std::size_t> moves_in_doubt(std::span<FolderId> folders) const;  ///< folders to be synced; their number
  /// Their folder has been synced and they are still in it. Those that have been tried often enough are parked: how
  /// many.
  Result<std::uint32_t> thaw_moves(FolderId from);
  Status move_in_vain(std::uint64_t change, Error reason);     ///< counts a try; whether it was done is in doubt
  Status move_done(std::uint64_t change, Text new_server_id);  ///< the item keeps its own id
  Result<bool> move_refused(std::uint64_t change, Error reason, bool passing);  ///< true = parked
  /// All mails of an item's conversation are listed in the other folder at once, but for sent ones and drafts; later
  /// ones go there at the server. 0: the folder of deleted items.
  Result<std::uint64_t> move_conversation(ItemId, FolderId to, std::int64_t wall_ms);
  Result<bool> next_conversation(OutgoingConversation&) const;  ///< the one that is on its way, or the oldest
  Status conversation_handed_over(std::uint64_t change);        ///< lasting
  Status conversation_done(std::uint64_t change);  ///< its mails are in doubt, as moves are, until the next sync
  Result<bool> conversation_refused(std::uint64_t change, Error reason, bool passing);  ///< true = parked
  Status park(std::uint64_t change, Error reason);
  Status retry(std::uint64_t change);
  Status drop(std::uint64_t change);
  Result<std::uint32_t> queue_length(bool parked) const;

  // -- messages to be sent (outbox.cpp)
  // ---------------------------------------------------------------------------------------------------------
  /// A message is written piece by piece, in transactions that need not last; until message_queue it is nobody's, and
  /// the next boot removes it. Part 0 is the head, as it will stand.
  Result<std::uint64_t> message_begin(const NewMessage&);
  Status message_piece(std::uint64_t message, std::uint16_t part, std::uint32_t piece, Bytes);
  Status message_part(std::uint64_t message, std::uint16_t part, const items::MimePart&);
  Result<std::uint64_t> message_queue(std::uint64_t message, MessageVerb, std::uint64_t bytes, std::int64_t wall_ms,
                                      const OutgoingAnswer& = {});
  void message_discard(std::uint64_t message);
  Result<bool> has_messages() const;
  Result<bool> next_message(OutgoingMessage&) const;                 ///< false: none waits
  Status message_sending(std::uint64_t change);                      ///< durably, before its first byte goes out
  Status message_not_sent(std::uint64_t change, Error, bool count);  ///< it certainly did not arrive; it waits again
  Status message_doubt(std::uint64_t change, Error);                 ///< another try that ended without an answer
  Status message_sent(std::uint64_t change);
  /// After a lost answer, when the item that is answered has been synced: whether the server has taken it.
  Result<bool> answer_is_known(const OutgoingMessage&) const;
  Status answer_given(std::uint64_t change);  ///< the server knows; now the mail to the organizer goes out
  /// Mails of the folder of sent ones that may be this message, newest first.
  Result<std::size_t> sent_alike(const OutgoingMessage&, std::span<ItemId>) const;

  // -- drafts (drafts.cpp)
  // ---------------------------------------------------------------------------------------------------------
  /// Written as a message is: part 1 is the text, 2 the HTML, from `first_file` on attachments; those that are to go by
  /// draft_detach.
  Result<std::uint64_t> draft_begin(const NewDraft&, Text client_id, std::uint16_t& first_file);
  Status draft_detach(ItemId, std::uint64_t message, std::uint16_t part, std::uint16_t number);
  Result<ItemId> draft_keep(ItemId, std::uint64_t message, bool has_body, std::int64_t wall_ms);
  Result<DraftStanding> draft_standing(ItemId) const;
  Result<std::uint64_t> draft_queue_sending(ItemId, std::int64_t wall_ms);
  /// One that only this handset has becomes a message to be sent: `message` has its head.
  Result<std::uint64_t> draft_to_message(ItemId, std::uint64_t message, std::uint64_t bytes, std::int64_t wall_ms);
  Result<std::size_t> draft_fields(std::uint64_t message, DraftTexts&, Room) const;  ///< the room they need
  Result<bool> has_drafts(FolderId) const;
  /// Marks it durably as belonging to request `id`: the one that belongs to it already, else the next. False: none, or
  /// something else goes first.
  Result<bool> next_draft(FolderId, std::uint32_t request, OutgoingDraft&);
  Status draft_not_handed(FolderId);   ///< nothing of the one that next_draft gave has left the device
  Result<ItemId> first_stale() const;  ///< to be read anew from the server; 0 = none
  Status not_stale(ItemId);

  // -- text messages (texts.cpp)
  // ---------------------------------------------------------------------------------------------------------
  /// One that the modem has told: durably here, to be uploaded, and known by its number from now on.
  Result<ItemId> text_told(const NewText&);
  /// One that is about to be handed over: from here on it is never handed over again by itself.
  Result<OutgoingText> text_begun(const NewText&);
  /// The next one to be handed over, likewise: one that a person wants sent again, or, with `outbox`, one of the
  /// server's Outbox. False: there is none.
  Result<bool> next_text(bool outbox, std::int64_t wall_ms, OutgoingText&);
  /// The modem has it: a copy goes up to Sent Items, and one of the Outbox is deleted there.
  Status text_sent(const OutgoingText&, Text from, Text client_id, std::int64_t wall_ms);
  /// It certainly was not sent: it waits for another try, or is parked after a few and with `park`. True = parked.
  Result<bool> text_not_sent(const OutgoingText&, Error, bool park);
  Status text_taken_back(const OutgoingText&);  ///< of text_begun: it was not sent and is no more
  /// Those handed over of which no result is known are held for a person. Returns how many.
  Result<std::uint32_t> texts_in_doubt(Error reason);
  /// While there is a reason no text is uploaded; those that wait say it.
  Status hold_texts(Error reason_or_none);

  // -- folders that the user makes, renames and deletes (folder_changes.cpp)
  // ---------------------------------------------------------------------------------------------------------
  Result<std::uint64_t> queue_folder(const FolderWish&, std::int64_t wall_ms);
  Result<bool> next_folder_change(OutgoingFolder&) const;  ///< false: none waits
  /// Durably: whether it is in doubt from now on, and with a reason that one more try was in vain.
  Status folder_change_note(std::uint64_t change, bool in_doubt, Error reason);
  Status folder_change_done(std::uint64_t change);

  // -- re-key (Status 3)
  // ---------------------------------------------------------------------------------------------------------
  /// How far a resync has come: rows it has brought or confirmed, and those it has not.
  struct Standing {
    std::uint64_t confirmed = 0, unconfirmed = 0;
  };
  Result<Standing> resync_standing(FolderId) const;
  /// Key to 0; every row of the folder stays visible and is remembered as unconfirmed until the resync is complete.
  /// Edits stay queued.
  Status rekey_begin(FolderId);
  /// Whether edits made here win against the server's; until the store is closed.
  void let_win(bool client);
  /// The same of all folders, and of the hierarchy. `version` is spoken from now on: if it was another one before, what
  /// waits is put into a form that it has (version_change.cpp). One commit.
  Status rekey_all(std::uint16_t version);

  Result<ItemAddress> address_of(ItemId) const;                              ///< kNoSuchItem when it is gone
  Result<AttachmentAddress> attachment(ItemId, std::uint16_t number) const;  ///< from 1; kNoSuchAttachment
  Result<std::uint64_t> generation() const;
  sqlite3* database() const { return database_; }  ///< for this folder's own files

 private:
  friend class Arrival;
  Result<bool> remove_unsent(ItemId);
  Result<bool> sweep_step();
  Result<bool> empty_step();
  sqlite3* database_ = nullptr;
  void* state_ = nullptr;  // prepared statements and buffers, from Memory; see store.cpp
  Memory memory_{};
};

/// A queued message's parts. The store outlives it and stays open.
class OutboxSource final : public items::MimeSource {
 public:
  OutboxSource(Store& store, std::uint64_t message) : store_(store), message_(message) {}
  Result<bool> part(std::size_t index, items::MimePart&) override;
  Result<std::size_t> head(std::uint64_t offset, Room) override;
  Result<std::size_t> data(std::size_t index, std::uint64_t offset, Room) override;

 private:
  Store& store_;
  std::uint64_t message_;
  std::uint64_t found_ = 0;  ///< the row of the part asked for last
  std::size_t found_index_ = 0;
};

}  // namespace handsync::replica
