/// queue, queue retry, queue drop, conflicts, status.
#include <algorithm>

#include "handset/session.h"
#include "handset/text.h"
#include "handset/traffic.h"

namespace handset {
namespace {

using handsync::AccountState;
using handsync::AccountView;
using handsync::Engine;
using handsync::Instant;

const char* state_name(AccountState state) {
  switch (state) {
    case AccountState::kAdding:
      return "adding";
    case AccountState::kReady:
      return "ready";
    case AccountState::kSyncing:
      return "syncing";
    case AccountState::kWaiting:
      return "waiting";
    case AccountState::kBackOff:
      return "backing-off";
    case AccountState::kBlocked:
      return "blocked";
    case AccountState::kWiped:
      return "wiped";
  }
  return "ready";
}

const char* texts_name(handsync::TextMode mode) {
  return mode == handsync::TextMode::kOff ? "off" : mode == handsync::TextMode::kSync ? "sync" : "send";
}

/// retry and drop, which differ in one call. `conflict`: keep-mine and keep-theirs, whichever of both has lost.
int change_of_queue(Session& session, bool retry, bool conflict = false) {
  const Numbered at = numbered(session.line.number);
  bool found = false, theirs_lost = false;
  for (const AccountView& view : accounts(session)) {
    if (view.id != at.account) continue;
    const OpenReader reader(session, view.id);
    each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
      found = found || row.id == at.own;
      if (found)
        theirs_lost = row.parked && row.last == handsync::Error{handsync::Domain::kEas, 7, handsync::kTheirsLost};
      return !found;
    });
  }
  if (!found) {
    throw usage("there is no change " + std::to_string(session.line.number) + " in the queue",
                "`handset queue` prints the numbers");
  }
  if (conflict && theirs_lost) retry = !retry;
  const auto done = session.phone.call([&](Engine& engine, Instant) {
    handsync::Changes& changes = engine.changes(at.account);
    const auto id = static_cast<handsync::ChangeId>(at.own);
    return retry ? changes.retry(id) : changes.drop(id);
  });
  if (!done.ok()) throw failure_of(done.error());
  if (session.line.json) {
    session.say(Json().set("change", session.line.number).set(retry ? "retry" : "dropped", true));
  } else {
    session.say("change " + std::to_string(session.line.number) +
                (retry ? " will be tried again with the next sync"
                       : " is forgotten; the next sync shows the server's version"));
  }
  return kDone;
}

}  // namespace

namespace {

/// Sync Status 7 and 8 (MS-ASCMD 2.2.3.177.17): the server's change, or its deletion, has won.
bool is_conflict(const handsync::QueueRow& row) {
  const std::int32_t status = row.last.code % 1000;
  return row.parked && row.last.domain == handsync::Domain::kEas && (status == 7 || status == 8);
}

int print_queue(Session& session, bool conflicts_only) {
  std::size_t count = 0;
  for (const AccountView& view : accounts(session)) {
    const OpenReader reader(session, view.id);
    each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
      if (conflicts_only && !is_conflict(row)) return true;
      ++count;
      const std::uint64_t number = shown_number(view.id, row.id);
      const std::uint64_t item = shown_number(view.id, static_cast<std::uint64_t>(row.item));
      const bool theirs = row.last == handsync::Error{handsync::Domain::kEas, 7, handsync::kTheirsLost};
      const std::string refusal = theirs     ? "what the server had lost against what was changed here"
                                  : row.last ? failure_of(row.last).message
                                             : "";
      if (session.line.json) {
        Json json;
        json.set("change", number)
            .set("account", view.email.view())
            .set("item", item)
            .set("what", row.what)
            .set("subject", row.subject)
            .set("tries", row.tries)
            .set("parked", row.parked)
            .set("last_refusal", refusal)
            .set("last_code", static_cast<std::int64_t>(row.last.code));
        session.say(json);
      } else {
        const std::string digits = std::to_string(number), what = printable(row.what);
        session.say(padded(digits, std::max<std::size_t>(6, digits.size())) + " " +
                    padded(what, std::max<std::size_t>(8, columns_of(what))) +
                    (static_cast<std::uint64_t>(row.item) == 0 ? "" : " of item " + std::to_string(item)) +
                    (row.subject.empty() ? "" : " `" + printable(cut(std::string(row.subject), 40)) + "`") + ", " +
                    std::to_string(row.tries) + (row.tries == 1 ? " try" : " tries") + (row.parked ? ", parked" : "") +
                    (refusal.empty() ? "" : ": " + printable(refusal)));
      }
      return true;
    });
  }
  if (count == 0 && !session.line.json) session.say(conflicts_only ? "no edit has lost" : "nothing waits");
  return kDone;
}

}  // namespace

int show_queue(Session& session) { return print_queue(session, false); }
int show_conflicts(Session& session) { return print_queue(session, true); }

int queue_retry(Session& session) { return change_of_queue(session, true); }
int queue_drop(Session& session) { return change_of_queue(session, false); }
int keep_mine(Session& session) { return change_of_queue(session, true, true); }
int keep_theirs(Session& session) { return change_of_queue(session, false, true); }

int show_status(Session& session) {
  for (const AccountView& view : accounts(session)) {
    const std::int64_t now_wall_ms = session.phone.wall_ms();
    const std::uint64_t now_ms = session.phone.device().now().mono_ms;
    const std::uint64_t policy_age_s =
        view.policy_wall_ms == 0
            ? 0
            : static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_wall_ms - view.policy_wall_ms)) / 1000;
    const bool has_next = view.next_ms != 0 && view.next_ms != UINT64_MAX;
    const std::int64_t next_s =
        has_next ? static_cast<std::int64_t>(view.next_ms > now_ms ? view.next_ms - now_ms : 0) / 1000 : -1;
    std::size_t total = 0, selected = 0, synced = 0, waiting = 0, parked = 0;
    if (view.state != AccountState::kWiped) {
      for (const Folder& folder : folders(session, view.id)) {
        ++total;
        if (folder.selected) ++selected;
        if (folder.selected && folder.synced) ++synced;
      }
      const OpenReader reader(session, view.id);
      each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
        ++(row.parked ? parked : waiting);
        return true;
      });
      each_row<handsync::ParkedRow>(reader->parked(), [&](const handsync::ParkedRow&) { return ++parked, true; });
    }
    const std::string version =
        view.version == 0 ? "" : std::to_string(view.version / 10) + "." + std::to_string(view.version % 10);
    Home::Traffic traffic = session.phone.home().traffic(static_cast<std::uint16_t>(view.id));
    for (const auto& [name, value] : traffic_of(view)) traffic[name] += value;
    const bool legacy = view.tls_level == handsync::TlsLevel::kLegacy;
    const Failure failure = view.error ? failure_of_account(view) : Failure{kDone, "", 0, "", ""};
    if (session.line.json) {
      Json json;
      json.set("account", view.email.view())
          .set("user", view.user.view())
          .set("server", view.server.view())
          .set("version", version)
          .set("state", state_name(view.state))
          .set("push", view.state == AccountState::kWaiting)
          .set("mode", view.mode == handsync::kPushMode     ? std::string("push")
                       : view.mode == handsync::kManualMode ? std::string("manual")
                                                            : std::to_string(view.mode))
          .set("throttled", view.throttled.view())
          .set("heartbeat_s", view.heartbeat_s)
          .set("policy_key", static_cast<std::uint64_t>(view.policy_key))
          .set("policy_age_s", policy_age_s)
          .set("folders", static_cast<std::uint64_t>(total))
          .set("folders_selected", static_cast<std::uint64_t>(selected))
          .set("folders_synced", static_cast<std::uint64_t>(synced))
          .set("queued", static_cast<std::uint64_t>(waiting))
          .set("parked", static_cast<std::uint64_t>(parked))
          .set("last_sync", iso_utc(view.last_sync_wall_ms))
          .set("next_wake_s", next_s)
          .set("tls", legacy ? "legacy" : "modern")
          .set("sms", texts_name(view.texts))
          .set("sms_refused", view.texts_refused ? failure_of(view.texts_refused).message : "")
          .set("error", failure.message);
      for (const auto& [name, value] : traffic) json.set(name.c_str(), value);
      session.say(json);
      continue;
    }
    session.say(printable(address(view)) + (version.empty() ? "" : "  ActiveSync " + version) + "  " +
                state_name(view.state));
    session.say("  server     " + printable(view.server.view()) + (legacy ? "  (TLS: legacy set allowed)" : ""));
    session.say("  policy     " + (view.policy_key == 0 ? std::string("none")
                                                        : "key " + std::to_string(view.policy_key) + ", " +
                                                              duration_text(policy_age_s) + " old"));
    session.say("  folders    " + std::to_string(total) + ", " + std::to_string(selected) + " selected, " +
                std::to_string(synced) + " synced");
    session.say("  last sync  " + (view.last_sync_wall_ms == 0
                                       ? std::string("never")
                                       : local_time(view.last_sync_wall_ms, now_wall_ms, session.io.utc_offset_s)));
    session.say("  push       " + (view.state == AccountState::kWaiting
                                       ? "waiting, heartbeat " + duration_text(view.heartbeat_s)
                                       : std::string("off")));
    session.say("  next wake  " +
                (next_s < 0 ? std::string("none") : "in " + duration_text(static_cast<std::uint64_t>(next_s))));
    session.say("  queue      " + std::to_string(waiting) + " waiting, " + std::to_string(parked) + " parked");
    session.say("  texts      " + std::string(texts_name(view.texts)) +
                (view.texts_refused && view.texts != handsync::TextMode::kOff
                     ? "; " + failure_of(view.texts_refused).message
                     : ""));
    session.say("  traffic    " + traffic_text(traffic));
    session.say("  connected  " + connections_text(traffic));
    if (view.error) session.say("  trouble    " + printable(failure.message + "; " + failure.advice));
  }
  return kDone;
}

}  // namespace handset
