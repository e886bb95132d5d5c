/// Below 16.0 nobody but the organizer's client tells the attendees of a meeting (MS-ASCAL 2.2.2.26): of one that is
/// made, that takes place at another time or place, or that does not. The mail is written when the user decides, from
/// what the event is then, and waits beside the change until the server has that (replica/edits.h, announce).
#include <iterator>

#include "items/datetime.h"
#include "items/exceptions.h"
#include "items/invitation.h"
#include "items/meeting.h"
#include "sync/core.h"

namespace handsync::sync {
namespace {

namespace cal = wbxml::calendar;

constexpr std::size_t kRecipientsBytesMax = 8 * 1024, kTextBytesMax = 255;

/// What a mail is made of. The attendees are told of those up to kTold.
enum Value : std::uint8_t {
  kSubject,
  kStart,
  kEnd,
  kAllDay,
  kZone,
  kPlace,
  kPattern,
  kGuests,
  kTold,
  kStatus = kTold,
  kUid,
  kExceptions,
  kValues
};
constexpr std::uint16_t kProperties[kValues] = {
    items::kSubject,  cal::kStartTime, cal::kEndTime,       cal::kAllDayEvent, cal::kTimezone,  cal::kLocation,
    cal::kRecurrence, cal::kAttendees, cal::kMeetingStatus, cal::kUID,         cal::kExceptions};

bool read_time(Text text, std::int64_t& ms) {
  const Result<std::int64_t> parsed = items::parse_date_time(text);
  if (parsed.ok()) ms = parsed.value();
  return parsed.ok();
}

/// What an exception has of its own, an element with a text in it. The text borrows the room.
bool own_text(Bytes exceptions, std::int64_t original_ms, wbxml::Tag tag, Room room, Text& text) {
  struct Only final : items::ExceptionChildren {
    explicit Only(wbxml::Tag what) : wanted(what) {}
    bool wants(wbxml::Tag child) const override { return child == wanted; }
    wbxml::Tag wanted;
  };
  wbxml::Writer writer(room);
  items::copy_exception(writer, exceptions, original_ms, Only(tag));
  const Text all = text_of(writer.document());
  const std::size_t begin = all.find('\x03', 4);  // after the header: an inline string
  if (begin == Text::npos) return false;
  text = all.substr(begin + 1, all.find('\0', begin) - begin - 1);
  return true;
}

}  // namespace

/// What has come of the change that was to be announced.
Result<ChangeId> Account::announced(const replica::Announcement& announcement, const Result<std::uint64_t>& change) {
  if (!change.ok() || change.value() == 0) store_.message_discard(announcement.message);
  return queued(change);
}

Status Account::invite(ItemId item, std::span<const PropertyEdit> edits, const Invite& what,
                       replica::Announcement& made) {
  if (!profile::kCalendar || version_ == 0 || !profile::below(version_, 160)) return Done{};
  // What the user gives, else what is here.
  const PropertyEdit* given[kValues] = {};
  bool told = what.cancel;
  for (const PropertyEdit& edit : edits) {
    for (std::size_t i = 0; i < kValues; ++i) {
      if (edit.id != kProperties[i]) continue;
      given[i] = &edit;
      told |= i < kTold;
    }
  }
  if (!told) return Done{};
  Block block(core_.memory());
  Bytes value[kValues];
  std::size_t bytes = kRecipientsBytesMax;
  for (const bool measured : {false, true}) {
    if (measured) HANDSYNC_TRY(block.take(bytes));
    std::size_t at = kRecipientsBytesMax;
    for (std::size_t i = 0; i < kValues; ++i) {
      if (given[i] != nullptr) value[i] = given[i]->present ? given[i]->value : Bytes();
      if (given[i] != nullptr || item == ItemId{}) continue;
      const Room room = measured ? block.room().subspan(at) : Room();
      auto size = store_.item_value(item, kProperties[i], room);
      if (!size.ok()) return size.error();
      at += size.value();
      if (measured) value[i] = room.first(size.value());
    }
    bytes = at;
  }
  // No meeting, somebody else's, or cancelled.
  if (items::meeting_bits(text_of(value[kStatus])) != 1) return Done{};
  const std::span<char> list(reinterpret_cast<char*>(block.data()), kRecipientsBytesMax);
  const std::size_t recipients = items::list_attendees(value[kGuests], record_.email.view(), list);
  if (recipients == 0) return Done{};
  if (recipients > list.size()) return items::mime_fault(items::MimeFault::kTooLong);

  items::Invitation about;
  about.cancel = what.cancel;
  about.one = what.one;
  about.original_ms = what.original_ms;
  about.now_ms = core_.now().wall_ms;
  about.organizer = record_.email.view();
  about.uid = text_of(value[kUid]);
  about.subject = text_of(value[kSubject]);
  about.place = text_of(value[kPlace]);
  about.attendees = value[kGuests];
  about.recurrence = value[kPattern];
  about.exceptions = value[kExceptions];
  about.all_day = text_of(value[kAllDay]) == "1";
  if (auto rules = items::parse_time_zone(text_of(value[kZone])); rules.ok()) about.zone = rules.value();
  read_time(text_of(value[kStart]), about.start_ms);
  read_time(text_of(value[kEnd]), about.end_ms);
  std::byte own[3][kTextBytesMax + 16];
  if (what.one) {
    // What is not given of the one is what it has of its own, else what the series has.
    const auto own_value = [&](Value which, std::size_t at, Text& text) {
      return given[which] == nullptr &&
             own_text(value[kExceptions], what.original_ms, kProperties[which], own[at], text);
    };
    own_value(kSubject, 0, about.subject);
    own_value(kPlace, 1, about.place);
    if (given[kStart] == nullptr) {
      about.end_ms += what.original_ms - about.start_ms;
      about.start_ms = what.original_ms;
    }
    Text time;
    if (own_value(kStart, 2, time)) read_time(time, about.start_ms);
    if (own_value(kEnd, 2, time)) read_time(time, about.end_ms);
  }
  // What is over is nobody's business any more.
  if ((what.one || about.recurrence.empty()) && about.end_ms < about.now_ms) return Done{};
  if (item != ItemId{}) {
    auto sequence = store_.next_sequence(item);
    if (!sequence.ok()) return sequence.error();
    about.sequence = sequence.value();
  }

  char title[kTextBytesMax + 10];
  std::size_t length = 0;
  for (const Text piece : {Text(what.cancel ? "Canceled: " : ""), wbxml::beginning(about.subject, kTextBytesMax)})
    for (const char c : piece) title[length++] = c;
  MessageHead head;
  head.to = Text(list.data(), recipients);
  head.subject = Text(title, length);
  HANDSYNC_TRY(compose(head));
  const Status written = [&]() -> Status {
    PartSink sink(*this);
    HANDSYNC_TRY(part({MessagePart::Kind::kText, {}, {}}));
    HANDSYNC_TRY(data(bytes_of(head.subject)));
    HANDSYNC_TRY(part({MessagePart::Kind::kHtml,
                       {},
                       what.cancel ? Text("text/calendar; method=CANCEL") : Text("text/calendar; method=REQUEST")}));
    HANDSYNC_TRY(items::write_invitation(sink, about));
    auto whole = finish_message();
    if (!whole.ok()) return whole.error();
    made = {composing_->message, whole.value(), about.sequence};
    composing_->message = 0;  // it is the change's from now on
    return Done{};
  }();
  discard();
  return written;
}

}  // namespace handsync::sync
