#include "items/properties.h"

#include "wbxml/code_pages.h"

namespace handsync::items {
namespace {

namespace base = wbxml::air_sync_base;
namespace mail = wbxml::email;
namespace mail2 = wbxml::email2;
namespace task = wbxml::tasks;
using enum Kind;

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
    {kBcc, mail2::kBcc, 0, kText, Place::kExtra},
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

    {kBody, base::kBody, 0, kMarker, Place::kNone},
    {kBodyType, base::kType, base::kBody, kNumber, Place::kItem, "body_type"},
    {kBodySize, base::kEstimatedDataSize, base::kBody, kNumber, Place::kItem, "body_size"},
    {kBodyTruncated, base::kTruncated, base::kBody, kBool, Place::kItem, "body_truncated"},
    {kBodyData, base::kData, base::kBody, kData, Place::kBlob},
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

/// From the two bytes of an element to its first row: computed by the compiler, looked up in constant time. Rows of one
/// element under several parents are a chain.
template <std::size_t kRows>
struct Index {
  static_assert(kRows <= 64);               // the replica keeps one bit a row
  std::uint8_t first[wbxml::kPages][64]{};  // row + 1, 0 = none
  std::uint8_t next[kRows]{};               // row + 1, 0 = last
  std::uint8_t by_id[256]{};                // row + 1, 0 = none

  constexpr explicit Index(const Property (&rows)[kRows]) {
    for (std::size_t i = kRows; i-- > 0;) {
      std::uint8_t& slot = first[wbxml::page_of(rows[i].tag)][wbxml::token_of(rows[i].tag)];
      next[i] = slot;
      slot = static_cast<std::uint8_t>(i + 1);
      by_id[rows[i].id] = slot;
    }
  }
};

constexpr Index kEmailIndex(kEmail);

}  // namespace

std::span<const Property> properties(Class kind) {
  if (kind == Class::kEmail || kind == Class::kSms) return kEmail;
  return {};
}

const Property* find_property(Class kind, wbxml::Tag tag, wbxml::Tag parent) {
  if (kind != Class::kEmail && kind != Class::kSms) return nullptr;
  const std::uint8_t page = wbxml::page_of(tag), token = wbxml::token_of(tag);
  if (page >= wbxml::kPages || token >= 64) return nullptr;
  for (std::size_t row = kEmailIndex.first[page][token]; row != 0; row = kEmailIndex.next[row - 1]) {
    if (kEmail[row - 1].parent == parent) return &kEmail[row - 1];
  }
  return nullptr;
}

const Property* find_property(Class kind, PropertyId id) {
  if ((kind != Class::kEmail && kind != Class::kSms) || id >= 256) return nullptr;
  const std::size_t row = kEmailIndex.by_id[id];
  return row == 0 ? nullptr : &kEmail[row - 1];
}

}  // namespace handsync::items
