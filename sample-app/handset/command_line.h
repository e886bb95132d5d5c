/// The command line's grammar: what each command takes, checked before anything is opened.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace handset {

struct CommandLine {
  // -- of every command
  std::string home, hal, account, trace;
  bool json = false;
  std::vector<std::string> connect_to;

  std::string command;  ///< "account add", "sync" ...

  // -- account add
  std::string email, user, server, ca_file, client_cert_file, client_key_file, password_file, pin_file, old_pin_file,
      codeword;
  std::vector<std::string> redirect_hosts;
  bool accept_policy = false, legacy_tls = false;
  std::uint16_t days = 30, window = 512;
  bool has_days = false, has_body_bytes_max = false;            ///< of account set and folder set
  bool days_of_account = false, body_bytes_of_account = false;  ///< of folder set: no longer the folder's own
  std::uint32_t body_bytes_max = 32768;                         ///< UINT32_MAX = all

  // -- the others
  std::vector<std::string> folders;
  std::map<std::string, std::string> fields;  ///< of event, contact, task, note: option -> value; "" = taken away
  std::vector<std::string> attendees;
  std::string zone, json_file;
  std::uint64_t number = 0;      ///< an id of an item or a change
  std::uint32_t attachment = 0;  ///< its number in an item, from 1
  std::string to_file;           ///< where it goes
  std::string mark;              ///< read, unread, flag, unflag, done, category, uncategory
  std::string name;              ///< of a category or a folder
  std::string folder_type = "mail";
  std::string texts;     ///< of account set: off, sync or send; "" = as it is
  std::string conflict;  ///< account set --conflict: server, client
  bool with_subfolders = false;
  bool for_good = false;
  std::string only;     ///< of a series: the date or time of one occurrence
  std::string outside;  ///< of out-of-office: to senders outside of the organization
  bool known_only = false;
  std::string message;                     ///< of an answer to an invitation, or of sms
  std::string propose_start, propose_end;  ///< of an answer to an invitation
  bool drop_exceptions = false;            ///< an edit of a series may undo what was changed of single occurrences
  std::vector<std::string> recipients, cc, bcc, attach_files;
  std::vector<std::uint16_t> detach;  ///< attachments of a draft, by their numbers
  bool has_subject = false, unimportant = false;
  std::string subject, text_file, html_file;  ///< of a message; - = standard input
  std::vector<std::string> words;             ///< of search, people and free-busy
  bool on_server = false;
  bool local = false;  ///< of people: from what is here
  std::uint32_t limit = 0;
  std::string from, to;  ///< of list: a range of time; of sms receive: who sent it
  double for_s = 0;      ///< 0 = until interrupted
  bool service = false;  ///< watch as systemd runs it
  bool unread = false, flagged = false, important = false, by_conversation = false;
  bool mime = false, html = false;
  bool stay = false;
  bool on = false;  ///< of device roaming and device radio
  std::string card_file, sha1, recovery_file;
  int items = 12;
};

/// What argv says. Either a command, or a text that answers --help or --version.
struct Parsed {
  CommandLine line;
  bool answered = false;
  std::string answer;
};

/// Throws Failure with exit status 2; `json_wanted` is set as soon as --json has been seen.
Parsed parse_command_line(const std::vector<std::string>& arguments, bool& json_wanted);

/// Commands that can be begun again from the start without harm: they move to another process when the owner of the
/// home ends.
bool is_restartable(const std::string& command);
/// Shows or changes content: needs the phone unlocked and counts as user activity.
bool is_content(const std::string& command);

}  // namespace handset
