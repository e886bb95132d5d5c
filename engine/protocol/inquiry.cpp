#include "protocol/inquiry.h"

#include "items/datetime.h"
#include "protocol/written.h"

namespace handsync {

struct InquiryRowAccess {
  static void put(InquiryRow& row, std::size_t field, Text text) { row.texts_[field] = text; }
  static void put_cut(InquiryRow& row, bool cut) { row.cut_ = cut; }
};

namespace protocol {
namespace {

namespace as = wbxml::air_sync;
namespace base = wbxml::air_sync_base;
namespace gal = wbxml::gal;
namespace mail = wbxml::email;
namespace rr = wbxml::resolve_recipients;
namespace se = wbxml::search;
namespace st = wbxml::settings;

struct FieldRow {
  wbxml::Tag parent, tag;
  std::uint8_t field;
};

/// What stands for the audience has no content: the element is the value.
constexpr int kStatusField = InquiryRow::kFields, kTotalField = kStatusField + 1;

constexpr FieldRow kPeopleRows[] = {
    {se::kStore, se::kStatus, kStatusField},
    {se::kStore, se::kTotal, kTotalField},
    {se::kProperties, gal::kDisplayName, InquiryRow::kName},
    {se::kProperties, gal::kEmailAddress, InquiryRow::kEmail},
    {se::kProperties, gal::kPhone, InquiryRow::kPhone},
    {se::kProperties, gal::kMobilePhone, InquiryRow::kMobile},
    {se::kProperties, gal::kOffice, InquiryRow::kOffice},
    {se::kProperties, gal::kTitle, InquiryRow::kTitle},
    {se::kProperties, gal::kCompany, InquiryRow::kCompany},
    {se::kProperties, gal::kAlias, InquiryRow::kAlias},
};
constexpr FieldRow kMailRows[] = {
    {se::kStore, se::kStatus, kStatusField},
    {se::kStore, se::kTotal, kTotalField},
    {se::kResult, se::kLongId, InquiryRow::kLongId},
    {se::kResult, as::kCollectionId, InquiryRow::kFolder},
    {se::kProperties, mail::kSubject, InquiryRow::kSubject},
    {se::kProperties, mail::kFrom, InquiryRow::kFrom},
    {se::kProperties, mail::kTo, InquiryRow::kTo},
    {se::kProperties, mail::kDateReceived, InquiryRow::kReceived},
    {se::kProperties, mail::kRead, InquiryRow::kRead},
    {base::kBody, base::kData, InquiryRow::kPreview},
};
constexpr FieldRow kFreeBusyRows[] = {
    {rr::kResponse, rr::kStatus, kStatusField},
    {rr::kRecipient, rr::kDisplayName, InquiryRow::kName},
    {rr::kRecipient, rr::kEmailAddress, InquiryRow::kEmail},
    {rr::kAvailability, rr::kMergedFreeBusy, InquiryRow::kSlots},
};
constexpr FieldRow kAbsenceRows[] = {
    {st::kOof, st::kStatus, kStatusField},
    {st::kGet, st::kOofState, InquiryRow::kState},
    {st::kGet, st::kStartTime, InquiryRow::kStart},
    {st::kGet, st::kEndTime, InquiryRow::kEnd},
    {st::kOofMessage, st::kAppliesToInternal, InquiryRow::kAudience},
    {st::kOofMessage, st::kAppliesToExternalKnown, InquiryRow::kAudience},
    {st::kOofMessage, st::kAppliesToExternalUnknown, InquiryRow::kAudience},
    {st::kOofMessage, st::kEnabled, InquiryRow::kEnabled},
    {st::kOofMessage, st::kReplyMessage, InquiryRow::kMessage},
};

}  // namespace

struct InquiryShape {
  Command command;
  Version first_version;
  wbxml::Tag root, record;
  bool outer;  ///< what stands outside of the records is a row of its own
  std::span<const FieldRow> rows;
};

namespace {

// In the order of Inquiry::What.
constexpr InquiryShape kShapes[] = {
    {Command::kSearch, 25, se::kSearch, se::kResult, false, kPeopleRows},
    {Command::kSearch, 120, se::kSearch, se::kResult, false, kMailRows},
    {Command::kResolveRecipients, 140, rr::kResolveRecipients, rr::kRecipient, false, kFreeBusyRows},
    {Command::kSettings, 120, st::kSettings, st::kOofMessage, true, kAbsenceRows},
    {Command::kSettings, 120, st::kSettings, 0, false, kAbsenceRows},
};
const InquiryShape& shape_of(Inquiry::What what) { return kShapes[static_cast<std::size_t>(what)]; }

constexpr std::size_t kFrameBytesMax = 512;
constexpr std::uint64_t kPreviewBytes = 255;

void put_range(wbxml::Writer& writer, std::uint32_t count) {
  char text[16] = "0-";
  std::size_t size = 2;
  const std::uint32_t last = (count == 0 ? 1 : count > kInquiryRowsMax ? kInquiryRowsMax : count) - 1;
  if (last >= 10) text[size++] = static_cast<char>('0' + last / 10);
  text[size++] = static_cast<char>('0' + last % 10);
  writer.element(se::kRange, Text(text, size));
}

void put_search(wbxml::Writer& writer, const Inquiry& inquiry, Text collection_id) {
  const bool people = inquiry.what == Inquiry::What::kPeople;
  writer.open(se::kSearch).open(se::kStore).element(se::kName, people ? Text("GAL") : Text("Mailbox"));
  if (people) {
    writer.element(se::kQuery, inquiry.words).open(se::kOptions);
    put_range(writer, inquiry.count);
  } else {
    writer.open(se::kQuery).open(se::kAnd).element(as::kClass, "Email");
    if (!collection_id.empty()) writer.element(as::kCollectionId, collection_id);
    writer.element(se::kFreeText, inquiry.words).close().close();
    writer.open(se::kOptions);
    put_range(writer, inquiry.count);
    writer.open(base::kBodyPreference).element(base::kType, std::uint64_t{1});
    writer.element(base::kTruncationSize, kPreviewBytes).close();
    // Results of an earlier search are not what is asked for now.
    writer.empty(se::kRebuildResults).empty(se::kDeepTraversal);
  }
  writer.close().close().close();
}

void put_free_busy(wbxml::Writer& writer, const Inquiry& inquiry) {
  writer.open(rr::kResolveRecipients).element(rr::kTo, inquiry.words).open(rr::kOptions);
  writer.element(rr::kMaxAmbiguousRecipients, std::uint64_t{inquiry.count});
  writer.open(rr::kAvailability).element(rr::kStartTime, items::format_date_time(inquiry.start_ms).view());
  writer.element(rr::kEndTime, items::format_date_time(inquiry.end_ms).view()).close();
  writer.close().close();
}

void put_message(wbxml::Writer& writer, wbxml::Tag audience, Text message) {
  writer.open(st::kOofMessage).empty(audience);
  writer.element(st::kEnabled, message.empty() ? Text("0") : Text("1"));
  writer.element(st::kReplyMessage, message).element(st::kBodyType, "Text").close();
}

void put_absence(wbxml::Writer& writer, const Inquiry& inquiry) {
  writer.open(st::kSettings).open(st::kOof);
  if (inquiry.what == Inquiry::What::kAbsence) {
    writer.open(st::kGet).element(st::kBodyType, "Text").close();
  } else {
    writer.open(st::kSet).element(st::kOofState, std::uint64_t{inquiry.state});
    if (inquiry.state == 2) {
      writer.element(st::kStartTime, items::format_date_time(inquiry.start_ms).view());
      writer.element(st::kEndTime, items::format_date_time(inquiry.end_ms).view());
    }
    if (inquiry.state != 0) {
      put_message(writer, st::kAppliesToInternal, inquiry.message);
      put_message(writer, st::kAppliesToExternalKnown, inquiry.outside);
      put_message(writer, st::kAppliesToExternalUnknown, inquiry.known_only ? Text() : inquiry.outside);
    }
    writer.close();
  }
  writer.close().close();
}

Text audience_of(wbxml::Tag tag) {
  return tag == st::kAppliesToInternal        ? Text("internal")
         : tag == st::kAppliesToExternalKnown ? Text("known")
                                              : Text("unknown");
}

}  // namespace

Command command_of(Inquiry::What what) { return shape_of(what).command; }
Version first_version_of(Inquiry::What what) { return shape_of(what).first_version; }

std::size_t inquiry_bytes_max(const Inquiry& inquiry) {
  return kFrameBytesMax + inquiry.words.size() + inquiry.message.size() + 2 * inquiry.outside.size();
}

Result<std::size_t> write_inquiry(Room room, const Inquiry& inquiry, Text collection_id) {
  wbxml::Writer writer(room);
  switch (inquiry.what) {
    case Inquiry::What::kPeople:
    case Inquiry::What::kMails:
      put_search(writer, inquiry, collection_id);
      break;
    case Inquiry::What::kFreeBusy:
      put_free_busy(writer, inquiry);
      break;
    case Inquiry::What::kAbsence:
    case Inquiry::What::kSetAbsence:
      put_absence(writer, inquiry);
      break;
  }
  return written(writer);
}

InquiryAnswer::InquiryAnswer(Inquiry::What what, InquirySink& sink) : shape_(shape_of(what)), sink_(sink) {}

int InquiryAnswer::field_of(Path path) const {
  for (const FieldRow& row : shape_.rows)
    if (ends_with(path, row.parent, row.tag)) return row.field;
  return -1;
}

Status InquiryAnswer::on_open(Path path) {
  HANDSYNC_TRY(expect_root(path, shape_.root, shape_.command));
  if (shape_.record != 0 && path.back() == shape_.record && !in_record_) {
    in_record_ = true;
    before_record_ = used_;
  }
  return Done{};
}

/// Pieces of a field follow each other: its text grows at the end of what is kept.
Result<bool> InquiryAnswer::on_piece(Path path, Bytes piece, bool) {
  const int field = field_of(path);
  if (field < 0 || field >= InquiryRow::kFields) return false;
  keep(field, text_of(piece));
  return true;
}

void InquiryAnswer::keep(int field, Text value) {
  Piece& piece = fields_[field];
  const bool grows = piece.size != 0 && piece.at + piece.size == used_ && piece.of_record == in_record_;
  if (!grows) piece = {used_, 0, in_record_};
  const std::size_t room = kRowBytesMax - used_, size = value.size() < room ? value.size() : room;
  cut_ |= size < value.size();
  for (std::size_t i = 0; i < size; ++i) text_[used_ + i] = value[i];
  used_ = static_cast<std::uint16_t>(used_ + size);
  piece.size = static_cast<std::uint16_t>(piece.size + size);
}

Status InquiryAnswer::on_value(Path path, Text value) {
  if (path.size() == 2 && wbxml::tag_name(path[1]) == Text("Status")) take_status(value);
  const int field = field_of(path);
  if (field == InquiryRow::kAudience) keep(field, audience_of(path.back()));
  if (field == kStatusField || field == kTotalField) {
    if (auto number = parse_number(value); number.ok())
      (field == kStatusField ? inner_status_ : total_) = number.value();
  }
  return Done{};
}

Status InquiryAnswer::on_close(Path path) {
  if (in_record_ && path.back() == shape_.record) {
    emit();
    in_record_ = false;
    used_ = before_record_;
    for (Piece& piece : fields_)
      if (piece.of_record) piece = {};
    cut_ = false;
  }
  if (path.size() == 1 && shape_.outer && !refusal()) {
    any_ = true;
    emit();
  }
  return Done{};
}

/// No results are one empty Result.
void InquiryAnswer::emit() {
  InquiryRow row;
  bool any = any_;
  for (std::size_t i = 0; i < InquiryRow::kFields; ++i) {
    any |= fields_[i].of_record && fields_[i].size != 0;
    InquiryRowAccess::put(row, i, Text(text_ + fields_[i].at, fields_[i].size));
  }
  InquiryRowAccess::put_cut(row, cut_);
  if (any && given_ < kInquiryRowsMax) {
    ++given_;
    sink_.row(row);
  }
}

Error InquiryAnswer::refusal() const {
  for (const std::uint32_t status : {status_, inner_status_}) {
    // Of recipients 2 and 3 are suggestions, and nobody found is an answer.
    const bool fine = status <= 1 || (shape_.command == Command::kResolveRecipients && status <= 4);
    if (!fine) return eas_error(shape_.command, status);
  }
  if (status_ == 0) return answer_fault(shape_.command, AnswerFault::kNoStatus);
  return {};
}

}  // namespace protocol
}  // namespace handsync
