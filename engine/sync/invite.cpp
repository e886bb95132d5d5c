/// Below 16.0 nobody but the organizer's client tells the attendees of a meeting (MS-ASCAL 2.2.2.26): of one that is
/// made, that takes place at another time or place, or that does not. The mail is written when the user decides, from
/// what the event is then, and waits beside the change until the server has that (replica/edits.h, announce).
#include "items/datetime.h"
#include "items/exceptions.h"
#include "items/invitation.h"
#include "items/meeting.h"
#include "items/place.h"
#include "sync/core.h"

namespace handsync::sync {
namespace {

namespace cal = wbxml::calendar;

constexpr std::size_t kRecipientsBytesMax = 16 * 1024;
constexpr std::size_t kTextBytesMax = 255;
/// Of these the attendees are told. Reminder, categories and the like are the organizer's own.
constexpr std::uint16_t kTold[] = {items::kSubject, cal::kStartTime, cal::kEndTime,    cal::kAllDayEvent,
                                   cal::kTimezone,  cal::kLocation,  cal::kRecurrence, cal::kAttendees};

/// What the user gives of an event, else what is here.
class Values {
 public:
  Values(replica::Store& store, Memory memory, ItemId item, std::span<const PropertyEdit> edits)
      : store_(store), memory_(memory), item_(item), edits_(edits) {}

  /// Whole; the block holds it.
  Status load(std::uint16_t property, Block& block, Bytes& value) {
    if (const PropertyEdit* edit = given(property)) {
      value = edit->present ? edit->value : Bytes();
      return Done{};
    }
    if (item_ == ItemId{}) return Done{};
    auto size = store_.item_value(item_, property, {});
    if (!size.ok()) return size.error();
    HANDSYNC_TRY(block.take(size.value()));
    value = block.room();
    auto read = store_.item_value(item_, property, block.room());
    return read.ok() ? Status(Done{}) : Status(read.error());
  }
  /// Its beginning.
  template <std::size_t kBytes>
  Status text(std::uint16_t property, FixedText<kBytes>& out) {
    Block block(memory_);
    Bytes value;
    HANDSYNC_TRY(load(property, block, value));
    static_cast<void>(out.assign(wbxml::beginning(text_of(value), kBytes)));
    return Done{};
  }
  Status time(std::uint16_t property, std::int64_t& ms) {
    FixedText<32> text_of_it;
    HANDSYNC_TRY(text(property, text_of_it));
    if (auto parsed = items::parse_date_time(text_of_it.view()); parsed.ok()) ms = parsed.value();
    return Done{};
  }
  const PropertyEdit* given(std::uint16_t property) const {
    for (const PropertyEdit& edit : edits_)
      if (edit.id == property) return &edit;
    return nullptr;
  }

 private:
  replica::Store& store_;
  Memory memory_;
  ItemId item_;
  std::span<const PropertyEdit> edits_;
};

/// What an exception has of its own, an element with a text in it.
template <std::size_t kBytes>
bool own_text(Bytes exceptions, std::int64_t original_ms, wbxml::Tag tag, FixedText<kBytes>& out) {
  struct Only final : items::ExceptionChildren {
    explicit Only(wbxml::Tag what) : wanted(what) {}
    bool wants(wbxml::Tag child) const override { return child == wanted; }
    wbxml::Tag wanted;
  };
  std::byte room[kBytes + 16];
  wbxml::Writer writer(room);
  items::copy_exception(writer, exceptions, original_ms, Only(tag));
  Text text = text_of(writer.document());
  const std::size_t begin = text.find('\x03', 4);  // after the header: the inline string
  if (begin == Text::npos) return false;
  text = text.substr(begin + 1);
  return out.assign(text.substr(0, text.find('\0')));
}

}  // namespace

/// What has come of the change that was to be announced.
Result<ChangeId> Account::announced(const replica::Announcement& announcement, const Result<std::uint64_t>& change) {
  if (!change.ok() || change.value() == 0) store_.message_discard(announcement.message);
  return queued(change);
}

Result<replica::Announcement> Account::invite(ItemId item, std::span<const PropertyEdit> edits, const Invite& what) {
  replica::Announcement none;
  if (!profile::kCalendar || version_ == 0 || !profile::below(version_, 160)) return none;
  bool told = what.cancel;
  for (const PropertyEdit& edit : edits)
    for (const std::uint16_t id : kTold) told |= edit.id == id;
  if (!told) return none;
  Values values(store_, core_.memory(), item, edits);
  FixedText<8> status, flag;
  HANDSYNC_TRY(values.text(cal::kMeetingStatus, status));
  const unsigned bits = items::meeting_bits(status.view());
  if (bits != 1) return none;  // no meeting, somebody else's, or cancelled
  Block attendees(core_.memory()), recurrence(core_.memory()), exceptions(core_.memory()), list(core_.memory());
  items::Invitation about;
  HANDSYNC_TRY(values.load(cal::kAttendees, attendees, about.attendees));
  if (about.attendees.empty()) return none;
  HANDSYNC_TRY(list.take(kRecipientsBytesMax));
  const std::span<char> room(reinterpret_cast<char*>(list.data()), kRecipientsBytesMax);
  const std::size_t size = items::list_attendees(about.attendees, record_.email.view(), room);
  if (size == 0) return none;
  if (size > room.size()) return items::mime_fault(items::MimeFault::kTooLong);

  about.cancel = what.cancel;
  about.one = what.one;
  about.original_ms = what.original_ms;
  about.now_ms = core_.now().wall_ms;
  about.organizer = record_.email.view();
  FixedText<300> uid;
  FixedText<kTextBytesMax> subject, place;
  FixedText<items::kTimeZoneTextBytes> zone;
  HANDSYNC_TRY(values.text(cal::kUID, uid));
  HANDSYNC_TRY(values.text(cal::kTimezone, zone));
  HANDSYNC_TRY(values.text(cal::kAllDayEvent, flag));
  HANDSYNC_TRY(values.load(cal::kRecurrence, recurrence, about.recurrence));
  if (item != ItemId{}) HANDSYNC_TRY(values.load(cal::kExceptions, exceptions, about.exceptions));
  HANDSYNC_TRY(values.text(items::kSubject, subject));
  HANDSYNC_TRY(values.text(cal::kLocation, place));
  HANDSYNC_TRY(values.time(cal::kStartTime, about.start_ms));
  HANDSYNC_TRY(values.time(cal::kEndTime, about.end_ms));
  about.all_day = flag.view() == "1";
  if (auto rules = items::parse_time_zone(zone.view()); rules.ok()) about.zone = rules.value();
  if (what.one) {
    // What is not given of the one is what it has of its own, else what the series has.
    if (!values.given(items::kSubject))
      static_cast<void>(own_text(about.exceptions, what.original_ms, cal::kSubject, subject));
    if (!values.given(cal::kLocation))
      static_cast<void>(own_text(about.exceptions, what.original_ms, cal::kLocation, place));
    if (!values.given(cal::kStartTime)) {
      std::int64_t start_ms = 0;
      FixedText<32> text;
      HANDSYNC_TRY(Values(store_, core_.memory(), item, {}).time(cal::kStartTime, start_ms));
      about.end_ms += what.original_ms - start_ms;
      about.start_ms = what.original_ms;
      if (own_text(about.exceptions, what.original_ms, cal::kStartTime, text))
        about.start_ms = items::parse_date_time(text.view()).ok() ? items::parse_date_time(text.view()).value() : 0;
      if (own_text(about.exceptions, what.original_ms, cal::kEndTime, text))
        about.end_ms = items::parse_date_time(text.view()).ok() ? items::parse_date_time(text.view()).value() : 0;
    }
  }
  // What is over is nobody's business any more.
  if ((what.one || about.recurrence.empty()) && about.end_ms < about.now_ms) return none;
  about.uid = uid.view();
  about.subject = subject.view();
  about.place = place.view();
  if (item != ItemId{}) {
    auto sequence = store_.next_sequence(item);
    if (!sequence.ok()) return sequence.error();
    about.sequence = sequence.value();
  }

  char title[kTextBytesMax + 16];
  std::size_t length = 0;
  for (const Text piece : {Text(what.cancel ? "Canceled: " : ""), about.subject})
    for (const char c : piece) title[length++] = c;
  MessageHead head;
  head.to = Text(room.data(), size);
  head.subject = Text(title, length);
  HANDSYNC_TRY(compose(head));
  PartSink sink(*this);
  const auto write = [&]() -> Status {
    HANDSYNC_TRY(part({MessagePart::Kind::kText, {}, {}}));
    HANDSYNC_TRY(data(bytes_of(head.subject)));
    HANDSYNC_TRY(part({MessagePart::Kind::kHtml,
                       {},
                       what.cancel ? Text("text/calendar; method=CANCEL") : Text("text/calendar; method=REQUEST")}));
    return items::write_invitation(sink, about);
  };
  const Status written = write();
  const auto bytes = written.ok() ? finish_message() : Result<std::uint64_t>(written.error());
  replica::Announcement made;
  if (bytes.ok()) {
    made = {composing_->message, bytes.value(), about.sequence};
    composing_->message = 0;  // it is the change's from now on
  }
  discard();
  return bytes.ok() ? Result<replica::Announcement>(made) : Result<replica::Announcement>(bytes.error());
}

}  // namespace handsync::sync
