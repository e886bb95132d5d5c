/// What applications and users change. Each call is one short transaction of its own (synchronous=FULL): when it
/// returns ok, the change survives a power cut, whatever response is being received, and no answer of a server can
/// remove it. Sent when a lane is free. Engine thread.
#pragma once
#include "handsync/replica.h"

namespace handsync {

enum class ChangeId : std::uint64_t {};

/// A message to be sent. Address lists as people write them: `Name <a@b.c>, d@e.f`. Borrowed for the call.
struct MessageHead {
  enum class Verb : std::uint8_t { kSend, kReply, kForward };
  Verb verb = Verb::kSend;
  ItemId source{};  ///< what is answered or forwarded: the server appends it (MS-ASCMD 2.2.1.19, 2.2.1.20)
  Text to, cc, bcc, subject;
  bool important = false;
};
struct MessagePart {
  enum class Kind : std::uint8_t { kText = 1, kHtml, kAttachment };
  Kind kind = Kind::kText;
  Text name, content_type;  ///< of an attachment; an empty type is application/octet-stream
};

/// A draft as it is to be. What is not named stays as it is; lists of addresses may be empty. Borrowed for the call.
struct DraftHead {
  ItemId draft{};  ///< the one to be changed; 0 = a new one
  const Text *to = nullptr, *cc = nullptr, *bcc = nullptr, *subject = nullptr;
  bool has_importance = false, important = false;
};

/// An answer to an invitation.
struct MeetingAnswer {
  enum class Reply : std::uint8_t { kAccept = 1, kTentative, kDecline };
  Reply reply = Reply::kAccept;
  Text message;      ///< to the organizer, at most 16 KiB; may be empty
  bool one = false;  ///< of one occurrence, from 14.1 on: the one whose planned start is original_ms
  std::int64_t original_ms = 0;
  std::int64_t propose_start_ms = 0, propose_end_ms = 0;  ///< another time, from 16.1 on; 0 = none
};

enum class Mark : std::uint8_t { kRead, kUnread, kFlag, kUnflag, kDone };

/// A property of an event, contact, task or note (items/properties.h, PropertyRow). A body is property 6: plain text.
struct PropertyEdit {
  std::uint16_t id = 0;
  Bytes value{};        ///< as PropertyRow::value
  bool present = true;  ///< false: the item has it no longer
};

/// What set_folder changes: nothing, to a value of the folder's own, or back to the account's.
enum class Own : std::uint8_t { kAsBefore, kValue, kAccounts };
struct FolderChange {
  Own days_how = Own::kAsBefore, body_bytes_how = Own::kAsBefore;
  std::uint16_t days = 0;            ///< 0 = all
  std::uint32_t body_bytes_max = 0;  ///< 0 = headers only, UINT32_MAX = all
};

/// A folder that is to be made, renamed or deleted (MS-ASCMD 2.2.1.2 FolderCreate, 2.2.1.6, 2.2.1.3).
struct FolderWish {
  enum class What : std::uint8_t { kCreate, kRename, kDelete };
  What what = What::kCreate;
  FolderId folder{};  ///< the one to be renamed or deleted; of kCreate the one it goes into, 0 = the top
  Text name;          ///< not of kDelete
  FolderType type = FolderType::kUserMail;  ///< of kCreate: kGeneric or one of kUserMail..kUserNotes
};

class Changes {
 public:
  /// Read state and flag of a mail (MS-ASEMAIL 2.2.2.58 Read, 2.2.2.34 Flag). The row shows the change at once.
  virtual Result<ChangeId> mark(ItemId, Mark) = 0;
  /// One of the item's categories, there or not (MS-ASEMAIL 2.2.2.16 Categories). From protocol version 14.0 on; below,
  /// EngineFault::kNotInVersion.
  virtual Result<ChangeId> categorize(ItemId, Text name, bool on) = 0;
  /// Deletes an item: into the server's folder of deleted items, or for good (MS-ASCMD 2.2.3.49 DeletesAsMoves). It is
  /// listed nowhere from now on; refused by the server, it is back.
  virtual Result<ChangeId> remove(ItemId, bool for_good) = 0;
  /// Moves an item to another folder of its class (MS-ASCMD 2.2.1.12). It keeps its id and is listed there at once; the
  /// id is 0 when that undid a move of which nothing had been sent.
  virtual Result<ChangeId> move(ItemId, FolderId to) = 0;
  /// Moves the whole conversation of a mail to a folder of mails, and at the server what comes of it later as well
  /// (MS-ASCMD 2.2.1.10 ItemOperations Move, MS-ASCON 2.2.2.8 MoveAlways); 0 = the deleted items, which ignores it. Its
  /// mails are listed there at once, but for sent ones and drafts; refused by the server, they are back. From 14.0 on;
  /// below, EngineFault::kNotInVersion.
  virtual Result<ChangeId> move_conversation(ItemId, FolderId to) = 0;
  /// A new event, contact, task or note (MS-ASCMD 2.2.3.7.2 Add). Listed at once. What every item of the class must
  /// have is added.
  virtual Result<ItemId> add_item(FolderId, std::span<const PropertyEdit>) = 0;
  /// Changes properties of an event, contact, task or note; what is not named stays as it is, here and at the server.
  /// The row shows the change at once. Values may be given as of any version: a calendar's place as a text.
  /// The id is 0 when everything is so already.
  /// Of an event whose organizer is somebody else, who takes part is not to be changed: EngineFault::kNotYours. An edit
  /// of the times or the pattern of a series drops its exceptions at servers of 16.x: EngineFault::kDropsExceptions,
  /// unless the edits name Exceptions (property 1044) as no longer present, which says that it is meant.
  /// Of a meeting of the user's own its attendees are told, here and by add_item, edit_occurrence, cancel_occurrence
  /// and remove, once the server has the change: from 16.0 on by the server, before by a mail with an iCalendar request
  /// or cancellation in it (RFC 5546), for which an unfinished message is dropped.
  virtual Result<ChangeId> edit_item(ItemId, std::span<const PropertyEdit>) = 0;
  /// Changes one occurrence of a series and no other (MS-ASCAL 2.2.2.21, MS-ASAIRS 2.2.2.22): subject, start with end,
  /// body, location, categories, sensitivity, busy status, reminder, attendees; up to 14.1 also whether it lasts all
  /// day. `original_ms`: OccurrenceRow::original_ms. open_occurrences shows it at once.
  virtual Result<ChangeId> edit_occurrence(ItemId, std::int64_t original_ms, std::span<const PropertyEdit>) = 0;
  /// One occurrence does not take place.
  virtual Result<ChangeId> cancel_occurrence(ItemId, std::int64_t original_ms) = 0;
  /// Answers an invitation (MS-ASCMD 2.2.1.11): its mail, or from 14.1 on its event. The server is told, and the
  /// organizer by the server from 16.0 on, before by a mail with an iCalendar reply. Queued; given once. A mail that
  /// has been answered as a whole goes to the deleted ones. EngineFault::kNoInvitation, kNotInVersion. Drops an
  /// unfinished message.
  virtual Result<ChangeId> respond(ItemId, const MeetingAnswer&) = 0;
  /// Writes a message: compose, then part and its data (any number of pieces) in the order text, HTML, attachments,
  /// then send. One at a time for an account; compose drops what another left unfinished, and so does the next boot.
  /// Text and HTML are UTF-8 and kept with CR LF. Errors: items::MimeFault tells what cannot stand in a message.
  virtual Status compose(const MessageHead&) = 0;
  virtual Status part(const MessagePart&) = 0;
  virtual Status data(Bytes) = 0;
  /// Queues it: from here on it survives everything, goes out once, and its ClientId never changes.
  /// EngineFault::kMessageTooLarge: refused and dropped, because the server was found not to take that much.
  virtual Result<ChangeId> send() = 0;
  virtual void discard() = 0;  ///< drops an unfinished message
  /// Writes a draft (MS-ASEMAIL 2.2.2.41 IsDraft): compose_draft, then part and its data as of a message, then
  /// keep_draft. A text or HTML replaces the body it had; attachments are added, and detach takes one away by its
  /// number, as read_attachment counts before the edit. From 16.0 on it goes to the server; below it stays here and
  /// goes up when the server is of a later version. An edit that meets one made elsewhere loses, and is kept in the
  /// queue. kSqlite: kInFlight, it is being sent, or the attachment is on its way; kNoSuchFolder, there is no folder of
  /// drafts.
  virtual Status compose_draft(const DraftHead&) = 0;
  virtual Status detach(std::uint16_t number) = 0;
  virtual Result<ItemId> keep_draft() = 0;
  /// Sends a draft (MS-ASEMAIL 2.2.2.64 Send), once; it leaves its folder when that is certain. One that the server
  /// does not have goes out as any message.
  virtual Result<ChangeId> send_draft(ItemId) = 0;
  /// Sends a text message through the device's modem (hal/messaging.h), now; the copy in Sent Items goes up later
  /// (MS-ASMS). `numbers`: at most hal::kTextRecipientsMax, of digits with + * # and -. () or blanks in them. An error
  /// means that nothing was sent: EngineFault::kNoMessaging, kTextsOff, kInvalidText, kNotInVersion, a policy's, or the
  /// modem's own.
  virtual Result<ItemId> send_text(std::span<const Text> numbers, Text words) = 0;
  virtual Status retry(ChangeId) = 0;  ///< un-parks. kSqlite: kInFlight, another edit of the same is on its way
  virtual Status drop(ChangeId) = 0;   ///< the server's version is shown again after the next sync
  /// How far back a folder is kept and how much of a body sync brings; what is here already is not fetched again.
  virtual Status set_folder(FolderId, const FolderChange&) = 0;
  /// Selective sync. Deselecting removes local items only; the server keeps them.
  virtual Status select(FolderId, bool wanted) = 0;

 protected:
  ~Changes() = default;
};

}  // namespace handsync
