/// What applications read. A Reader sees the last committed state of one account and never waits for the network or the
/// engine: a response on its way touches only body chunks nobody refers to yet and the arrival log; both turn into
/// items in one commit.
#pragma once
#include "handsync/base.h"
#include "handsync/memory.h"

namespace handsync {

enum class FolderId : std::uint32_t {};
enum class ItemId : std::uint64_t {
};  ///< short, stable, ours, never used again for another item; the server's ids stay inside
enum class Class : std::uint8_t {
  kEmail,
  kEvent,
  kContact,
  kTask,
  kNote,
  kSms,
  kRecipient,  ///< an entry of the recipient information cache: the server's alone, listed only with its folder
};

/// The default type of a folder (MS-ASCMD 2.2.3.186.3 FolderSync Type 1..19).
enum class FolderType : std::uint8_t {
  kGeneric = 1,
  kInbox,
  kDrafts,
  kDeleted,
  kSent,
  kOutbox,
  kTasks,
  kCalendar,
  kContacts,
  kNotes,
  kJournal,
  kUserMail,
  kUserCalendar,
  kUserContacts,
  kUserTasks,
  kUserJournal,
  kUserNotes,
  kUnknown,
  kRecipients,
};

/// Texts live until the cursor moves.
struct FolderRow {
  FolderId id{};
  FolderId parent{};  ///< 0 = top
  Text name, server_id;
  FolderType type{};
  bool supported = false;  ///< its class is one that this engine syncs
  bool selected = false;   ///< the user wants it here
  bool synced = false;     ///< a first sync has been completed
  std::uint32_t items = 0, unread = 0;
};

/// Between the entries of a list, as of ItemRow::categories. XML, and therefore no ActiveSync text, can carry it.
inline constexpr char kListSeparator = '\x1F';

/// Texts live until the cursor moves.
struct ItemRow {
  ItemId id{};
  FolderId folder{};
  Class kind{};
  Text server_id;
  Text subject, from, to, preview, conversation_id;  ///< conversation_id: lower-case hex
  Text categories;                                   ///< names, kListSeparator between them
  /// DateReceived of a mail, start of an event, due date of a task, last change of a note; of a recipient its
  /// WeightedRank (MS-ASCNTC 2.2.2.64), which is no time.
  std::int64_t when_ms = 0;
  std::uint8_t importance = 1, reply_state = 0;  ///< reply_state: LastVerbExecuted (MS-ASEMAIL 2.2.2.43)
  std::uint32_t attachments = 0;
  std::uint64_t body_bytes_total = 0, body_bytes_here = 0;
  std::uint8_t body_type = 0;  ///< 1 text, 2 HTML, 4 MIME, 0 none
  bool read = false, flagged = false;
  bool edited_here = false;  ///< a change of the user waits to be sent
  // Events (MS-ASCAL), tasks (MS-ASTASK):
  std::int64_t end_ms = 0;
  bool all_day = false, recurring = false, complete = false;
  Text location, organizer;  ///< organizer: the address, else the name
  // Contacts (MS-ASCNTC):
  Text name;  ///< first and last name, else FileAs, company, e-mail
  Text email, phone;
  bool gone = false;  ///< only with changed_since: removed; nothing but id and folder is set
};

/// One property of an event, contact, task or note, as the server gave it or the user changed it.
struct PropertyRow {
  std::uint16_t id = 0;     ///< items/properties.h; 1 = elements that no table names
  Text name;                ///< of the element, "BusinessPhoneNumber"; empty: id 1, and in small builds (profile.h)
  Text value;               ///< of a long one the first 4 KiB: Reader::property() reads it all
  std::uint64_t bytes = 0;  ///< of the whole value
  /// The value is WBXML without its header (items/application_data.h): the element itself, or several.
  bool structured = false;
  bool list = false;  ///< texts with kListSeparator between them
};

struct Query {
  FolderId folder{};
  ItemId item{};            ///< not 0: just this one, folder ignored
  std::uint32_t limit = 0;  ///< 0 = all
  bool of_class = false;    ///< only items of class `kind`
  Class kind{};
  bool unread_only = false, flagged_only = false, important_only = false;
  /// Not empty: only items in which all of these are found, in any case and without accents: words, the last also as
  /// the beginning of one, and "texts in quotes". Newest first, to the second. Not together with `item` and
  /// `changed_since`. Copied. Nothing that is typed is an error. What cannot search: kNoSearch (replica/store.h).
  Text words;
  std::uint64_t changed_since = 0;  ///< not 0: only rows of a later generation, oldest change first
};

/// QueueRow::last.where of a conflict that the user's edit has won (AccountSettings::client_wins): the change would
/// bring back what the server had.
inline constexpr std::uint32_t kTheirsLost = 1;

/// A change of the user that waits in the queue, or was parked.
struct QueueRow {
  std::uint64_t id = 0;
  ItemId item{};  ///< 0: of no item: a message to be sent
  Text subject;   ///< of the message or the item, as far as it is known
  Text what;      ///< "read", "flag", "delete", "move", "send" ...
  std::uint32_t tries = 0;
  Error last{};
  bool parked = false;
};

/// An item the server sent or refused that could not be taken; it does not stall its folder.
struct ParkedRow {
  FolderId folder{};
  Text server_id;
  Error reason{};
};

template <class Row>
class Cursor {
 public:
  virtual Result<bool> step(Row& row) = 0;  ///< false = end
  virtual void close() = 0;                 ///< also after an error; the cursor is gone then

 protected:
  ~Cursor() = default;
};

/// One open cursor at a time per Reader; opening another closes it. Every call is short; a snapshot is kept for one
/// batch of rows only.
class Reader {
 public:
  virtual Result<Cursor<FolderRow>*> folders() = 0;
  virtual Result<Cursor<ItemRow>*> list(const Query&) = 0;  ///< newest first
  virtual Result<Cursor<QueueRow>*> queue() = 0;
  virtual Result<Cursor<ParkedRow>*> parked() = 0;
  virtual Result<std::size_t> body(ItemId, std::uint64_t offset, Room) = 0;  ///< 0 = end of what is here
  /// Of an event, contact, task or note; in the order of the class's table.
  virtual Result<Cursor<PropertyRow>*> properties(ItemId) = 0;
  virtual Result<std::size_t> property(ItemId, std::uint16_t id, std::uint64_t offset, Room) = 0;  ///< 0 = end
  virtual Result<std::uint64_t> generation() = 0;  ///< rises with every commit
  virtual void close() = 0;

 protected:
  ~Reader() = default;
};

/// A file that came with an item (MS-ASAIRS 2.2.2.9 Attachment).
struct AttachmentRow {
  Text name, content_type, content_id;  ///< content_id: what the HTML of the mail calls it by; empty: nothing
  std::uint64_t bytes = 0;              ///< as the server estimates
  bool is_inline = false;
};
/// The item's attachment of that number, from 1 to ItemRow::attachments; false: there is none. Its texts lie in `room`;
/// what does not fit is cut. Engine::fetch_file() brings its bytes.
Result<bool> read_attachment(Reader&, ItemId, std::uint16_t number, AttachmentRow&, Room);

/// How many items Query::words does not find yet, or finds by what they were before; indexing them is left to idle time
/// (Engine::index).
Result<std::uint64_t> items_not_indexed(Reader&);

/// One time at which an event takes place.
struct OccurrenceRow {
  ItemRow item;  ///< the event, or the series with its first time; texts as in ItemRow
  std::int64_t start_ms = 0, end_ms = 0;
  std::int64_t original_ms = 0;  ///< the start that the pattern gives: what names this one of a series
  bool all_day = false;          ///< of any place's dates, midnight to midnight
  bool exception = false;        ///< this one of the series was changed
  Text subject, location;        ///< of this one
};

/// What takes place in [from_ms, to_ms): event by event, the times of one in order, changed ones of a series first.
/// Uses the Reader's cursor; the folder may be 0: every calendar. Memory: what the exceptions of one series need, 32
/// bytes each. A pattern that cannot be computed (a lunar calendar, one that lacks what it needs) shows its first time
/// only. MS-ASCAL 2.2.2.37, 2.2.2.21.
Result<Cursor<OccurrenceRow>*> open_occurrences(Reader&, Memory, FolderId, std::int64_t from_ms, std::int64_t to_ms);

/// Somebody to write to.
struct PersonRow {
  Text name, address;   ///< texts live until the cursor moves; the name may be empty
  bool recent = false;  ///< of those the server counts as written to often; else of the contacts
};

/// Who may be meant by what a person has typed into an address field: all whose name, address or alias has, for each
/// word typed, a word that begins with it, in any case and without accents. First those of the recipient information
/// cache, highest rank first (MS-ASCNTC 2.2.2.64 WeightedRank; from 14.0 on), then the contacts here, the newest first.
/// An address comes once, as long as no more than 128 others came since. Nothing typed: all of them. Works without a
/// network and without search (profile.h); reads each entry once and keeps none. Uses the Reader's cursor. `typed` is
/// copied; of more than 128 bytes the rest is left out.
Result<Cursor<PersonRow>*> open_people(Reader&, Memory, Text typed);

}  // namespace handsync
