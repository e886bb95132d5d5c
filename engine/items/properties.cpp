#include "items/properties.h"

#include <array>

#include "wbxml/code_pages.h"

namespace handsync::items {
namespace {

namespace base = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace con2 = wbxml::contacts2;
namespace mail = wbxml::email;
namespace mail2 = wbxml::email2;
namespace note = wbxml::notes;
namespace task = wbxml::tasks;
using enum Kind;

// Body and attachments of every class (MS-ASAIRS).
constexpr Property kShared[] = {
    {kBody, base::kBody, 0, kMarker, Place::kNone},
    {kBodyType, base::kType, base::kBody, kNumber, Place::kItem, "body_type"},
    {kBodySize, base::kEstimatedDataSize, base::kBody, kNumber, Place::kItem, "body_size"},
    {kBodyTruncated, base::kTruncated, base::kBody, kBool, Place::kItem, "body_truncated"},
    {kBodyData, base::kData, base::kBody, kData, Place::kBlob, nullptr, Form::kPlain, kOfOne},
    {kPreview, base::kPreview, base::kBody, kText, Place::kItem, "preview"},
    {kNativeBodyType, base::kNativeBodyType, 0, kNumber, Place::kItem, "native_body_type"},
    {kAttachments, base::kAttachments, 0, kMarker, Place::kNone},
    {kAttachment, base::kAttachment, base::kAttachments, kMarker, Place::kNone},
    {kAttachmentName, base::kDisplayName, base::kAttachment, kText, Place::kAttachment, "name"},
    {kAttachmentReference, base::kFileReference, base::kAttachment, kText, Place::kAttachment, "reference"},
    {kAttachmentMethod, base::kMethod, base::kAttachment, kNumber, Place::kAttachment, "method"},
    {kAttachmentSize, base::kEstimatedDataSize, base::kAttachment, kNumber, Place::kAttachment, "size"},
    {kAttachmentContentId, base::kContentId, base::kAttachment, kText, Place::kAttachment, "content_id"},
    {kAttachmentLocation, base::kContentLocation, base::kAttachment, kText, Place::kAttachment, "location"},
    {kAttachmentInline, base::kIsInline, base::kAttachment, kBool, Place::kAttachment, "inline"},
    {kAttachmentType, base::kContentType, base::kAttachment, kText, Place::kAttachment, "type"},
};

// In the order of MS-ASEMAIL; columns of places other than kItem and kAttachment are not named.
constexpr Property kEmail[] = {
    {kTo, mail::kTo, 0, kText, Place::kItem, "recipients"},
    {kCc, mail::kCc, 0, kText, Place::kItem, "cc"},
    {kFrom, mail::kFrom, 0, kText, Place::kItem, "author"},
    {kSubject, mail::kSubject, 0, kText, Place::kItem, "subject"},
    {kReplyTo, mail::kReplyTo, 0, kText, Place::kItem, "reply_to"},
    {kDateReceived, mail::kDateReceived, 0, kDate, Place::kItem, "received"},
    {kDisplayTo, mail::kDisplayTo, 0, kText, Place::kItem, "display_to"},
    {kThreadTopic, mail::kThreadTopic, 0, kText, Place::kItem, "thread_topic"},
    {kImportance, mail::kImportance, 0, kNumber, Place::kItem, "importance"},
    {kRead, mail::kRead, 0, kBool, Place::kItem, "read"},
    {kMessageClass, mail::kMessageClass, 0, kText, Place::kItem, "message_class"},
    {kInternetCodePage, mail::kInternetCPID, 0, kNumber, Place::kItem, "internet_cpid"},
    {kContentClass, mail::kContentClass, 0, kText, Place::kItem, "content_class"},
    {kCategories, mail::kCategories, 0, kList, Place::kItem, "categories"},
    {kCategory, mail::kCategory, mail::kCategories, kEntry, Place::kNone},
    {kMeetingRequest, mail::kMeetingRequest, 0, kRaw, Place::kExtra},
    {kConversationId, mail2::kConversationId, 0, kBytes, Place::kItem, "conversation_id"},
    {kConversationIndex, mail2::kConversationIndex, 0, kBytes, Place::kItem, "conversation_index"},
    {kLastVerb, mail2::kLastVerbExecuted, 0, kNumber, Place::kItem, "last_verb"},
    {kLastVerbTime, mail2::kLastVerbExecutionTime, 0, kDate, Place::kItem, "last_verb_time"},
    {kSender, mail2::kSender, 0, kText, Place::kItem, "sender"},
    {kIsDraft, mail2::kIsDraft, 0, kBool, Place::kItem, "is_draft"},
    {kBcc, mail2::kBcc, 0, kText, Place::kExtra, nullptr, Form::kPlain, kSearched},
    {kReceivedAsBcc, mail2::kReceivedAsBcc, 0, kBool, Place::kExtra},
    {kAccount, mail2::kAccountId, 0, kText, Place::kExtra},
    {kVoiceCaller, mail2::kUmCallerID, 0, kText, Place::kExtra},
    {kVoiceNotes, mail2::kUmUserNotes, 0, kText, Place::kExtra},
    {kRights, wbxml::rights_management::kRightsManagementLicense, 0, kRaw, Place::kExtra},

    {kFlag, mail::kFlag, 0, kMarker, Place::kNone},
    {kFlagStatus, mail::kStatus, mail::kFlag, kNumber, Place::kItem, "flag_status"},
    {kFlagType, mail::kFlagType, mail::kFlag, kText, Place::kExtra},
    {kFlagCompleteTime, mail::kCompleteTime, mail::kFlag, kDate, Place::kExtra},
    {kFlagSubject, task::kSubject, mail::kFlag, kText, Place::kExtra},
    {kFlagStart, task::kStartDate, mail::kFlag, kDate, Place::kExtra},
    {kFlagUtcStart, task::kUtcStartDate, mail::kFlag, kDate, Place::kExtra},
    {kFlagDue, task::kDueDate, mail::kFlag, kDate, Place::kExtra},
    {kFlagUtcDue, task::kUtcDueDate, mail::kFlag, kDate, Place::kExtra},
    {kFlagDateCompleted, task::kDateCompleted, mail::kFlag, kDate, Place::kExtra},
    {kFlagReminderSet, task::kReminderSet, mail::kFlag, kBool, Place::kExtra},
    {kFlagReminderTime, task::kReminderTime, mail::kFlag, kDate, Place::kExtra},
    {kFlagOrdinal, task::kOrdinalDate, mail::kFlag, kDate, Place::kExtra},
    {kFlagSubOrdinal, task::kSubOrdinalDate, mail::kFlag, kText, Place::kExtra},

};

// 2.5 has no AirSyncBase: each class has parts of a body of its own, always plain text, and mail its own attachments.
// These rows are read; under their numbers everything else knows the rows of kShared.
constexpr Property kOldEmail[] = {
    {kBodySize, mail::kBodySize, 0, kNumber, Place::kItem, "body_size"},
    {kBodyTruncated, mail::kBodyTruncated, 0, kBool, Place::kItem, "body_truncated"},
    {kBodyData, mail::kBody, 0, kData, Place::kBlob},
    {kAttachments, mail::kAttachments, 0, kMarker, Place::kNone},
    {kAttachment, mail::kAttachment, mail::kAttachments, kMarker, Place::kNone},
    {kAttachmentName, mail::kDisplayName, mail::kAttachment, kText, Place::kAttachment, "name"},
    {kAttachmentReference, mail::kAttName, mail::kAttachment, kText, Place::kAttachment, "reference"},
    {kAttachmentMethod, mail::kAttMethod, mail::kAttachment, kNumber, Place::kAttachment, "method"},
    {kAttachmentSize, mail::kAttSize, mail::kAttachment, kNumber, Place::kAttachment, "size"},
};
constexpr Property kOldEvent[] = {
    {kBodyTruncated, cal::kBodyTruncated, 0, kBool, Place::kItem, "body_truncated"},
    {kBodyData, cal::kBody, 0, kData, Place::kBlob},
};
constexpr Property kOldContact[] = {
    {kBodySize, con::kBodySize, 0, kNumber, Place::kItem, "body_size"},
    {kBodyTruncated, con::kBodyTruncated, 0, kBool, Place::kItem, "body_truncated"},
    {kBodyData, con::kBody, 0, kData, Place::kBlob},
};
constexpr Property kOldTask[] = {
    {kBodySize, task::kBodySize, 0, kNumber, Place::kItem, "body_size"},
    {kBodyTruncated, task::kBodyTruncated, 0, kBool, Place::kItem, "body_truncated"},
    {kBodyData, task::kBody, 0, kData, Place::kBlob},
};

/// A row whose number is its element.
constexpr Property text(wbxml::Tag tag, Form form = Form::kPlain, int traits = 0, std::uint8_t first = 0,
                        std::uint8_t last = 255) {
  return {tag, tag, 0, kText, Place::kExtra, nullptr, form, static_cast<std::uint8_t>(traits), first, last};
}
constexpr Property raw(wbxml::Tag tag, int traits = 0, std::uint8_t first = 0, std::uint8_t last = 255) {
  return {tag, tag, 0, kRaw, Place::kExtra, nullptr, Form::kPlain, static_cast<std::uint8_t>(traits), first, last};
}
constexpr Property field(wbxml::Tag tag) { return text(tag, Form::kPlain, kSupported | kSearched); }

// Of the rows below, those with Place::kItem share the columns of mail. In the order in which a client writes them.
// clang-format off

// MS-ASCAL. What Supported must name for a calendar (MS-ASCMD 2.2.3.180) is kSupported, and all of it goes with every
// Change up to 14.1; from 16.0 on everything is ghosted, and DtStamp and UID are the server's.
constexpr Property kEvent[] = {
    text(cal::kTimezone, Form::kBase64, kSupported),
    text(cal::kAllDayEvent, Form::kBool, kSupported | kOfOne),
    {kSubject, cal::kSubject, 0, kText, Place::kItem, "subject", Form::kPlain, kSupported | kOfOne},
    text(cal::kStartTime, Form::kCompact, kSupported | kMarks | kSorts | kOfOne),
    text(cal::kEndTime, Form::kCompact, kSupported | kOfOne),
    text(cal::kDtStamp, Form::kCompact, kSupported, 0, 141),
    text(cal::kUID, Form::kPlain, kSupported | kIdentity, 0, 141),
    text(cal::kLocation, Form::kPlain, kSupported | kOfOne | kSearched, 0, 141),
    raw(base::kLocation, kOfOne | kSearched, 160),
    text(cal::kReminder, Form::kNumber, kSupported | kOfOne),
    text(cal::kBusyStatus, Form::kNumber, kSupported | kOfOne),
    text(cal::kSensitivity, Form::kNumber, kSupported | kOfOne),
    {kCategories, cal::kCategories, 0, kList, Place::kItem, "categories", Form::kPlain, kSupported | kOfOne},
    {kCategory, cal::kCategory, cal::kCategories, kEntry, Place::kNone},
    raw(cal::kRecurrence, kSupported),
    raw(cal::kExceptions, kSupported | kStays, 0, 141),
    text(cal::kMeetingStatus, Form::kNumber, kStays),
    text(cal::kOrganizerName, Form::kPlain, kStays | kSearched, 0, 141),
    text(cal::kOrganizerEmail, Form::kPlain, kStays | kSearched, 0, 141),
    raw(cal::kAttendees, kStays | kOfOne | kSearched),
    text(cal::kResponseRequested, Form::kBool, kStays, 140),
    text(cal::kDisallowNewTimeProposal, Form::kBool, kStays, 140),
    text(cal::kAppointmentReplyTime, Form::kCompact, kServerOnly, 140),
    text(cal::kResponseType, Form::kNumber, kServerOnly, 140),
    text(cal::kOnlineMeetingConfLink, Form::kPlain, kServerOnly, 141),
    text(cal::kOnlineMeetingExternalLink, Form::kPlain, kServerOnly, 141),
    text(cal::kClientUid, Form::kPlain, kStays, 160),
};

// MS-ASCNTC. WeightedRank and Alias come with the recipient information cache only.
constexpr Property kContact[] = {
    text(con::kAnniversary, Form::kDashed, kSupported),
    field(con::kAssistantName),
    field(con::kAssistantPhoneNumber),
    text(con::kBirthday, Form::kDashed, kSupported),
    field(con::kBusiness2PhoneNumber),
    field(con::kBusinessAddressCity),
    field(con::kBusinessAddressCountry),
    field(con::kBusinessAddressPostalCode),
    field(con::kBusinessAddressState),
    field(con::kBusinessAddressStreet),
    field(con::kBusinessFaxNumber),
    field(con::kBusinessPhoneNumber),
    field(con::kCarPhoneNumber),
    {kCategories, con::kCategories, 0, kList, Place::kItem, "categories", Form::kPlain, kSupported},
    {kCategory, con::kCategory, con::kCategories, kEntry, Place::kNone},
    {con::kChildren, con::kChildren, 0, kList, Place::kExtra, nullptr, Form::kPlain, kSupported},
    {con::kChild, con::kChild, con::kChildren, kEntry, Place::kNone},
    text(con::kCompanyName, Form::kPlain, kSupported | kIdentity | kSearched),
    field(con::kDepartment),
    text(con::kEmail1Address, Form::kPlain, kSupported | kIdentity | kSearched),
    field(con::kEmail2Address),
    field(con::kEmail3Address),
    text(con::kFileAs, Form::kPlain, kSupported | kIdentity | kSearched),
    text(con::kFirstName, Form::kPlain, kSupported | kIdentity | kSearched),
    field(con::kHome2PhoneNumber),
    field(con::kHomeAddressCity),
    field(con::kHomeAddressCountry),
    field(con::kHomeAddressPostalCode),
    field(con::kHomeAddressState),
    field(con::kHomeAddressStreet),
    field(con::kHomeFaxNumber),
    field(con::kHomePhoneNumber),
    field(con::kJobTitle),
    text(con::kLastName, Form::kPlain, kSupported | kIdentity | kSearched),
    field(con::kMiddleName),
    field(con::kMobilePhoneNumber),
    field(con::kOfficeLocation),
    field(con::kOtherAddressCity),
    field(con::kOtherAddressCountry),
    field(con::kOtherAddressPostalCode),
    field(con::kOtherAddressState),
    field(con::kOtherAddressStreet),
    field(con::kPagerNumber),
    field(con::kRadioPhoneNumber),
    field(con::kSpouse),
    field(con::kSuffix),
    field(con::kTitle),
    field(con::kWebPage),
    field(con::kYomiCompanyName),
    field(con::kYomiFirstName),
    field(con::kYomiLastName),
    text(con::kPicture, Form::kBase64, kStays),
    text(con::kAlias, Form::kPlain, kServerOnly | kSearched, 140),
    text(con::kWeightedRank, Form::kNumber, kServerOnly | kSorts, 140),
    field(con2::kCustomerId),
    field(con2::kGovernmentId),
    field(con2::kIMAddress),
    field(con2::kIMAddress2),
    field(con2::kIMAddress3),
    field(con2::kManagerName),
    field(con2::kCompanyMainPhone),
    field(con2::kAccountName),
    field(con2::kNickName),
    field(con2::kMMS),
};

// MS-ASTASK. Whole items in every version.
constexpr Property kTask[] = {
    {kSubject, task::kSubject, 0, kText, Place::kItem, "subject", Form::kPlain, kIdentity},
    text(task::kImportance, Form::kNumber),
    text(task::kUtcStartDate, Form::kDashed),
    text(task::kStartDate, Form::kDashed),
    text(task::kUtcDueDate, Form::kDashed, kSorts | kIdentity),
    text(task::kDueDate, Form::kDashed),
    {kCategories, task::kCategories, 0, kList, Place::kItem, "categories"},
    {kCategory, task::kCategory, task::kCategories, kEntry, Place::kNone},
    raw(task::kRecurrence, 0),
    text(task::kComplete, Form::kBool, kMarks),
    text(task::kDateCompleted, Form::kDashed),
    text(task::kSensitivity, Form::kNumber),
    text(task::kReminderTime, Form::kDashed),
    text(task::kReminderSet, Form::kBool),
    text(task::kOrdinalDate, Form::kDashed, kServerOnly),
    text(task::kSubOrdinalDate, Form::kPlain, kServerOnly),
};

// MS-ASNOTE. Whole items in every version.
constexpr Property kNote[] = {
    {kSubject, note::kSubject, 0, kText, Place::kItem, "subject", Form::kPlain, kIdentity},
    {kMessageClass, note::kMessageClass, 0, kText, Place::kItem, "message_class", Form::kPlain, kMarks},
    text(note::kLastModifiedDate, Form::kCompact, kServerOnly | kSorts),
    {kCategories, note::kCategories, 0, kList, Place::kItem, "categories"},
    {kCategory, note::kCategory, note::kCategories, kEntry, Place::kNone},
};
// clang-format on

template <std::size_t... kRows>
constexpr auto joined(const Property (&... parts)[kRows]) {
  std::array<Property, (kRows + ...)> all;
  std::size_t at = 0;
  const auto put = [&](const auto& rows) {
    for (const Property& row : rows) all[at++] = row;
  };
  (put(parts), ...);
  return all;
}

/// Without the last part where 2.5 is not spoken.
template <std::size_t kRows, std::size_t kOldRows>
constexpr auto with_old(const Property (&own)[kRows], const Property (&old)[kOldRows]) {
  if constexpr (profile::kVersionMin < 120) {
    return joined(own, kShared, old);
  } else {
    return joined(own, kShared);
  }
}
constexpr std::size_t old_rows(std::size_t count) { return profile::kVersionMin < 120 ? count : 0; }

constexpr auto kEmailRows = with_old(kEmail, kOldEmail);
constexpr auto kEventRows = with_old(kEvent, kOldEvent);
constexpr auto kContactRows = with_old(kContact, kOldContact);
constexpr auto kTaskRows = with_old(kTask, kOldTask);
constexpr auto kNoteRows = joined(kNote, kShared);

/// From the two bytes of an element to its first row: computed by the compiler, looked up in constant time. Rows of one
/// element under several parents are a chain. Of the 25 pages a class uses a handful.
struct Index {
  static constexpr std::size_t kPagesMax = 6;
  std::span<const Property> rows;
  std::size_t count = 0;                // of rows without those of 2.5
  std::uint8_t place[wbxml::kPages]{};  // of a page in `first`, + 1; 0 = none
  std::uint8_t first[kPagesMax][64]{};  // row + 1, 0 = none
  std::uint8_t next[kRowsMax]{};        // row + 1, 0 = last
  std::uint8_t by_id[256]{};            // row + 1, 0 = none

  template <std::size_t kRows>
  constexpr explicit Index(const std::array<Property, kRows>& all, std::size_t old = 0)
      : rows(all), count(kRows - old) {
    static_assert(kRows <= kRowsMax);
    std::uint8_t pages = 0;
    for (std::size_t i = kRows; i-- > 0;) {
      std::uint8_t& page = place[wbxml::page_of(all[i].tag)];
      if (page == 0) page = ++pages;  // one too many is an index out of range, which no constant may have
      std::uint8_t& slot = first[page - 1][wbxml::token_of(all[i].tag)];
      next[i] = slot;
      slot = static_cast<std::uint8_t>(i + 1);
      if (all[i].id < 256) by_id[all[i].id] = slot;
    }
  }
  template <class Fits>
  const Property* find(wbxml::Tag tag, Fits fits) const {
    const std::uint8_t page = wbxml::page_of(tag), token = wbxml::token_of(tag);
    if (page >= wbxml::kPages || token >= 64 || place[page] == 0) return nullptr;
    for (std::size_t row = first[place[page] - 1][token]; row != 0; row = next[row - 1]) {
      if (fits(rows[row - 1])) return &rows[row - 1];
    }
    return nullptr;
  }
};

constexpr Index kEmailIndex(kEmailRows, old_rows(std::size(kOldEmail))),
    kEventIndex(kEventRows, old_rows(std::size(kOldEvent))),
    kContactIndex(kContactRows, old_rows(std::size(kOldContact))), kTaskIndex(kTaskRows, old_rows(std::size(kOldTask))),
    kNoteIndex(kNoteRows);

struct ClassRow {
  const Index* index;
  Text name;
};
// In the order of Class. A class that is left out has no items; its table is not linked.
constexpr ClassRow kClasses[] = {{&kEmailIndex, "Email"},
                                 {profile::kCalendar ? &kEventIndex : &kEmailIndex, "Calendar"},
                                 {profile::kContacts ? &kContactIndex : &kEmailIndex, "Contacts"},
                                 {profile::kTasks ? &kTaskIndex : &kEmailIndex, "Tasks"},
                                 {profile::kNotes ? &kNoteIndex : &kEmailIndex, "Notes"},
                                 {&kEmailIndex, "SMS"},
                                 {profile::kContacts ? &kContactIndex : &kEmailIndex, "Contacts"}};

const ClassRow& row_of(Class kind) {
  const auto at = static_cast<std::size_t>(kind);
  return kClasses[at < std::size(kClasses) ? at : 0];
}

}  // namespace

std::span<const Property> properties(Class kind) {
  const Index& index = *row_of(kind).index;
  return index.rows.first(index.count);
}

wbxml::Tag old_body_tag(Class kind) {
  const Index& index = *row_of(kind).index;
  for (const Property& row : index.rows.subspan(index.count))
    if (row.id == kBodyData) return row.tag;
  return 0;
}

Text class_name(Class kind) { return row_of(kind).name; }

Class class_of(FolderType type) {
  switch (type) {
    case FolderType::kCalendar:
    case FolderType::kUserCalendar:
      return Class::kEvent;
    case FolderType::kContacts:
    case FolderType::kUserContacts:
      return Class::kContact;
    case FolderType::kTasks:
    case FolderType::kUserTasks:
      return Class::kTask;
    case FolderType::kNotes:
    case FolderType::kUserNotes:
      return Class::kNote;
    case FolderType::kRecipients:
      return Class::kRecipient;
    default:
      return Class::kEmail;
  }
}

const Property* find_property(Class kind, wbxml::Tag tag, wbxml::Tag parent) {
  return row_of(kind).index->find(tag, [parent](const Property& row) { return row.parent == parent; });
}

const Property* find_property(Class kind, PropertyId id) {
  const Index& index = *row_of(kind).index;
  if (id >= 256) return index.find(id, [id](const Property& row) { return row.id == id; });
  const std::size_t row = index.by_id[id];
  return row == 0 ? nullptr : &index.rows[row - 1];
}

}  // namespace handsync::items
