#include "exchange/item_view.h"

#include "exchange/mail_generator.h"
#include "exchange/meetings.h"
#include "exchange/mime.h"
#include "exchange/occurrences.h"
#include "exchange/old_form.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;

bool is_flag(Tag tag) { return tag == em::kRead || tag == em::kFlag || tag == em::kCategories; }

// The body of one type, made from the stored one where it must be.
std::string body_as(const Item& item, int type) {
  if (type == 4) return build_mime(item);
  const std::string native = native_body(item);
  if (type == item.body_type) return native;
  return type == 1 ? html_to_text(native) : text_to_html(native);
}

// The preference that fits the stored type comes first; without one the body is converted to the client's first choice.
const BodyPreference* choose(const Item& item, const ViewOptions& options) {
  if (options.mime_support == 2) {
    for (const BodyPreference& preference : options.bodies) {
      if (preference.type == 4) return &preference;
    }
  }
  for (const BodyPreference& preference : options.bodies) {
    if (preference.type == item.body_type) return &preference;
  }
  for (const BodyPreference& preference : options.bodies) {
    if (preference.type == 1 || preference.type == 2) return &preference;
  }
  return nullptr;
}

std::string preview_of(const Item& item, std::size_t characters) {
  const std::string text = item.body_type == 2 ? html_to_text(native_body(item)) : native_body(item);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && seen++ == characters) break;
  }
  return text.substr(0, end);
}

Node body_node(const Item& item, const ViewOptions& options, int version) {
  Node body(asb::kBody);
  const BodyPreference* preference = choose(item, options);
  if (preference == nullptr) {
    const std::string text = native_body(item);
    body.add(asb::kType, item.body_type);
    body.add(asb::kEstimatedDataSize, static_cast<std::int64_t>(text.size()));
    body.add(asb::kTruncated, options.whole_without_preference ? 0 : 1);
    if (options.whole_without_preference) body.add(asb::kData, text);
    return body;
  }
  std::string text = body_as(item, preference->type);
  const std::size_t size = text.size();
  bool truncated = preference->truncation_bytes && size > *preference->truncation_bytes;
  if (truncated) {
    text = preference->all_or_none ? std::string() : std::string(utf8_prefix(text, *preference->truncation_bytes));
  }
  body.add(asb::kType, preference->type);
  body.add(asb::kEstimatedDataSize, static_cast<std::int64_t>(size));
  body.add(asb::kTruncated, truncated ? 1 : 0);
  if (preference->type == 4) {
    body.add_opaque(asb::kData, text);
  } else if (!(truncated && text.empty())) {
    body.add(asb::kData, text);
  }
  if (preference->preview_characters > 0 && version >= 140) {
    body.add(asb::kPreview, preview_of(item, preference->preview_characters));
  }
  return body;
}

Node attachments_node(const Item& item) {
  Node attachments(asb::kAttachments);
  for (std::size_t i = 0; i < item.attachments.size(); ++i) {
    const Attachment& attachment = item.attachments[i];
    Node& node = attachments.add(asb::kAttachment);
    node.add(asb::kDisplayName, attachment.name);
    node.add(asb::kFileReference, file_reference(item, i));
    node.add(asb::kMethod, attachment.method);
    node.add(asb::kEstimatedDataSize, static_cast<std::int64_t>(attachment.bytes()));
    if (!attachment.content_id.empty()) node.add(asb::kContentId, attachment.content_id);
    if (attachment.is_inline) node.add(asb::kIsInline, 1);
  }
  return attachments;
}

// A calendar place is a word up to 14.1 and a structure from 16.0 on.
Node for_version(const Node& property, int version) {
  if (property.tag == cal::kLocation && version >= 160) {
    Node location(asb::kLocation);
    location.add(asb::kDisplayName, property.text);
    return location;
  }
  if (property.tag == em::kMeetingRequest) return meeting_request_for_version(property, version);
  if (property.tag == cal::kExceptions) return exceptions_for_version(property, version);
  if (property.tag == asb::kLocation && version < 160) return Node(cal::kLocation, property.value(asb::kDisplayName));
  return property;
}

}  // namespace

int first_version_of(Tag tag) {
  switch (tag) {
    case em2::kAccountId:
    case em2::kMeetingMessageType:
    case asb::kBodyPart:
    case cal::kOnlineMeetingConfLink:
    case cal::kOnlineMeetingExternalLink:
      return 141;
    case em2::kIsDraft:
    case em2::kBcc:
    case em2::kSend:
    case asb::kLocation:
    case asb::kInstanceId:
    case cal::kClientUid:
      return 160;
    case em::kFlag:
    case em::kContentClass:
      return 120;
    case em::kCategories:
    case cal::kResponseRequested:
    case cal::kDisallowNewTimeProposal:
    case cal::kAppointmentReplyTime:
    case cal::kResponseType:
      return 140;
    default:
      break;
  }
  const std::uint8_t page = wbxml::page_of(tag);
  if (page == wbxml::page_of(em2::kSender) || page == wbxml::page_of(wbxml::notes::kSubject)) return 140;
  if (page == wbxml::page_of(wbxml::rights_management::kOwner)) return 141;
  return 25;
}

std::string native_body(const Item& item) { return text_of(item.body, item.body_type == 2); }

std::string file_reference(const Item& item, std::size_t index) {
  const std::size_t colon = item.id.find(':');
  return item.id.substr(0, colon) + "%3a" + item.id.substr(colon + 1) + "%3a" +
         std::to_string(item.attachments[index].number != 0 ? item.attachments[index].number - 1 : index);
}

Node item_properties(const Item& item, Tag name, const ViewOptions& options, int version) {
  if (version < 120) {
    ViewOptions plain = options;
    if (plain.bodies.empty()) plain.bodies.emplace_back();
    return to_old_form(item_properties(item, name, plain, 120), item.class_name);
  }
  Node data(name);
  bool body_done = item.body_type == 0;
  const auto add_body = [&] {
    if (!item.attachments.empty()) data.add(attachments_node(item));
    if (!body_done) data.add(body_node(item, options, version));
    body_done = true;
  };
  for (const Node& property : item.properties) {
    const Node shaped = for_version(property, version);
    if (first_version_of(shaped.tag) > version) continue;
    if (shaped.tag == em::kMessageClass) add_body();
    data.add(shaped);
  }
  if (!body_done) add_body();
  if (item.body_type != 0) data.add(asb::kNativeBodyType, item.body_type);
  if (item.class_name == "Email" && version >= 160) data.add(em2::kIsDraft, item.draft ? 1 : 0);
  return data;
}

Node item_flags(const Item& item, Tag name, int version) {
  Node data(name);
  for (const Node& property : item.properties) {
    if (is_flag(property.tag) && first_version_of(property.tag) <= version) data.add(property);
  }
  return data;
}

}  // namespace exchange
