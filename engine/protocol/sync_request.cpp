// The writing half of sync.h: children in the order of the schema, which servers enforce with Status 4.
#include "items/datetime.h"
#include "items/properties.h"
#include "protocol/sync.h"
#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace as = wbxml::air_sync;
namespace base = wbxml::air_sync_base;
namespace email = wbxml::email;
namespace tasks = wbxml::tasks;

constexpr std::uint64_t kRecipientsMax = 500;  // those of the highest rank

constexpr Error fault(RequestFault code, std::size_t where) {
  return Error{Domain::kEngine, static_cast<std::int32_t>(code), static_cast<std::uint32_t>(where)};
}

bool says_something(const SyncCommand& command) {
  return command.remove || command.fetch || command.has_instance || command.has_read || command.has_flag ||
         command.has_categories || command.add || !command.data.empty();
}

Status check(std::span<const SyncCommand> commands) {
  if (commands.size() > kSyncCommandsMax) return fault(RequestFault::kTooManyCommands, commands.size());
  for (const SyncCommand& command : commands) {
    if (command.has_instance && commands.size() > 1) return fault(RequestFault::kTwoCommands, 0);
  }
  for (std::size_t i = 1; i < commands.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool same = commands[i].add ? commands[j].add && commands[i].client_id == commands[j].client_id
                                        : !commands[j].add && commands[i].server_id == commands[j].server_id;
      if (same) return fault(RequestFault::kTwoCommands, i);
    }
  }
  return Done{};
}

void put_body_preference(wbxml::Writer& writer, std::uint64_t type, const SyncRequest& request,
                         std::uint32_t bytes_max) {
  writer.open(base::kBodyPreference).element(base::kType, type);
  if (bytes_max != UINT32_MAX) writer.element(base::kTruncationSize, bytes_max);
  if (!profile::below(request.version, 140) && !items::is_personal(request.kind))
    writer.element(base::kPreview, kPreviewCharacters);
  writer.close();
}

/// Truncation of 2.5 has steps (MS-ASCMD 2.2.3.180 in its older editions): the one that cuts least within the limit,
/// but never all of a body that is wanted.
std::uint64_t truncation_step(std::uint32_t bytes_max) {
  static constexpr std::uint32_t kSteps[] = {0, 512, 1024, 2048, 5120, 10240, 20480, 51200, 102400};
  if (bytes_max == UINT32_MAX) return 9;
  std::uint64_t step = bytes_max == 0 ? 0 : 1;
  for (std::size_t i = 1; i < std::size(kSteps); ++i)
    if (kSteps[i] <= bytes_max) step = i;
  return step;
}

/// The server keeps the last block it was given and replaces it as a whole: always complete, or not there at all.
void put_options(wbxml::Writer& writer, const SyncRequest& request) {
  if (request.kind == Class::kRecipient) {
    writer.open(as::kOptions).element(as::kMaxItems, kRecipientsMax).close();
    return;
  }
  writer.open(as::kOptions).element(as::kFilterType, std::uint64_t{request.filter});
  const auto put_conflict = [&] {
    if (request.client_wins) writer.element(as::kConflict, std::uint64_t{0});
  };
  if (profile::below(request.version, 120)) {
    // Whole items go back with their bodies, which must not have been cut.
    const std::uint32_t bytes_max = items::is_personal(request.kind) ? UINT32_MAX : request.body_bytes_max;
    writer.element(as::kTruncation, truncation_step(bytes_max));
    put_conflict();
    writer.close();
    return;
  }
  if (items::is_personal(request.kind)) {  // text is what can be edited here; HTML of a calendar is not sent back
    put_body_preference(writer, 1, request, request.body_bytes_max);
    put_conflict();
    writer.close();
    return;
  }
  if (request.texts) writer.element(as::kClass, items::class_name(request.kind));
  // Servers choose by the body's native type; SOGo takes whatever stands last, so the richer form does.
  put_body_preference(writer, 1, request, request.body_bytes_max);
  if (request.html) put_body_preference(writer, 2, request, request.body_bytes_max);
  put_conflict();
  writer.element(as::kMIMESupport, std::uint64_t{0}).close();
  if (!request.texts) return;
  writer.open(as::kOptions).element(as::kFilterType, std::uint64_t{request.filter});
  writer.element(as::kClass, items::class_name(Class::kSms));
  put_body_preference(writer, 1, request, UINT32_MAX);  // a text is nothing without its words
  writer.close();
}

void put_flag(wbxml::Writer& writer, const SyncCommand& command) {
  if (command.flag_status == 0) {
    writer.empty(email::kFlag);
    return;
  }
  writer.open(email::kFlag).element(email::kStatus, std::uint64_t{command.flag_status});
  if (command.flag_rest.empty()) writer.element(email::kFlagType, items::kFollowUp);
  writer.elements(command.flag_rest);
  if (command.flag_status == 1) {
    const auto when = items::format_date_time(command.flag_wall_ms);
    writer.element(email::kCompleteTime, when.view()).element(tasks::kDateCompleted, when.view());
  }
  writer.close();
}

void put_categories(wbxml::Writer& writer, Text list) {
  if (list.empty()) {
    writer.empty(email::kCategories);
    return;
  }
  writer.open(email::kCategories);
  while (!list.empty()) {
    const std::size_t end = list.find(kListSeparator);
    writer.element(email::kCategory, list.substr(0, end));
    list = end == Text::npos ? Text() : list.substr(end + 1);
  }
  writer.close();
}

void put_instance(wbxml::Writer& writer, const SyncCommand& command) {
  if (!command.has_instance) return;
  writer.element(base::kInstanceId, items::format_compact_date_time(command.instance_ms).view());
}

void put_command(wbxml::Writer& writer, const SyncCommand& command) {
  if (command.fetch) {
    writer.open(as::kFetch).element(as::kServerId, command.server_id).close();
    return;
  }
  if (command.remove) {
    writer.open(as::kDelete).element(as::kServerId, command.server_id);
    put_instance(writer, command);
    writer.close();
    return;
  }
  if (command.add) {
    writer.open(as::kAdd);
    if (command.text) writer.element(as::kClass, items::class_name(Class::kSms));
    writer.element(as::kClientId, command.client_id).open(as::kApplicationData);
  } else {
    writer.open(as::kChange).element(as::kServerId, command.server_id);
    put_instance(writer, command);
    writer.open(as::kApplicationData);
  }
  writer.elements(command.data);
  if (command.has_read) writer.element(email::kRead, command.read ? Text("1") : Text("0"));
  if (command.has_flag) put_flag(writer, command);
  if (command.has_categories) put_categories(writer, command.categories);
  writer.close().close();
}

/// What a client names here is its own to keep or to remove; anything else the server keeps when a Change leaves it out
/// (MS-ASCMD 2.2.3.180 Supported). Counts with key 0 only.
void put_supported(wbxml::Writer& writer, const SyncRequest& request) {
  const bool wanted =
      request.kind == Class::kContact || (request.kind == Class::kEvent && profile::below(request.version, 160));
  if (!wanted) return;
  writer.open(as::kSupported);
  for (const items::Property& row : items::properties(request.kind)) {
    if ((row.traits & items::kSupported) != 0) writer.empty(row.tag);
  }
  writer.close();
}

void put_settings(wbxml::Writer& writer, const SyncRequest& request, bool has_commands) {
  const bool get_changes = request.get_changes && !(!profile::below(request.version, 160) && has_commands);
  writer.element(as::kDeletesAsMoves, request.deletes_as_moves ? Text("1") : Text("0"));
  if (get_changes) {
    const std::uint64_t window = request.window == 0 ? 1 : request.window;
    writer.empty(as::kGetChanges);
    writer.element(as::kWindowSize, window > kWindowSizeMax ? kWindowSizeMax : window);
  } else {
    writer.element(as::kGetChanges, std::uint64_t{0});
  }
  if (request.with_options) put_options(writer, request);
}

}  // namespace

SyncWriter::SyncWriter(Room room) : writer_(room) { writer_.open(as::kSync).open(as::kCollections); }

Status SyncWriter::add(const SyncRequest& request) {
  HANDSYNC_TRY(check(request.commands));
  bool has_commands = false;
  for (const SyncCommand& command : request.commands) has_commands |= says_something(command);

  in_minutes_ = request.version < 140;
  writer_.open(as::kCollection);
  if (profile::below(request.version, 140)) writer_.element(as::kClass, items::class_name(request.kind));
  writer_.element(as::kSyncKey, request.sync_key).element(as::kCollectionId, request.collection_id);
  if (request.sync_key == "0") {
    put_supported(writer_, request);
  } else {
    put_settings(writer_, request, has_commands);
    if (has_commands) {
      writer_.open(as::kCommands);
      for (const SyncCommand& command : request.commands) {
        if (says_something(command)) put_command(writer_, command);
      }
      writer_.close();
    }
  }
  writer_.close();
  return Done{};
}

Result<std::size_t> SyncWriter::finish(std::uint16_t window, std::uint32_t wait_s) {
  writer_.close();
  if (wait_s != 0)
    writer_.element(in_minutes_ ? as::kWait : as::kHeartbeatInterval,
                    std::uint64_t{in_minutes_ ? wait_s / 60 : wait_s});
  if (window != 0) writer_.element(as::kWindowSize, std::uint64_t{window});
  writer_.close();
  return written(writer_);
}

Result<std::size_t> write_sync(Room room, const SyncRequest& request) {
  SyncWriter writer(room);
  HANDSYNC_TRY(writer.add(request));
  return writer.finish();
}

}  // namespace handsync::protocol
