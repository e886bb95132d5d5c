/// What an item of each class consists of: one row a property, and everything else follows from the row. Which element
/// it is on the wire, how its value is read, and where the replica keeps it. A class is a table, not code.
///
/// Elements without a row are not lost: ApplicationData hands them on as kRest.
#pragma once
#include "handsync/replica.h"
#include "items/sink.h"
#include "wbxml/tag.h"

namespace handsync::items {

/// Numbers are stored in replicas: a number is never given to another property. 1..99 are shared by all classes, as are
/// kSubject and kMessageClass. Every other property of events, contacts, tasks and notes has its element's code page
/// and token as its number (wbxml::Tag, 0x0105 and up): MS-ASWBXML never gives those to another element either.
enum : PropertyId {
  kRest = 1,  ///< what no row names: WBXML elements, one after the other, from ApplicationData's child downwards
              ///< (application_data.h)
  kBody,      ///< marker: a Body follows and replaces the one before
  kBodyType,
  kBodySize,  ///< EstimatedDataSize: of the whole body at the server
  kBodyTruncated,
  kBodyData,
  kPreview,
  kNativeBodyType,
  kAttachments = 10,  ///< marker: the list is replaced, perhaps by nothing
  kAttachment,        ///< marker: a new entry of the list begins
  kAttachmentName,
  kAttachmentReference,
  kAttachmentMethod,
  kAttachmentSize,
  kAttachmentContentId,
  kAttachmentLocation,
  kAttachmentInline,
  kAttachmentType,
  kCategories = 30,  ///< a list: names with kListSeparator between them
  kCategory,

  kSubject = 100,
  kFrom,
  kTo,
  kCc,
  kBcc,
  kReplyTo,
  kDisplayTo,
  kSender,
  kThreadTopic,
  kDateReceived,
  kImportance,
  kRead,
  kMessageClass,
  kInternetCodePage,
  kContentClass,
  kConversationId,
  kConversationIndex,
  kLastVerb,
  kLastVerbTime,
  kReceivedAsBcc,
  kIsDraft,
  kAccount,
  kMeetingRequest,  ///< raw: a WBXML element, as kRest
  kRights,          ///< raw
  kVoiceCaller,
  kVoiceNotes,

  kFlag = 140,  ///< marker: the flag is replaced; without a kFlagStatus after it, it is cleared
  kFlagStatus,
  kFlagType,
  kFlagCompleteTime,
  kFlagSubject,
  kFlagStart,
  kFlagUtcStart,
  kFlagDue,
  kFlagUtcDue,
  kFlagDateCompleted,
  kFlagReminderSet,
  kFlagReminderTime,
  kFlagOrdinal,
  kFlagSubOrdinal,
};

inline constexpr Text kFollowUp = "Flag for follow up";  ///< FlagType of a flag set here

/// How a value is read, and in what form a PropertySink receives it.
enum class Kind : std::uint8_t {
  kText,   ///< UTF-8 in any number of pieces; of events, contacts, tasks and notes also dates and numbers, as they came
  kBytes,  ///< any bytes in any number of pieces
  kNumber,  ///< one piece, 8 bytes, little-endian two's complement
  kBool,    ///< as kNumber: 0 or 1; an empty element is 1
  kDate,    ///< as kNumber: milliseconds since 1970, UTC
  kData,    ///< of a Body: as kText or kBytes, by the body's type, which may come later
  kMarker,  ///< a container: nothing but begin and end; its children are rows of their own
  kList,    ///< a container of kEntry: one text, kListSeparator between the entries
  kEntry,   ///< never seen by a sink
  kRaw,     ///< a container kept as it is: as kRest
};

/// Where the replica keeps it.
enum class Place : std::uint8_t {
  kNone,        ///< markers and entries
  kItem,        ///< `column` of the item's row
  kExtra,       ///< a side row: for what few items have
  kAttachment,  ///< `column` of the attachment's row
  kBlob,        ///< chunk rows
};

/// What the text of an event, contact, task or note means.
enum class Form : std::uint8_t {
  kPlain,
  kNumber,
  kBool,     ///< 0 or 1
  kCompact,  ///< 20261225T083500Z
  kDashed,   ///< 2026-12-25T08:35:00.000Z
  kBase64,
};

/// What goes back to the server when an item is changed (engine/DESIGN.md, "Whole items").
enum Traits : std::uint8_t {
  kServerOnly = 1,  ///< never sent
  kSupported = 2,   ///< named in Supported where the class has it: left out of a Change, it is gone at the server
  kStays = 4,       ///< left out of a Change, it stays whatever Supported says: sent only when it was edited
  kMarks = 8,       ///< a Change of the server that has it is the whole item, and one without it is a part
  kSorts = 16,      ///< what lists sort by (column `received`): a date, or with Form::kNumber a number
  kIdentity = 32,   ///< together they tell an item that came back under a new id
  kOfOne = 64,      ///< one occurrence of a series may have another value (MS-ASCAL 2.2.2.21)
  kSearched = 128,  ///< its words find the item; of one with children the words of all
};

struct Property {
  PropertyId id = 0;
  wbxml::Tag tag = 0;
  wbxml::Tag parent = 0;  ///< the element it stands in; 0 = ApplicationData itself
  Kind kind{};
  Place place{};
  const char* column = nullptr;
  // Of events, contacts, tasks and notes:
  Form form = Form::kPlain;
  std::uint8_t traits = 0;
  std::uint8_t first = 0, last = 255;  ///< protocol versions x 10 in which a client may send it
};

/// At most as many rows has any class: the replica keeps one bit each.
inline constexpr std::size_t kRowsMax = 96;

/// The rows of a class, each number once: without the elements that 2.5 has in the place of those of AirSyncBase.
std::span<const Property> properties(Class);
/// The element of a body in 2.5, where it stands for itself and is plain text; 0 = a class that 2.5 does not have.
wbxml::Tag old_body_tag(Class);
/// Events, contacts, tasks and notes: they are edited as items, and mails are not. And recipients, which nobody edits.
constexpr bool is_personal(Class kind) { return kind != Class::kEmail && kind != Class::kSms; }
/// The name of a class in the protocol: "Email", "Calendar", "Contacts", "Tasks", "Notes", "SMS".
Text class_name(Class);
/// What a folder of this type holds. kEmail also for types that are not synced.
Class class_of(FolderType);
/// The row of an element, those of 2.5 among them; null = none. A few instructions.
const Property* find_property(Class, wbxml::Tag tag, wbxml::Tag parent);
const Property* find_property(Class, PropertyId);

/// The one piece of a number, date or boolean.
struct NumberPiece {
  explicit NumberPiece(std::int64_t value) {
    for (int i = 0; i < 8; ++i) data[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  Bytes view() const { return Bytes(data, 8); }
  std::byte data[8];
};
constexpr std::int64_t number_of(Bytes piece) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < piece.size() && i < 8; ++i) value |= static_cast<std::uint64_t>(piece[i]) << (8 * i);
  return static_cast<std::int64_t>(value);
}

}  // namespace handsync::items
