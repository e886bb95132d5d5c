#include "handset/grammar.h"

namespace handset {
namespace {

CLI::Validator above_nothing() {
  return CLI::Validator(
      [](const std::string& text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && value > 0 ? std::string()
                                                                   : "`" + text + "` is no number above 0";
      },
      "");
}

}  // namespace

Grammar::Grammar(CommandLine& line) : line_(line) {
  app_.name("handset");
  app_.description("A phone in a directory: ActiveSync accounts, mail in sync, push. What it holds lives in --home.");
  app_.set_version_flag("--version", kVersion);
  app_.require_subcommand(1);
  app_.option_defaults()->always_capture_default(false);
  app_.add_option("--home", line.home, "Where this phone lives; default $HANDSET_HOME, else ~/.local/share/handset")
      ->type_name("DIR");
  app_.add_option("--hal", line.hal, "The device layer; default simulated, remembered per home")
      ->check(CLI::IsMember({"simulated", "linux", "absent"}))
      ->type_name("PORT");
  app_.add_option("--account", line.account, "Only this account")->type_name("EMAIL");
  app_.add_flag("--json", line.json, "One JSON object per line");
  app_.add_option("--trace", line.trace, "Every exchange as readable XML, secrets masked")->type_name("FILE");
  app_.add_option("--connect-to", line.connect_to, "Connect elsewhere; names and certificates are still checked")
      ->type_name("HOST:PORT:ADDR:PORT")
      ->expected(1)
      ->take_all();
  accounts();
  mail();
  questions();
  personal();
  device();
}

std::string Grammar::chosen() const {
  std::string name;
  for (const CLI::App* at = &app_; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    name += (name.empty() ? "" : " ") + at->get_name();
  }
  return name;
}

CLI::App* Grammar::command(CLI::App& parent, const char* name, const char* about) {
  CLI::App* added = parent.add_subcommand(name, about);
  added->fallthrough();
  return added;
}

CLI::App* Grammar::group(const char* name, const char* about) {
  CLI::App* added = command(app_, name, about);
  added->require_subcommand(1);
  return added;
}

void Grammar::accounts() {
  CLI::App* account = group("account", "Adds, lists and removes accounts");
  CLI::App* add = command(*account, "add", "Finds the server, accepts its policy, fetches the folder tree");
  add->add_option("EMAIL", line_.email, "The address")->required();
  add->add_option("--user", line_.user, "name, name@domain or DOMAIN\\name; default: the address, then its first part");
  add->add_option("--server", line_.server, "A URL or a host, instead of Autodiscover");
  add->add_option("--ca", line_.ca_file, "Trusted certificates of this account (PEM), instead of the system's")
      ->type_name("FILE");
  CLI::Option* certificate =
      add->add_option("--client-cert", line_.client_cert_file, "Certificate shown to a server that asks for one (PEM)")
          ->type_name("FILE");
  CLI::Option* key =
      add->add_option("--client-key", line_.client_key_file, "Its private key (PEM, without a passphrase)")
          ->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
  password_and_pin(*add);
  add->add_flag("--accept-policy", line_.accept_policy, "Accept the server's policy without being asked");
  add->add_option("--accept-redirect", line_.redirect_hosts, "A host that may be sent the password")
      ->type_name("HOST")
      ->expected(1)
      ->take_all();
  add->add_option("--days", line_.days, "How far back mail is kept here, rounded up; 0 = all; default 30");
  add->add_option("--body-bytes", body_text_, "How much of a body sync brings: a number or `all`; default 32768")
      ->type_name("N");
  add->add_option("--tls", tls_text_, "`legacy` allows TLS 1.2 with ECDHE-CBC or DHE-GCM")
      ->check(CLI::IsMember({"legacy"}));
  add->add_option("--window", line_.window, "At most so many items an answer; default 512")->check(CLI::Range(1, 512));
  CLI::App* set = command(*account, "set", "Changes an account's settings; what it holds stays");
  set->add_option("EMAIL", line_.email, "The address")->required();
  set->add_option("--password-file", line_.password_file, "Where a new password is read from; - = standard input")
      ->type_name("FILE");
  set_days_ = set->add_option("--days", line_.days, "How far back mail is kept here, rounded up; 0 = all");
  set->add_option("--body-bytes", body_text_, "How much of a body sync brings: a number or `all`; 0 = headers only")
      ->type_name("N");
  set->add_option("--sms", line_.texts,
                  "Text messages: `sync` keeps them in step, `send` also sends those of the server's Outbox, at your "
                  "cost; default sync")
      ->check(CLI::IsMember({"off", "sync", "send"}));
  set->add_option("--conflict", line_.conflict,
                  "Who wins where both sides changed the same of an event, contact, task or note; default server")
      ->check(CLI::IsMember({"server", "client"}));
  options(*set, {{"classes", "What is kept in sync, with commas: mail, calendar, contacts, tasks, notes", "LIST"}});
  command(*account, "list", "The accounts of this phone");
  command(*account, "remove", "Destroys the account's key and data")
      ->add_option("EMAIL", line_.email, "The address")
      ->required();
}

void Grammar::password_and_pin(CLI::App& to) {
  to.add_option("--password-file", line_.password_file, "Where the password is read from; - = standard input")
      ->type_name("FILE");
  to.add_option("--pin-file", line_.pin_file,
                "Where a PIN is read from, should the policy want one; - = standard input")
      ->type_name("FILE");
}

void Grammar::mail() {
  command(app_, "folders", "The folder tree");
  CLI::App* folder = group("folder", "Which folders are kept in sync");
  command(*folder, "select", "Keep these folders in sync")
      ->add_option("NAME", line_.folders, "Name, path or server id")
      ->required();
  command(*folder, "deselect", "Remove these folders' items here; the server keeps them")
      ->add_option("NAME", line_.folders, "Name, path or server id")
      ->required();
  CLI::App* set_folder = command(*folder, "set", "A folder's own settings; `account` = as the account has it");
  set_folder->add_option("NAME", line_.folders, "Name, path or server id")->required()->expected(1);
  set_folder->add_option("--days", days_text_, "How far back it is kept here, rounded up; 0 = all")->type_name("N");
  set_folder
      ->add_option("--body-bytes", body_text_, "How much of a body sync brings: a number or `all`; 0 = headers only")
      ->type_name("N");
  CLI::App* create = command(*folder, "create", "Makes a folder on the server; queued");
  create->add_option("NAME", line_.name, "Its name")->required();
  create->add_option("--in", line_.folders, "The folder it goes into; default the top")
      ->type_name("FOLDER")
      ->expected(1);
  create->add_option("--type", line_.folder_type, "What it holds; default mail")
      ->check(CLI::IsMember({"mail", "calendar", "contacts", "tasks", "notes"}));
  CLI::App* rename = command(*folder, "rename", "Renames a folder on the server; queued");
  rename->add_option("FOLDER", line_.folders, "Name, path or server id")
      ->required()
      ->expected(1)
      ->allow_extra_args(false);
  rename->add_option("NAME", line_.name, "Its new name")->required();
  command(*folder, "delete", "Deletes a folder on the server, with what is in it; queued")
      ->add_option("FOLDER", line_.folders, "Name, path or server id")
      ->required()
      ->expected(1);
  CLI::App* empty = command(*folder, "empty", "Deletes all items of a folder on the server, at once and for good");
  empty->add_option("FOLDER", line_.folders, "Name, path or server id")->required()->expected(1);
  empty->add_flag("--with-subfolders", line_.with_subfolders, "And the folders below it");
  command(app_, "sync", "Sends queued changes, then fetches until nothing is left")
      ->add_option("--folder", line_.folders, "Only this folder; may be given again")
      ->type_name("NAME")
      ->expected(1)
      ->take_all();
  CLI::App* watch = command(app_, "watch", "Push: keeps everything in sync until interrupted");
  watch->add_option("--for", line_.for_s, "End after so many seconds")->type_name("SECONDS")->check(above_nothing());
  watch->add_flag("--service", line_.service,
                  "For systemd: says when it is ready, and names no address, sender or subject");
  CLI::App* list = command(app_, "list", "A folder's items, newest first");
  list->add_option("FOLDER", line_.folders, "Name, path or server id")->required()->expected(1);
  list->add_option("--limit", line_.limit, "At most so many; default 50 for people, all with --json")
      ->check(above_nothing());
  list->add_flag("--unread", line_.unread, "Only what has not been read");
  list->add_flag("--flagged", line_.flagged, "Only what is flagged");
  list->add_flag("--important", line_.important, "Only what is important");
  list->add_flag("--by-conversation", line_.by_conversation, "Mails of a conversation together");
  CLI::Option* from =
      list->add_option("--from", line_.from, "What takes place from then on, each time of a series; a calendar only")
          ->type_name("TIME");
  CLI::Option* to = list->add_option("--to", line_.to, "Up to then")->type_name("TIME");
  from->needs(to);
  to->needs(from);
  CLI::App* search = command(app_, "search", "Items with these words, newest first; the last may be a beginning");
  search->add_option("WORDS", line_.words, "All of them are in it; \"in quotes\": next to each other")->required();
  search->add_option("--in", line_.folders, "Only in this folder")->type_name("FOLDER")->expected(1);
  search->add_option("--limit", line_.limit, "At most so many; default 50 for people, all with --json")
      ->check(above_nothing());
  search->add_flag("--server", line_.on_server, "The mails of the whole mailbox, at the server; from 12.0 on");
  CLI::App* show = command(app_, "show", "One item whole");
  show->add_option("ID", line_.number, "The number that list prints")->required();
  show->add_flag("--mime", line_.mime, "As it travelled");
  CLI::App* body = command(app_, "body", "The body of one item");
  body->add_option("ID", line_.number, "The number that list prints")->required();
  body->add_flag("--html", line_.html, "As HTML");
  CLI::App* attachment =
      command(app_, "attachment", "Saves an attachment as a file; goes on where an earlier try was cut");
  attachment->add_option("ID", line_.number, "The number that list prints")->required();
  attachment->add_option("N", line_.attachment, "Which one, as show counts them")
      ->required()
      ->check(CLI::Range(1, 65535));
  attachment->add_option("--to", line_.to_file, "A new file, or a directory; default its own name, here")
      ->type_name("FILE");
  CLI::App* mark = command(app_, "mark", "Read state, flag and categories of a mail");
  mark->add_option("ID", line_.number, "The number that list prints")->required();
  mark->add_option("WHAT", line_.mark, "read, unread, flag, unflag, done, category NAME or uncategory NAME")
      ->required()
      ->check(CLI::IsMember({"read", "unread", "flag", "unflag", "done", "category", "uncategory"}));
  mark->add_option("NAME", line_.name, "of the category");
  CLI::App* move = command(app_, "move", "Moves an item to another folder");
  move->add_option("ID", line_.number, "The number that list prints")->required();
  move->add_option("FOLDER", line_.folders, "Name, path or server id")->required()->expected(1);
  CLI::App* conversation =
      command(app_, "conversation", "The whole conversation of a mail, from now on; 14.0 and later");
  conversation->add_option("ID", line_.number, "The number that list prints")->required();
  conversation->add_option("WHAT", line_.mark, "ignore (into the deleted items) or always-move FOLDER")
      ->required()
      ->check(CLI::IsMember({"ignore", "always-move"}));
  conversation->add_option("FOLDER", line_.folders, "Name, path or server id of a folder of mails")->expected(1);
  CLI::App* remove = command(app_, "delete", "Deletes an item");
  remove->add_option("ID", line_.number, "The number that list prints")->required();
  remove->add_flag("--for-good", line_.for_good, "Not into the folder of deleted items");
  messages();
  CLI::App* queue = command(app_, "queue", "Changes that wait");
  queue->require_subcommand(0, 1);
  command(*queue, "retry", "Tries a parked change again")->add_option("N", line_.number, "Its number")->required();
  command(*queue, "drop", "Forgets a change; the server's version counts")
      ->add_option("N", line_.number, "Its number")
      ->required();
  CLI::App* conflicts = command(app_, "conflicts", "Edits that lost against the server's, kept until decided");
  conflicts->require_subcommand(0, 1);
  command(*conflicts, "keep-mine", "What was changed here counts, and goes out once more if it has lost")
      ->add_option("N", line_.number, "The number that conflicts prints")
      ->required();
  command(*conflicts, "keep-theirs", "What the server has counts, or had if it has lost")
      ->add_option("N", line_.number, "The number that conflicts prints")
      ->required();
  CLI::App* schedule = group("schedule", "When to sync");
  command(*schedule, "show", "The schedule of each account, and what it comes to now");
  options(*command(*schedule, "set", "Changes what is named; nothing else"),
          {{"peak", "The hours of the day that count as peak, local time", "H-H"},
           {"peak-mode", "push, minutes between two visits (5 to 240), or manual", "MODE"},
           {"off-peak-mode", "The same for the rest of the day", "MODE"},
           {"roaming", "push (as at home) or manual, in another network", "push/manual"}});
  command(app_, "status", "The accounts' state");
  CLI::App* demo = command(app_, "demo", "A whole day offline: server, policy, folders, inbox, push");
  demo->add_flag("--stay", line_.stay, "Go on until interrupted");
  demo->add_option("--items", line_.items, "Mails in the mailbox")->check(CLI::Range(0, 100000));
}

void Grammar::fields(CLI::App& app, std::initializer_list<Field> all) {
  options(app, all);
  app.add_option("--zone", line_.zone, "The time zone of times without an offset; default $TZ")->type_name("NAME");
  app.add_option("--from-json", line_.json_file, "The object that `show --json` prints; - = standard input")
      ->type_name("FILE");
}

void Grammar::options(CLI::App& app, std::initializer_list<Field> all) {
  for (const Field& field : all) {
    const std::string key = field.name;
    app.add_option_function<std::string>(
           "--" + key, [this, key](const std::string& value) { line_.fields[key] = value; }, field.about)
        ->type_name(field.type)
        ->expected(1);
  }
}

void Grammar::event_fields(CLI::App& app) {
  fields(app, {{"subject", "What it is called", "TEXT"},
               {"start", "When it begins", "TIME"},
               {"end", "When it ends; default an hour, or a day, later", "TIME"},
               {"location", "Where", "TEXT"},
               {"body", "Notes", "TEXT"},
               {"reminder", "Minutes before, or none", "MIN"},
               {"repeat", "As iCalendar writes it, for example FREQ=WEEKLY;BYDAY=MO; none: a single event", "RRULE"}});
  app.add_option_function<std::string>(
         "--busy", [this](const std::string& value) { line_.fields["busy"] = value.empty() ? "busy" : value; },
         "free, tentative, busy or out; without a word: busy")
      ->type_name("STATE")
      ->expected(0, 1);
  app.add_flag_callback(
      "--all-day", [this] { line_.fields["all-day"] = "1"; }, "Whole days, in every zone");
  app.add_option("--attendee", line_.attendees, "Who is invited")->type_name("ADDRESS")->expected(1)->take_all();
}

void Grammar::contact_fields(CLI::App& app) {
  fields(app, {{"name", "First and last name, split at the last space", "TEXT"},
               {"email", "Mail address", "ADDRESS"},
               {"phone", "Mobile phone", "NUMBER"},
               {"company", "Company", "TEXT"},
               {"birthday", "A date", "DATE"},
               {"note", "Notes", "TEXT"}});
}

void Grammar::task_fields(CLI::App& app) {
  fields(app, {{"subject", "What is to be done", "TEXT"},
               {"due", "By when", "DATE"},
               {"start", "From when", "DATE"},
               {"reminder", "When to remind, or none", "TIME"},
               {"body", "Notes", "TEXT"},
               {"importance", "low, normal or high", "LEVEL"}});
}

void Grammar::note_fields(CLI::App& app) {
  fields(app, {{"subject", "Its title", "TEXT"}, {"body", "Its text", "TEXT"}});
}

void Grammar::personal() {
  struct Kind {
    const char *word, *about;
    void (Grammar::*fields)(CLI::App&);
  };
  static constexpr Kind kKinds[] = {{"event", "Appointments", &Grammar::event_fields},
                                    {"contact", "Contacts", &Grammar::contact_fields},
                                    {"task", "Tasks", &Grammar::task_fields},
                                    {"note", "Notes", &Grammar::note_fields}};
  for (const Kind& kind : kKinds) {
    CLI::App* all = group(kind.word, kind.about);
    CLI::App* add = command(*all, "add", "A new one; queued");
    add->add_option("--in", line_.folders, "The folder; default the account's own")->type_name("FOLDER")->expected(1);
    (this->*kind.fields)(*add);
    CLI::App* edit = command(*all, "edit", "Changes what is named and nothing else; an empty text takes it away");
    edit->add_option("ID", line_.number, "The number that list prints")->required();
    (this->*kind.fields)(*edit);
    CLI::App* remove = command(*all, "delete", "Deletes it");
    remove->add_option("ID", line_.number, "The number that list prints")->required();
    remove->add_flag("--for-good", line_.for_good, "Not into the folder of deleted items");
    if (std::string_view(kind.word) == "event") {
      for (CLI::App* each : {edit, remove}) {
        each->add_option("--only", line_.only, "Only the one of a series that takes place then")->type_name("DATE");
      }
      remove->add_option("--zone", line_.zone, "The time zone of --only; default $TZ")->type_name("NAME");
      edit->add_flag("--drop-exceptions", line_.drop_exceptions,
                     "Move a series although what was changed of single ones is dropped");
    }
    if (std::string_view(kind.word) != "task") continue;
    command(*all, "done", "It is done")->add_option("ID", line_.number, "The number that list prints")->required();
  }
}

void Grammar::questions() {
  CLI::App* people = command(app_, "people", "Looks people up in the server's address list");
  people->add_option("WORDS", line_.words, "Beginnings of their names or addresses")->required();
  people->add_option("--limit", line_.limit, "At most so many")->check(CLI::Range(1, 100))->type_name("N");
  people->add_flag("--local", line_.local, "Completes an address from what is here: recipients, then contacts");
  CLI::App* free_busy = command(app_, "free-busy", "Who is free when, from 14.0 on");
  free_busy->add_option("WHO", line_.words, "A name or an address")->required();
  free_busy->add_option("--from", line_.from, "From this time")->required()->type_name("TIME");
  free_busy->add_option("--to", line_.to, "Until then, 42 days at most")->required()->type_name("TIME");
  CLI::App* away = group("out-of-office", "The automatic answer while somebody is away");
  command(*away, "show", "Whether it is on, and its words");
  CLI::App* set = command(*away, "set", "Switches it");
  set->add_option("STATE", switch_text_, "on or off")->required()->check(CLI::IsMember({"on", "off"}));
  set->add_option("--message", line_.message, "To senders in the organization")->type_name("TEXT");
  set->add_option("--outside", line_.outside, "To others; without it they are not answered")->type_name("TEXT");
  set->add_flag("--known-only", line_.known_only, "Of others, only who is among the contacts");
  set->add_option("--from", line_.from, "From this time on")->type_name("TIME");
  set->add_option("--to", line_.to, "Until then")->type_name("TIME");
  for (CLI::App* each : {free_busy, set})
    each->add_option("--zone", line_.zone, "The time zone of times without an offset; default $TZ")->type_name("NAME");
}

void Grammar::messages() {
  CLI::App* send = command(app_, "send", "Sends a mail: queued, and out at once when there is a connection");
  message(*send);
  send->get_option("--subject")->required();
  CLI::App* reply = command(app_, "reply", "Answers a mail; the server adds the original");
  reply->add_option("ID", line_.number, "The number that list prints")->required();
  message(*reply);
  CLI::App* forward = command(app_, "forward", "Forwards a mail; the server adds the original and its attachments");
  forward->add_option("ID", line_.number, "The number that list prints")->required();
  message(*forward);
  CLI::App* draft = group("draft", "Mails that are not sent yet; two-way from 16.0 on, kept here before");
  message(*command(*draft, "add", "A new one"));
  CLI::App* edit = command(*draft, "edit", "Changes what is named and nothing else; an empty text takes it away");
  edit->add_option("ID", line_.number, "The number that list prints")->required();
  message(*edit);
  edit->add_option("--detach", line_.detach, "An attachment to be taken away, by its number; may be given again")
      ->type_name("N")
      ->expected(1)
      ->take_all();
  edit->add_flag("--unimportant", line_.unimportant, "Of normal importance");
  command(*draft, "send", "Sends it")->add_option("ID", line_.number, "The number that list prints")->required();
  CLI::App* sms = group("sms", "Text messages of the device's modem");
  CLI::App* receive = command(*sms, "receive", "The simulated modem receives one");
  receive->add_option("--from", line_.from, "The sender's number, or a name as networks send it")
      ->required()
      ->type_name("NUMBER");
  CLI::App* text =
      command(*sms, "send", "Sends one through the modem, now; its copy goes up with the next sync or push");
  text->add_option("--to", line_.recipients, "A phone number; may be given again")
      ->required()
      ->type_name("NUMBER")
      ->expected(1)
      ->take_all();
  for (CLI::App* each : {receive, text})
    each->add_option("--text", line_.message, "Its words")->required()->type_name("TEXT");
  CLI::App* respond = command(app_, "respond", "Answers an invitation: its mail, or its event");
  respond->add_option("ID", line_.number, "The number that list prints")->required();
  respond->add_option("ANSWER", line_.mark, "accept, tentative or decline")
      ->required()
      ->check(CLI::IsMember({"accept", "tentative", "decline"}));
  respond->add_option("--message", line_.message, "To the organizer")->type_name("TEXT");
  respond->add_option("--only", line_.only, "Only the one of a series that takes place then")->type_name("DATE");
  respond->add_option("--propose-start", line_.propose_start, "Another time, from 16.1 on")->type_name("TIME");
  respond->add_option("--propose-end", line_.propose_end, "Until then")->type_name("TIME");
  respond->add_option("--zone", line_.zone, "The time zone of times without an offset; default $TZ")->type_name("NAME");
}

void Grammar::message(CLI::App& to) {
  const auto several = [&](const char* name, std::vector<std::string>& into, const char* about, const char* type) {
    return to.add_option(name, into, about)->type_name(type)->expected(1)->take_all();
  };
  several("--to", line_.recipients, "Recipients, with commas or blanks between them; may be given again", "ADDRESS")
      ->expected(1, 1000);
  several("--cc", line_.cc, "Gets a copy", "ADDRESS");
  several("--bcc", line_.bcc, "Gets a copy that the others do not see", "ADDRESS");
  to.add_option("--subject", line_.subject, "The subject")->each([this](const std::string&) {
    line_.has_subject = true;
  });
  to.add_option("--text", line_.text_file, "The text; - = standard input")->type_name("FILE");
  to.add_option("--html", line_.html_file, "The same as HTML; - = standard input")->type_name("FILE");
  several("--attach", line_.attach_files, "A file to go with it; may be given again", "FILE");
  to.add_flag("--important", line_.important, "Of high importance");
}

void Grammar::device() {
  command(app_, "policy", "The policy, and what this phone enforces of it");
  CLI::App* device = group("device", "The phone itself");
  command(*device, "status", "Lock, PIN and identity");
  command(*device, "lock", "Locks the screen");
  CLI::App* unlock = command(*device, "unlock", "Unlocks with the PIN");
  unlock->add_option("--pin-file", line_.pin_file, "Where the PIN is read from; - = standard input")->type_name("FILE");
  CLI::App* set_pin = command(*device, "set-pin", "A first or another PIN");
  set_pin->add_option("--pin-file", line_.pin_file, "The new PIN; - = standard input")->type_name("FILE");
  set_pin->add_option("--old-pin-file", line_.old_pin_file, "The PIN in use")->type_name("FILE");
  CLI::App* recover = command(*device, "recover", "Unlocks with the recovery password, and sets a new PIN");
  recover->add_option("--recovery-file", line_.recovery_file, "The recovery password; - = standard input")
      ->type_name("FILE");
  recover->add_option("--pin-file", line_.pin_file, "The new PIN; - = standard input")->type_name("FILE");
  for (CLI::App* each : {unlock, set_pin, recover})
    each->add_option("--codeword", line_.codeword, "Wanted before the last tries: a1b2c3")->type_name("WORD");
  command(*device, "reboot", "Restarts the phone; it comes up locked when a PIN is set");
  command(*device, "new", "Another phone in this home: nothing of the old one stays");
  command(*device, "check", "Integrity of every database and of the vault");
  command(*device, "touch", "The user does something: the idle time of the screen lock starts again");
  command(*device, "roaming", "At home (off) or in another network (on)")
      ->add_option("on/off", switch_text_, "on or off")
      ->check(CLI::IsMember({"on", "off"}))
      ->required();
  CLI::App* radio = command(*device, "radio", "The user's switch of a radio; what a policy forbids stays off");
  radio->add_option("NAME", line_.name, "wifi, bluetooth or irda")->required();
  radio->add_option("on/off", switch_text_, "on or off")->check(CLI::IsMember({"on", "off"}))->required();
  command(*device, "battery", "The battery's level")
      ->add_option("N", line_.number, "Percent")
      ->check(CLI::Range(0, 100))
      ->required();
  CLI::App* card = command(*device, "card", "The storage card");
  card->require_subcommand(1);
  command(*card, "in", "Puts a card in: a new one, or the one that was taken out");
  command(*card, "out", "Takes it out");
  command(*card, "list", "What is on it");
  command(*card, "put", "Writes a file to it")->add_option("FILE", line_.card_file, "The file")->required();
  command(*card, "show", "Reads from it")->add_option("NAME", line_.name, "A name that list shows")->required();
  CLI::App* program = command(*device, "program", "Whether the phone starts a program");
  program->add_option("NAME", line_.name, "Its name")->required();
  program->add_option("--sha1", line_.sha1, "Of its file, when it was installed and not delivered with the phone")
      ->type_name("HASH");
  command(*device, "clock", "Lets time pass on the simulated phone")
      ->add_option("+SECONDS", clock_text_, "How far both its clocks go on")
      ->required();
  command(*device, "wipe", "Wipes this phone: keys, accounts, everything");
}

}  // namespace handset
