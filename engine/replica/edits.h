/// How edits of the user and what a server says of the same item are judged. All inside a transaction of the caller.
///
/// What is shown (item.read, item.flag_status) is the newest edit that waits, else the server's value. A `change` row
/// remembers the server's value beside the edit, so that refusing or dropping the edit can show it again.
#pragma once
#include "replica/item_row.h"
#include "wbxml/writer.h"

namespace handsync::replica {

enum class EditKind : std::uint8_t {
  kRead = 1,
  kFlag = 2,
  kDelete = 3,      ///< value: 1 = for good, 0 = as the server's folder of deleted items has it
  kMove = 4,        ///< value: the folder it goes to. No Sync command: MoveItems
  kCategories = 5,  ///< text: the whole list
  kDraft = 6,  ///< value: the message in outbox that says what the draft is to be (draft_view.cpp, draft_answers.cpp,
               ///< drafts.cpp)
  kText = 7,   ///< the item is a text for the modem; server_value 1: it was handed over (texts.cpp). No Sync command
  kItem = 10,  ///< properties: rows of `edit` (item_edits.h)
  kAdd = 11,   ///< likewise, of an item that the server does not know yet
  kOccurrence = 12,  ///< value: the start that the pattern gives (occurrence_changes.cpp); text: the properties edited
  kSend = 20,        ///< value: the message in outbox; of no item and no folder
  kReply = 21,
  kForward = 22,
  kRespond = 23,       ///< likewise; server_value: the answer, text: what else of it (OutgoingAnswer)
  kFolderCreate = 30,  ///< of no item (folder_changes.cpp); in the order of FolderWish::What
  kFolderRename = 31,
  kFolderDelete = 32,
  kConversation = 40,  ///< of no item (conversations.cpp); value: the folder, text: the conversation's id as it came
};
/// Changes whose rows of `edit` say what they want.
constexpr bool has_rows(EditKind kind) {
  return kind == EditKind::kItem || kind == EditKind::kAdd || kind == EditKind::kOccurrence;
}
constexpr bool edits_item(EditKind kind) { return kind == EditKind::kItem || kind == EditKind::kOccurrence; }
constexpr bool is_message(EditKind kind) { return kind >= EditKind::kSend && kind <= EditKind::kRespond; }
constexpr bool is_folder_change(EditKind kind) {
  return kind >= EditKind::kFolderCreate && kind <= EditKind::kFolderDelete;
}
Status retry_folder_change(StoreState&, std::uint64_t change);
Status retry_conversation(StoreState&, std::uint64_t change);
/// Its mails are listed where they are.
Status release_conversation(StoreState&, std::uint64_t change);

// -- texts (texts.cpp)
/// What makes an Add of a text: the elements in ApplicationData.
Status put_text(StoreState&, std::uint64_t item, wbxml::Writer&, std::uint16_t version);
/// A resync has found it at the server: it needs no Add.
Status text_is_there(StoreState&, std::uint64_t item, std::uint32_t& confirmed);
/// Takes back a text that waits for the modem, or of which nobody knows whether it has left: one of the Outbox is then
/// deleted there. Refused (kInFlight) for that deletion itself, which keeps it from being sent again. False: it is
/// none.
Result<bool> drop_text(StoreState&, std::uint64_t change);

// -- drafts (draft_view.cpp, draft_answers.cpp, drafts.cpp)
/// Shows what a change of a draft wants.
Status show_draft(StoreState&, std::uint64_t change);
/// The server has it. One that was to be sent is gone.
Status accept_draft(StoreState&, std::uint64_t change);
/// It was to be sent, and was handed over before: a server that has no such draft has sent it.
Result<bool> draft_was_sent(StoreState&, std::uint64_t change);
Status draft_not_taken(StoreState&, std::uint64_t change);  ///< the server has said that it did nothing
/// A parked change of a draft is about to wait again: `change` becomes the one that goes first. Refused when the item
/// is no draft any more.
Status retry_draft(StoreState&, std::uint64_t item, std::uint64_t& change);
/// After the change of a draft that the server does not have was parked: a younger one is made one with it, and that it
/// is to be sent waits with it.
Status park_rest_of_draft(StoreState&, std::uint64_t change);
/// Takes back an Add (not of a text, which stays here), or a change of a draft that the server does not have: with an
/// Add and with the last change goes the item. False: it is neither.
Result<bool> drop_local_item(StoreState&, std::uint64_t change);
/// It is to be deleted, and the server has said that it does not have it: it goes. False: it is not so.
Result<bool> drop_deleted_item(StoreState&, std::uint64_t item);
Status settle_sent_drafts(StoreState&,
                          std::uint64_t item);  ///< the item is about to go: what had been handed over was sent
/// The server has said what a draft is; its row shows that now. What waits and nobody was told of has lost, and is
/// parked with Status 7; else it is shown again. `fetched`: it was asked for, which is no news. Returns how many were
/// parked.
Result<std::uint32_t> judge_server_draft(StoreState&, std::uint64_t item, bool fetched);
/// After a lost key: the item of which an Add may have reached the server, by what it says; it is settled. 0 = none.
Result<std::uint64_t> draft_twin(StoreState&, std::uint32_t folder, Text subject, bool has_to,
                                 std::uint32_t attachments);
Status read_again(StoreState&, std::uint64_t item);       ///< what it shows is not what the server has
Result<bool> was_stale(StoreState&, std::uint64_t item);  ///< and it is no more

/// Request numbers of messages: handed over, its answer not here; and: in doubt, and a person wants it sent again.
/// kMessageUnsaid: that happened below 14.0, without a ClientId that the server would know.
inline constexpr std::uint32_t kMessageRequest = 1, kMessageAgain = 2, kMessageUnsaid = 3;
/// Its key starts over while all rows stay: those of another epoch are unconfirmed. Changes in flight belong to no
/// request any more. 0 = of every folder.
Status start_over(StoreState&, std::uint32_t folder);
/// The row of `edit` that holds the message of an announcement, and the side row of its item that counts them.
inline constexpr int kAnnouncing = UINT16_MAX;
/// Beside a change that waits; takes the place of an older one of it.
Status attach(StoreState&, std::uint64_t change, std::uint64_t item, const Announcement&);
/// The change has been accepted: what announces it may go out.
Status announce(StoreState&, std::uint64_t change);
/// Takes a change out of the queue, and nothing else.
Status forget_change(StoreState&, std::uint64_t change);
/// Un-parks a message. One that may have been sent is looked for before it goes again.
Status retry_message(StoreState&, std::uint64_t change);
/// The change of a message and everything of the message itself.
Status forget_message(StoreState&, std::uint64_t change, std::uint64_t message);
Status drop_message(StoreState&, std::uint64_t change, std::uint64_t message);  ///< likewise, as a person wants it
/// server_value of kOccurrence, by the version that it was put together for: a Change of the whole event with its
/// exception (up to 14.1), and Change and Delete with an InstanceId.
inline constexpr std::int64_t kWholeChange = 0, kInstanceChange = 1, kInstanceDelete = 2;
/// Request number of moves on their way: no folder has it, so that answers of Sync do not touch them.
inline constexpr std::uint32_t kMoveRequest = UINT32_MAX;
// And of a move that is held, -2: it shows where its conversation is to be (server_value: the change), and is not sent.

/// Statuses after which the same change may succeed (MS-ASCMD 2.2.3.177.17): passing server error, mailbox full,
/// hierarchy out of date, retry.
constexpr bool may_pass(std::uint32_t status) {
  return status == 5 || status == kStatusFull || status == 12 || status == 16;
}
inline constexpr std::uint32_t kTriesMax = 3;  ///< of a change that is refused for passing reasons; then it is parked

/// Shown values after the server has said `server_value` for a property of an item: writes it beside every edit of it.
/// Returns what to show.
Result<std::int64_t> judge_server_value(StoreState&, std::uint64_t item, EditKind, std::int64_t server_value);

/// The same for the list of categories, which the item's row has already as the server said it.
Status judge_server_categories(StoreState&, std::uint64_t item);

/// The whole list of the row `item`, which has only its beginning where it came with long addresses.
#define HANDSYNC_CATEGORIES                                                                                      \
  "coalesce((SELECT CAST(b.data AS TEXT) FROM extra e JOIN body_chunk b ON b.id=e.blob<<16 WHERE e.item=item.id" \
  " AND e.property=30 AND e.blob<>0),categories)"
static_assert(kChunkBits == 16 && kChunkBytes > kCategoriesBytesMax && items::kCategories == 30);

/// Answers other than success. Returns the number of edits parked.
Result<std::uint32_t> apply_answer(StoreState&, std::uint32_t folder, std::uint32_t request, Text server_id,
                                   std::uint32_t status);

/// The same of an Add.
Result<std::uint32_t> refuse_add(StoreState&, std::uint32_t folder, std::uint32_t request, Text client_id,
                                 std::uint32_t status);

/// Every change of this request that has not been answered otherwise was accepted. Returns how many server items were
/// confirmed.
Result<std::uint32_t> confirm_request(StoreState&, std::uint32_t folder, std::uint32_t request);
/// The same for one item that is about to go: those in this request were accepted before it went.
Status confirm_item(StoreState&, std::uint32_t request, std::uint64_t item, std::uint32_t& confirmed);

/// Parks one change; with `revert` the server's value is shown again. A deletion or a move that is parked leaves the
/// item where the server has it.
Status park_change(StoreState&, std::uint64_t change, Error reason, bool revert);

/// Shows a value and keeps the folder's count of unread items right. Logs the item as changed.
Status show_value(StoreState&, std::uint64_t item, EditKind, std::int64_t value);
/// Shows what a change wants, or with `wish` false what the server has beside it.
Status show_change(StoreState&, std::uint64_t change, bool wish);
/// Lists the item where the edits that wait want it: nowhere, in another folder, or where the server has it. Keeps the
/// counts of both folders right and logs the item.
Status place_item(StoreState&, std::uint64_t item);
/// Adds to the counts of a folder's list, unless it is being emptied.
Status count_listed(StoreState&, std::uint32_t folder, std::int64_t items, std::int64_t unread);
/// A row that only this handset has, in a folder's list. The caller fills in the rest.
Result<std::uint64_t> insert_local(StoreState&, std::uint32_t folder, Class, std::int64_t received_ms, bool read);
/// The server has deleted an event, contact, task or note that was edited here: it stays listed, as it was wanted, as
/// one that only this handset has. Its Add is parked with Status 8: to be retried, or dropped with the item. False: of
/// such edits there are none, or it was to go here too.
Result<bool> keep_edited(StoreState&, std::uint64_t item);
/// It goes, and everything that waits of it.
Status withdraw_item(StoreState&, std::uint64_t item);
/// Runs SQL on the change ?1, where ?2, ?3 and ?4 are the reason's domain, code and place.
Status note_reason(StoreState&, const char* sql, std::uint64_t change, Error reason);
/// One more try that was in vain.
Status count_try(StoreState&, std::uint64_t change, Error reason);
/// Sets item.edits to the number of edits that wait, and logs the item as changed.
Status count_edits(StoreState&, std::uint64_t item);

}  // namespace handsync::replica
