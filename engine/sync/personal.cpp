/// The user's events, contacts, tasks and notes: what a class and a version want beside what the user gave.
#include <cstdio>
#include <cstring>

#include "items/datetime.h"
#include "items/place.h"
#include "items/properties.h"
#include "sync/core.h"
#include "sync/random_id.h"
#include "wbxml/code_pages.h"
#include "wbxml/utf8.h"
#include "wbxml/writer.h"

namespace handsync::sync {
namespace {

namespace cal = wbxml::calendar;
namespace task = wbxml::tasks;

constexpr std::size_t kEditsMax = items::kRowsMax + 8;
constexpr std::size_t kEmptyListBytes = 4;  // page, start tag and end: no exceptions

/// What the user gave, and what is added to it.
class Edits {
 public:
  Status take(std::span<const PropertyEdit> given) {
    if (given.size() > items::kRowsMax) return engine_fault(EngineFault::kInvalidItem);
    for (const PropertyEdit& edit : given) {
      if (const PropertyEdit* before = find(edit.id); before != nullptr)
        return engine_fault(EngineFault::kInvalidItem, edit.id);  // two wishes for one property
      all_[count_++] = edit;
    }
    return Done{};
  }
  PropertyEdit* find(items::PropertyId id) {
    for (std::size_t i = 0; i < count_; ++i)
      if (all_[i].id == id) return &all_[i];
    return nullptr;
  }
  bool wants(items::PropertyId id) {
    const PropertyEdit* edit = find(id);
    return edit != nullptr && edit->present;
  }
  void put(items::PropertyId id, Text value) {
    if (find(id) == nullptr && count_ < kEditsMax) all_[count_++] = {id, bytes_of(value), true};
  }
  void take_away(items::PropertyId id) {
    if (find(id) == nullptr && count_ < kEditsMax) all_[count_++] = {id, {}, false};
  }
  void forget(items::PropertyId id) {
    PropertyEdit* edit = find(id);
    if (edit != nullptr) *edit = all_[--count_];
  }
  std::span<const PropertyEdit> view() const { return {all_, count_}; }

 private:
  PropertyEdit all_[kEditsMax];
  std::size_t count_ = 0;
};

/// A place is a text up to 14.1 and a structure from 16.0 on; the user may give it as a text.
Status shape_place(Edits& edits, std::uint16_t version, Room room) {
  PropertyEdit* given = edits.find(cal::kLocation);
  if (given == nullptr || profile::below(version, 160)) return Done{};
  if (edits.find(wbxml::air_sync_base::kLocation) != nullptr)
    return engine_fault(EngineFault::kInvalidItem, cal::kLocation);
  given->id = wbxml::air_sync_base::kLocation;
  if (!given->present || given->value.empty()) {
    given->present = false;
    given->value = {};
    return Done{};
  }
  wbxml::Writer writer(room);
  items::put_place(writer, text_of(given->value), version);
  if (!writer.status().ok()) return engine_fault(EngineFault::kInvalidItem, cal::kLocation);
  given->value = writer.document().subspan(4);  // without the header
  return Done{};
}

/// Times that are no times would be refused by the server, or guessed.
Status check_forms(Edits& edits, Class kind) {
  for (const PropertyEdit& edit : edits.view()) {
    const items::Property* row = items::find_property(kind, edit.id);
    if (row == nullptr || (row->traits & items::kServerOnly) != 0)
      return engine_fault(EngineFault::kInvalidItem, edit.id);
    if (!edit.present || edit.value.empty()) continue;
    const Text text = text_of(edit.value);
    if (row->kind != items::Kind::kRaw && (text.find('\0') != Text::npos || !wbxml::is_utf8(text)))
      return engine_fault(EngineFault::kInvalidItem, edit.id);
    const bool date = row->form == items::Form::kCompact || row->form == items::Form::kDashed;
    if (date && !items::parse_date_time(text).ok()) return engine_fault(EngineFault::kInvalidItem, edit.id);
    if (row->form == items::Form::kBool && text != "0" && text != "1")
      return engine_fault(EngineFault::kInvalidItem, edit.id);
    if (row->form == items::Form::kNumber && text.find_first_not_of("0123456789-") != Text::npos)
      return engine_fault(EngineFault::kInvalidItem, edit.id);
  }
  return Done{};
}

constexpr wbxml::Tag kTimes[] = {cal::kStartTime, cal::kEndTime, cal::kRecurrence};
/// Only its organizer may change who takes part in a meeting (MS-ASCAL 2.2.2.26), and which meeting it is.
constexpr wbxml::Tag kOrganizers[] = {cal::kAttendees, cal::kOrganizerName, cal::kOrganizerEmail, cal::kUID,
                                      cal::kMeetingStatus};

}  // namespace

/// Whether an edit of one of these properties makes it another one than it is.
Result<const PropertyEdit*> Account::differing(ItemId item, std::span<const PropertyEdit> edits,
                                               std::span<const wbxml::Tag> tags) {
  for (const PropertyEdit& edit : edits) {
    bool looked_for = false;
    for (const wbxml::Tag tag : tags) looked_for |= edit.id == tag;
    if (!looked_for) continue;
    auto same = store_.item_has(item, edit);
    if (!same.ok()) return same.error();
    if (!same.value()) return &edit;
  }
  return static_cast<const PropertyEdit*>(nullptr);
}

Status Account::may_edit(ItemId item, std::span<const PropertyEdit> edits) {
  std::byte value[8];
  auto status = store_.item_value(item, cal::kMeetingStatus, value);
  if (!status.ok()) return status.error();
  const Text text = text_of(Bytes(value).first(status.value() < sizeof value ? status.value() : 0));
  if ((items::meeting_bits(text) & items::kMeetingReceived) == 0) return Done{};
  auto refused = differing(item, edits, kOrganizers);
  if (!refused.ok()) return refused.error();
  return refused.value() == nullptr ? Status(Done{}) : engine_fault(EngineFault::kNotYours, refused.value()->id);
}

Result<ItemId> Account::add_item(FolderId folder, std::span<const PropertyEdit> given) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  auto row = store_.sync_folder(folder);
  if (!row.ok()) return row.error();
  const Class kind = items::class_of(row.value().type);
  if (kind == Class::kNote && profile::below(version_, 140)) return engine_fault(EngineFault::kNotInVersion);
  Edits edits;
  HANDSYNC_TRY(edits.take(given));
  std::byte place[items::kPlaceBytesMax];
  FixedText<25> client_id;
  FixedText<41> uid;
  hal::Entropy& entropy = core_.device().entropy();
  HANDSYNC_TRY(make_id<12>(entropy, client_id, 'h'));
  HANDSYNC_TRY(make_id<20>(entropy, uid, 'h'));
  const auto now = items::format_compact_date_time(core_.now().wall_ms);
  const auto now_dashed = items::format_date_time(core_.now().wall_ms);
  char utc[232];  // a time zone without any rule: 172 zero bytes in base64
  std::memset(utc, 'A', sizeof utc);
  utc[230] = utc[231] = '=';
  switch (kind) {
    case Class::kEvent:
      if (!edits.wants(cal::kStartTime) || !edits.wants(cal::kEndTime))
        return engine_fault(EngineFault::kInvalidItem, cal::kStartTime);
      HANDSYNC_TRY(shape_place(edits, version_, place));
      edits.put(cal::kAllDayEvent, "0");
      edits.put(cal::kTimezone, Text(utc, sizeof utc));
      edits.put(cal::kBusyStatus, "2");
      edits.put(cal::kSensitivity, "0");
      edits.put(cal::kMeetingStatus, edits.wants(cal::kAttendees) ? "1" : "0");
      if (!profile::below(version_, 160)) {
        edits.put(cal::kClientUid, uid.view());
      } else {
        edits.put(cal::kUID, uid.view());
        edits.put(cal::kDtStamp, now.view());
      }
      break;
    case Class::kTask:
      edits.put(task::kComplete, "0");
      if (text_of(edits.find(task::kComplete)->value) == "1") edits.put(task::kDateCompleted, now_dashed.view());
      edits.put(task::kImportance, "1");
      edits.put(task::kSensitivity, "0");
      edits.put(task::kReminderSet, "0");
      break;
    case Class::kNote:
      edits.put(items::kMessageClass, "IPM.StickyNote");
      break;
    default:
      break;
  }
  HANDSYNC_TRY(check_forms(edits, kind));
  replica::Announcement announcement;
  HANDSYNC_TRY(invite(ItemId{}, edits.view(), {}, announcement));
  auto item = store_.add_item(folder, edits.view(), client_id.view(), core_.now().wall_ms, announcement);
  if (item.ok())
    changes_wait();
  else
    store_.message_discard(announcement.message);
  return item;
}

Result<ChangeId> Account::edit_item(ItemId item, std::span<const PropertyEdit> given) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  auto found = store_.class_of_item(item);
  if (!found.ok()) return found.error();
  Edits edits;
  HANDSYNC_TRY(edits.take(given));
  std::byte place[items::kPlaceBytesMax];
  const auto now_dashed = items::format_date_time(core_.now().wall_ms);
  if (found.value().kind == Class::kEvent) {
    HANDSYNC_TRY(may_edit(item, edits.view()));
    HANDSYNC_TRY(shape_place(edits, version_, place));
    // With guests it is a meeting.
    auto single = store_.item_has(item, {cal::kMeetingStatus, bytes_of("0"), true});
    if (!single.ok()) return single.error();
    if (single.value() && edits.wants(cal::kAttendees)) edits.put(cal::kMeetingStatus, "1");
    if (!profile::below(version_, 160)) {
      // The server drops the exceptions of a series whose times change (MS-ASCAL 2.2.2.21).
      auto moved = differing(item, edits.view(), kTimes);
      if (!moved.ok()) return moved.error();
      auto exceptions = store_.item_value(item, cal::kExceptions, {});
      if (!exceptions.ok()) return exceptions.error();
      const PropertyEdit* meant = edits.find(cal::kExceptions);
      const bool drops = moved.value() != nullptr && exceptions.value() > kEmptyListBytes;
      if (drops && (meant == nullptr || meant->present))
        return engine_fault(EngineFault::kDropsExceptions, moved.value()->id);
      if (meant != nullptr && !drops) edits.forget(cal::kExceptions);  // they stay
    }
  } else if (found.value().kind == Class::kTask) {
    if (const PropertyEdit* complete = edits.find(task::kComplete); complete != nullptr) {
      if (text_of(complete->value) == "1")
        edits.put(task::kDateCompleted, now_dashed.view());
      else
        edits.take_away(task::kDateCompleted);
    }
  }
  HANDSYNC_TRY(check_forms(edits, found.value().kind));
  replica::Announcement announcement;
  HANDSYNC_TRY(invite(item, edits.view(), {}, announcement));
  return announced(announcement, store_.edit_item(item, edits.view(), core_.now().wall_ms, announcement));
}

Result<ChangeId> Account::edit_occurrence(ItemId item, std::int64_t original_ms, std::span<const PropertyEdit> given) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  Edits edits;
  HANDSYNC_TRY(edits.take(given));
  HANDSYNC_TRY(may_edit(item, edits.view()));
  std::byte place[items::kPlaceBytesMax];
  HANDSYNC_TRY(shape_place(edits, version_, place));
  HANDSYNC_TRY(check_forms(edits, Class::kEvent));
  // One end without the other would be guessed; from 16.0 on an occurrence lasts all day if the series does.
  if (edits.wants(cal::kStartTime) != edits.wants(cal::kEndTime) ||
      (!profile::below(version_, 160) && edits.find(cal::kAllDayEvent)))
    return engine_fault(EngineFault::kInvalidItem, cal::kStartTime);
  for (const PropertyEdit& edit : edits.view()) {
    const items::Property* row = items::find_property(Class::kEvent, edit.id);
    if ((row->traits & items::kOfOne) == 0) return engine_fault(EngineFault::kInvalidItem, edit.id);
  }
  return change_one(item, {original_ms, edits.view(), false, version_});
}

Result<ChangeId> Account::cancel_occurrence(ItemId item, std::int64_t original_ms) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  return change_one(item, {original_ms, {}, true, version_});
}

Result<ChangeId> Account::change_one(ItemId item, const replica::OccurrenceEdit& wish) {
  replica::Announcement announcement;
  HANDSYNC_TRY(invite(item, wish.edits, {wish.cancel, true, wish.original_ms}, announcement));
  return announced(announcement, store_.edit_occurrence(item, wish, core_.now().wall_ms, announcement));
}

}  // namespace handsync::sync
