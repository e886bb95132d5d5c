/// One command on its way: what it was given, where it writes, the phone it talks to, and what every group of commands
/// needs of it.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handset/command_line.h"
#include "handset/failure.h"
#include "handset/io.h"
#include "handset/json.h"
#include "handset/phone.h"
#include "handset/request.h"

namespace handset {

class Host;

struct Session {
  const CommandLine& line;
  const Request& request;
  Io& io;
  Phone& phone;
  Host& host;

  void say(const std::string& text) { io.out(text + "\n"); }  ///< one line, printable or JSON
  void say(const Json& json) { io.out(json.text() + "\n"); }
  void colour(std::string& text, const char* code) const;  ///< on a terminal only
};

/// Thrown when Stop says so; how the command ends is the caller's matter.
struct Stopped {};
void check_stop(const Session&);

inline constexpr std::uint16_t kDraftsGoUp = 160;  ///< version x 10: below, drafts are kept here

// -- accounts
// -----------------------------------------------------------------------------------------------------------------
/// All, or the one of --account. Throws usage when there is none.
std::vector<handsync::AccountView> accounts(Session&);
handsync::AccountView account_view(Session&, handsync::AccountId);
std::string address(const handsync::AccountView&);
/// What is wrong with an account, with its detail.
Failure failure_of_account(const handsync::AccountView&);

// -- the replica
// --------------------------------------------------------------------------------------------------------------
/// A Reader that is closed with the object.
class OpenReader {
 public:
  OpenReader(Session&, handsync::AccountId);
  ~OpenReader();
  OpenReader(const OpenReader&) = delete;
  OpenReader& operator=(const OpenReader&) = delete;
  handsync::Reader* operator->() const { return reader_; }
  handsync::Reader& operator*() const { return *reader_; }

 private:
  handsync::Reader* reader_;
};

/// Runs `row` for each row of a cursor, which is closed whatever happens. `row` returns false to end early.
template <class Row, class Each>
void each_row(handsync::Result<handsync::Cursor<Row>*> opened, Each each) {
  if (!opened.ok()) throw failure_of(opened.error());
  struct Closer {
    handsync::Cursor<Row>* cursor;
    ~Closer() { cursor->close(); }
  } closer{opened.value()};
  for (Row row;;) {
    const handsync::Result<bool> more = closer.cursor->step(row);
    if (!more.ok()) throw failure_of(more.error());
    if (!more.value() || !each(row)) return;
  }
}

struct Folder {
  handsync::AccountId account{};
  handsync::FolderId id{}, parent{};
  std::string name, path, server_id;
  handsync::FolderType type{};
  bool supported = false, selected = false, synced = false;
  std::uint32_t items = 0, unread = 0;
};
std::vector<Folder> folders(Session&, handsync::AccountId);
/// The folder that a person means, of all chosen accounts: server id, path or name. Throws usage when none or several
/// fit.
Folder find_folder(Session&, const std::string& words);
std::string type_name(handsync::FolderType);

/// Numbers that people see are unique over the accounts of a phone: those of the first account are the replica's own.
std::uint64_t shown_number(handsync::AccountId, std::uint64_t own);
struct Numbered {
  handsync::AccountId account{};
  std::uint64_t own = 0;
};
Numbered numbered(std::uint64_t shown);
/// The account of an item and its own id there; throws usage when there is no such item.
Numbered find_item(Session&, std::uint64_t shown);

// -- waiting
// ------------------------------------------------------------------------------------------------------------------
/// How questions of the engine are answered for one command: by options, by a person, or with "no".
struct Answers {
  bool accept_policy = false;
  std::vector<std::string> redirect_hosts;
  std::optional<std::string> pin;
  bool show_policy = false;  ///< say what is accepted
  std::map<std::string, int> pins_tried;
  std::optional<Failure> refusal;  ///< why the answer was "no"

  void answer(Session&, const Event&);
};

/// Waits until the engine is idle for this account, answering its questions meanwhile, with a progress line on a
/// terminal. Throws when the phone or the account is wiped, and Stopped.
/// `detail`: what the line says of it, in place of the account's counts.
void wait_idle(Session&, Inbox&, handsync::AccountId, Answers&, const std::string& doing,
               const std::function<std::string()>& detail = {});

/// Repeats a short step on the phone until it returns false, with a progress line on a terminal. Throws Stopped.
void work_off(Session&, handsync::AccountId, const std::string& doing,
              const std::function<bool(handsync::Engine&, handsync::Instant)>& step,
              const std::function<std::string()>& detail);

/// Passwords and PINs: from the file that was named, else from a person. Without its line end. Throws usage with
/// `advice`.
std::string read_secret(Session&, const std::string& file, const std::string& question, const std::string& advice);

// -- commands: one function each, its exit status
// -------------------------------------------------------------------------------
int account_add(Session&);
int account_list(Session&);
int account_set(Session&);
int account_remove(Session&);
int show_folders(Session&);
int folder_select(Session&);
int folder_change(Session&);
int folder_empty(Session&);
int folder_set(Session&);
int sync_now(Session&);
int watch(Session&);
int list_items(Session&);
int list_occurrences(Session&, const Folder&);
/// Gives a queued message its chance now and says what became of it: `done` when it is with the server.
int send_queued(Session&, handsync::AccountId, handsync::ChangeId, const std::string& subject, const char* done);
/// The one of a series that --only means, by the start that its pattern gives. Throws usage when none or several fit.
std::int64_t chosen_occurrence(Session&, const Numbered& series);
int search_items(Session&);
int show_item(Session&);
int show_body(Session&);
int fetch_attachment(Session&);
int search_at_server(Session&);
int show_people(Session&);
int show_free_busy(Session&);
int show_absence(Session&);
int set_absence(Session&);
int mark_item(Session&);
int send_message(Session&);
int draft_add(Session&);
int draft_edit(Session&);
int draft_send(Session&);
int sms_receive(Session&);
int sms_send(Session&);
int reply_message(Session&);
int forward_message(Session&);
int respond_meeting(Session&);
int move_item(Session&);
int move_conversation(Session&);
int delete_item(Session&);
int add_item(Session&);
int edit_item(Session&);
int delete_personal(Session&);
int show_queue(Session&);
int queue_retry(Session&);
int queue_drop(Session&);
int show_conflicts(Session&);
int keep_mine(Session&);
int keep_theirs(Session&);
int show_policy(Session&);
int show_status(Session&);
int schedule_show(Session&);
int schedule_set(Session&);
int device_status(Session&);
int device_lock(Session&);
int device_unlock(Session&);
int device_set_pin(Session&);
int device_reboot(Session&);
int device_touch(Session&);
int device_clock(Session&);
int device_recover(Session&);
int device_radio(Session&);
int device_roaming(Session&);
int device_battery(Session&);
int device_card(Session&);
int device_program(Session&);
int device_wipe(Session&);
int device_new(Session&);
int device_check(Session&);
int demo(Session&);

// -- parts of commands that others show too
// -------------------------------------------------------------------------------------
/// The object of `list --json`.
Json item_json(const handsync::ItemRow&, handsync::AccountId, const std::string& folder_path);
/// One line for people, as wide as the terminal.
std::string item_line(Session&, const handsync::ItemRow&, handsync::AccountId);
/// A mail as it travelled, fetched through a file that nobody sees.
void print_mime(Session&, const Numbered&);
void print_folders(Session&, const std::vector<handsync::AccountView>&);
void print_policy(Session&, handsync::AccountId only_or_0);
/// Adds an account the normal way; nothing is left of it when this throws.
handsync::AccountId add_account(Session&, const CommandLine&, const std::string& password, const TlsFiles&, Answers&);
/// What one account's sync did, counted from the difference of two views; prints its line. The exit status.
int report_sync(Session&, const handsync::AccountView& before, handsync::AccountId);

}  // namespace handset
