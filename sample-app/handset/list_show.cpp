/// list, show, body.
#include <algorithm>
#include <unordered_map>

#include "handset/escape.h"
#include "handset/properties.h"
#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::Class;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemRow;
using handsync::Notice;

constexpr std::uint32_t kLimitForPeople = 50;
constexpr std::uint8_t kBodyHtml = 2, kBodyMime = 4;

bool is_personal(Class kind) { return kind != Class::kEmail && kind != Class::kSms; }

const char* class_name(Class kind) {
  switch (kind) {
    case Class::kEmail:
      return "Email";
    case Class::kEvent:
      return "Calendar";
    case Class::kContact:
      return "Contacts";
    case Class::kTask:
      return "Tasks";
    case Class::kNote:
      return "Notes";
    case Class::kSms:
      return "SMS";
    case Class::kRecipient:
      return "Recipients";
  }
  return "Email";
}

/// LastVerbExecuted (MS-ASEMAIL 2.2.2.43) in a word.
const char* reply_state_name(std::uint8_t verb) {
  return verb == 1 ? "replied" : verb == 2 ? "replied-to-all" : verb == 3 ? "forwarded" : "";
}

const char* importance_name(std::uint8_t importance) {
  return importance == 0 ? "low" : importance == 2 ? "high" : "normal";
}

std::unordered_map<std::uint32_t, std::string> paths(Session& session, AccountId account) {
  std::unordered_map<std::uint32_t, std::string> by_id;
  for (const Folder& folder : folders(session, account)) by_id[static_cast<std::uint32_t>(folder.id)] = folder.path;
  return by_id;
}

/// The name of a person where an address has one: "Anna Beck" of "Anna Beck" <anna@example.test>.
std::string name_of(std::string_view address) {
  std::size_t angle = address.find('<');
  if (angle == std::string_view::npos) angle = address.find("[MOBILE:");  // of a text
  std::string_view name = angle == std::string_view::npos ? address : address.substr(0, angle);
  while (!name.empty() && (name.back() == ' ' || name.back() == '"')) name.remove_suffix(1);
  while (!name.empty() && (name.front() == ' ' || name.front() == '"')) name.remove_prefix(1);
  std::string result;
  for (const char c : name.empty() ? address : name) {
    if (c != '\\') result += c;  // a quoted name escapes its quotes
  }
  return result;
}

/// An item as it is kept beyond the cursor.
struct Kept {
  std::string conversation;  ///< what those of one have in common; empty: it stands alone
  bool read = false;
  std::string line;
  Json json;
};

std::string conversation_of(const ItemRow& row) {
  if (!row.conversation_id.empty()) return "id " + std::string(row.conversation_id);
  const std::string topic = row.kind == Class::kEmail ? topic_of(row.subject) : std::string();
  return topic.empty() ? topic : "topic " + topic;
}

/// Conversations in the order of their newest mail; within one, newest first.
std::uint64_t say_conversations(Session& session, std::vector<Kept>& kept, std::uint32_t limit) {
  struct Conversation {
    std::size_t place = 0;
    unsigned mails = 0, unread = 0;
  };
  std::unordered_map<std::string, Conversation> all;
  std::vector<std::pair<std::size_t, Kept*>> sorted;
  std::size_t place = 0;
  for (Kept& each : kept) {
    std::size_t at = place++;
    if (!each.conversation.empty()) {
      Conversation& own = all.try_emplace(each.conversation, Conversation{at, 0, 0}).first->second;
      ++own.mails;
      own.unread += !each.read;
      at = own.place;
    }
    sorted.emplace_back(at, &each);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  std::uint64_t shown = 0;
  std::size_t before = 0;
  for (const auto& [at, each] : sorted) {
    if (limit != 0 && shown == limit) break;
    const Conversation own =
        each->conversation.empty() ? Conversation{at, 1, each->read ? 0U : 1U} : all[each->conversation];
    if (session.line.json) {
      each->json.set("conversation_mails", own.mails).set("conversation_unread", own.unread);
      session.say(each->json);
    } else {
      if (shown != 0 && at != before) session.say("");
      if ((shown == 0 || at != before) && own.mails > 1) {
        session.say(std::to_string(own.mails) + " mails" +
                    (own.unread == 0 ? "" : ", " + std::to_string(own.unread) + " unread"));
      }
      session.say(each->line);
    }
    before = at;
    ++shown;
  }
  return shown;
}

struct ItemCopy {
  Class kind{};
  std::string subject, from, to;
  std::int64_t when_ms = 0;
  std::uint64_t bytes_total = 0, bytes_here = 0;
  std::uint8_t body_type = 0;
  std::uint32_t attachments = 0;
  Json json;
};

ItemCopy load(Session& session, const Numbered& at) {
  ItemCopy copy;
  const auto names = paths(session, at.account);
  const OpenReader reader(session, at.account);
  handsync::Query query;
  query.item = static_cast<handsync::ItemId>(at.own);
  bool found = false;
  each_row<ItemRow>(reader->list(query), [&](const ItemRow& row) {
    found = true;
    copy.kind = row.kind;
    copy.subject = std::string(row.subject);
    copy.from = std::string(row.from);
    copy.to = std::string(row.to);
    copy.when_ms = row.when_ms;
    copy.bytes_total = row.body_bytes_total;
    copy.bytes_here = row.body_bytes_here;
    copy.body_type = row.body_type;
    copy.attachments = row.attachments;
    const auto name = names.find(static_cast<std::uint32_t>(row.folder));
    copy.json = item_json(row, at.account, name == names.end() ? "" : name->second);
    return false;
  });
  if (!found) throw usage("there is no such item any more", "`handset list FOLDER` prints the numbers");
  return copy;
}

/// What came with an item.
struct File {
  unsigned number = 0;
  std::string name, type;
  std::uint64_t bytes = 0;
  bool is_inline = false;
};

std::vector<File> files_of(Session& session, const Numbered& at, std::uint32_t count) {
  std::vector<File> files;
  const OpenReader reader(session, at.account);
  std::byte room[2048];
  handsync::AttachmentRow row;
  for (unsigned number = 1; number <= count; ++number) {
    const auto found = handsync::read_attachment(*reader, static_cast<handsync::ItemId>(at.own),
                                                 static_cast<std::uint16_t>(number), row, room);
    if (!found.ok()) throw failure_of(found.error());
    if (!found.value()) break;
    files.push_back({number, std::string(row.name), std::string(row.content_type), row.bytes, row.is_inline});
  }
  return files;
}

/// Fetches what sync has left on the server.
ItemCopy load_whole(Session& session, const Numbered& at) {
  ItemCopy copy = load(session, at);
  if (copy.body_type != 0 && copy.bytes_here >= copy.bytes_total) return copy;
  if (copy.body_type == 0 && copy.bytes_total == 0 && copy.kind != Class::kEmail) return copy;
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([&](Engine& engine, Instant now) {
    return engine.fetch(at.account, static_cast<handsync::ItemId>(at.own), now);
  });
  if (!begun.ok()) throw failure_of(begun.error());
  Answers answers;
  wait_idle(session, *inbox, at.account, answers, "fetching");
  if (answers.refusal) throw *answers.refusal;
  copy = load(session, at);
  if (copy.bytes_here < copy.bytes_total) {
    const handsync::AccountView view = account_view(session, at.account);
    if (view.error) throw failure_of_account(view);
    throw Failure{kRefused, "eas", 0, "the server did not send the rest of this body", "try again later"};
  }
  return copy;
}

/// The body in pieces, as it is stored.
template <class Piece>
void each_piece(Session& session, const Numbered& at, Piece piece) {
  const OpenReader reader(session, at.account);
  std::byte room[16384];
  for (std::uint64_t offset = 0;;) {
    const auto bytes = reader->body(static_cast<handsync::ItemId>(at.own), offset, room);
    if (!bytes.ok()) throw failure_of(bytes.error());
    if (bytes.value() == 0) return;
    if (session.io.stopped() == Stop::kUser) throw Stopped{};
    piece(handsync::text_of({room, bytes.value()}));
    offset += bytes.value();
  }
}

std::string whole_body(Session& session, const Numbered& at) {
  std::string body;
  each_piece(session, at, [&](std::string_view piece) { body += piece; });
  return body;
}

void say_body(Session& session, std::string_view body) {
  session.io.out(session.io.out_terminal ? printable_lines(body) : std::string(body));
  if (session.io.out_terminal && !body.ends_with('\n')) session.io.out("\n");
}

std::vector<std::string> names_of(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t end = list.find(handsync::kListSeparator);
    names.emplace_back(list.substr(0, end));
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  }
  return names;
}

std::string personal_line(Session& session, const ItemRow& row, const std::string& number) {
  const std::size_t columns = session.io.columns > 60 ? session.io.columns - 26 : 34;
  std::string when, what = printable(row.subject), more;
  if (row.kind == Class::kContact || row.kind == Class::kRecipient) {
    what = printable(row.name);
    more = printable(row.email.empty() ? row.phone : row.email);
  } else if (row.when_ms != 0) {
    when = local_time(row.when_ms, session.phone.wall_ms(), session.io.utc_offset_s);
  }
  if (row.kind == Class::kEvent) more = printable(row.location);
  std::string marks;
  marks += row.recurring ? '~' : row.complete ? 'x' : ' ';
  marks += row.edited_here ? '>' : ' ';
  const std::size_t width = more.empty() ? columns : columns * 2 / 3;
  what = cut(what, width);
  const std::string tail = more.empty() ? "" : "  " + cut(more, columns - width - 2);
  return number + " " + marks + "  " +
         (row.kind == Class::kContact || row.kind == Class::kRecipient ? "" : padded(when, 12) + "  ") +
         (tail.empty() ? what : padded(what, width)) + tail;
}

}  // namespace

Json item_json(const ItemRow& row, AccountId account, const std::string& folder_path) {
  Json json;
  json.set("id", shown_number(account, static_cast<std::uint64_t>(row.id)))
      .set("folder", folder_path)
      .set("class", class_name(row.kind))
      .set("server_id", row.server_id)
      .set("read", row.read)
      .set("flagged", row.flagged);
  switch (row.kind) {
    case Class::kEmail:
      json.set("subject", row.subject)
          .set("from", row.from)
          .set("to", row.to)
          .set("received", iso_utc(row.when_ms))
          .set("preview", row.preview)
          .set("attachments", row.attachments)
          .set("conversation_id", row.conversation_id)
          .set("reply_state", reply_state_name(row.reply_state))
          .set("importance", importance_name(row.importance))
          .set("categories", names_of(row.categories))
          .set("edited_here", row.edited_here);
      break;
    case Class::kSms:
      json.set("from", row.from).set("to", row.to).set("received", iso_utc(row.when_ms)).set("preview", row.preview);
      break;
    case Class::kEvent:
      json.set("subject", row.subject)
          .set("start", iso_utc(row.when_ms))
          .set("end", iso_utc(row.end_ms))
          .set("all_day", row.all_day)
          .set("location", row.location)
          .set("recurring", row.recurring)
          .set("organizer", row.organizer);
      break;
    case Class::kContact:
      json.set("name", row.name).set("email", row.email).set("phone", row.phone);
      break;
    case Class::kRecipient:
      json.set("name", row.name).set("email", row.email).set("rank", row.when_ms);
      break;
    case Class::kTask:
      json.set("subject", row.subject)
          .set("due", row.when_ms == 0 ? "" : iso_utc(row.when_ms))
          .set("complete", row.complete);
      break;
    case Class::kNote:
      json.set("subject", row.subject);
      break;
  }
  return json;
}

std::string item_line(Session& session, const ItemRow& row, AccountId account) {
  const std::string number = std::to_string(shown_number(account, static_cast<std::uint64_t>(row.id)));
  if (is_personal(row.kind)) {
    return personal_line(session, row, std::string(number.size() < 5 ? 5 - number.size() : 0, ' ') + number);
  }
  const std::string when = local_time(row.when_ms, session.phone.wall_ms(), session.io.utc_offset_s);
  std::string marks;
  marks += row.read ? ' ' : '*';
  marks += row.flagged ? '!' : ' ';
  marks += row.attachments > 0 ? '@' : ' ';
  const std::size_t number_columns = std::max<std::size_t>(5, number.size());
  const std::size_t fixed = number_columns + 1 + 3 + 1 + 12 + 2 + 2;
  const std::size_t rest = session.io.columns > fixed + 30 ? session.io.columns - fixed : 30;
  const std::size_t from_columns = std::min<std::size_t>(24, rest / 3);
  std::string subject = cut(printable(row.kind == Class::kSms ? row.preview : row.subject), rest - from_columns);
  if (!row.read) session.colour(subject, "1");
  return std::string(number_columns - number.size(), ' ') + number + " " + marks + " " + padded(when, 12) + "  " +
         padded(printable(name_of(row.from)), from_columns) + "  " + subject;
}

int list_items(Session& session) {
  const CommandLine& line = session.line;
  const Folder folder = find_folder(session, line.folders.front());
  if (!line.from.empty()) return list_occurrences(session, folder);
  const std::uint32_t limit = line.limit != 0 ? line.limit : line.json ? 0 : kLimitForPeople;
  handsync::Query query;
  query.folder = folder.id;
  query.limit = line.by_conversation ? 0 : limit;
  query.unread_only = line.unread;
  query.flagged_only = line.flagged;
  query.important_only = line.important;
  const OpenReader reader(session, folder.account);
  std::vector<Kept> kept;
  std::uint64_t shown = 0;
  each_row<ItemRow>(reader->list(query), [&](const ItemRow& row) {
    if (session.io.stopped() == Stop::kUser) throw Stopped{};
    if (line.by_conversation) {
      kept.push_back({conversation_of(row), row.read, line.json ? "" : item_line(session, row, folder.account),
                      item_json(row, folder.account, folder.path)});
    } else {
      session.say(line.json ? item_json(row, folder.account, folder.path).text()
                            : item_line(session, row, folder.account));
    }
    ++shown;
    return true;
  });
  if (line.by_conversation) {
    shown = say_conversations(session, kept, limit);
  } else if (!line.json && line.limit == 0 && shown == kLimitForPeople) {
    session.io.flush();
    if (session.io.out_terminal) session.say("the newest " + std::to_string(shown) + "; --limit N shows more");
  }
  return kDone;
}

int show_item(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  ItemCopy copy = session.line.mime ? load(session, at) : load_whole(session, at);
  if (session.line.mime) {
    if (copy.body_type != kBodyMime || copy.bytes_here < copy.bytes_total) {
      if (copy.kind != Class::kEmail) throw usage("only a mail has travelled", "leave out --mime");
      print_mime(session, at);
      return kDone;
    }
    say_mime(session, [&](const std::function<void(std::string_view)>& piece) { each_piece(session, at, piece); });
    return kDone;
  }
  const std::string body = whole_body(session, at);
  if (session.line.json) {
    static constexpr const char* kTypes[] = {"", "text", "html", "rtf", "mime"};
    copy.json.set("body", body)
        .set("body_type", copy.body_type < std::size(kTypes) ? kTypes[copy.body_type] : "")
        .set("body_bytes", copy.bytes_total);
    std::vector<Json> files;
    for (const File& file : files_of(session, at, copy.attachments)) {
      files.emplace_back();
      files.back()
          .set("number", file.number)
          .set("name", file.name)
          .set("type", file.type)
          .set("bytes", file.bytes)
          .set("inline", file.is_inline);
    }
    copy.json.set("files", std::move(files));
    if (is_personal(copy.kind)) copy.json.set("properties", properties_json(properties_of(session, at)));
    session.say(copy.json);
    return kDone;
  }
  if (is_personal(copy.kind)) {
    say_properties(session, properties_of(session, at));
    session.say("");
    session.io.out(printable_lines(copy.body_type == kBodyHtml ? text_of_html(body) : body) + "\n");
    return kDone;
  }
  session.say("From:     " + printable(copy.from));
  session.say("To:       " + printable(copy.to));
  session.say("Received: " + local_time(copy.when_ms, session.phone.wall_ms(), session.io.utc_offset_s));
  std::string subject = printable(copy.subject);
  session.colour(subject, "1");
  session.say("Subject:  " + subject);
  for (const File& file : files_of(session, at, copy.attachments))
    session.say("Attached: " + std::to_string(file.number) + "  " + printable(file.name) + ", " +
                size_text(file.bytes));
  session.say("");
  session.io.out(printable_lines(copy.body_type == kBodyHtml ? text_of_html(body) : body) + "\n");
  return kDone;
}

int show_body(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  const ItemCopy copy = load_whole(session, at);
  const bool is_html = copy.body_type == kBodyHtml;
  if (session.line.html && !is_html) {
    throw usage("this mail has no HTML body here", "leave out --html");
  }
  if (session.line.json) {
    session.say(Json()
                    .set("id", session.line.number)
                    .set("type", is_html ? "html" : "text")
                    .set("body", whole_body(session, at)));
    return kDone;
  }
  if (session.io.out_terminal && is_html && !session.line.html) {
    say_body(session, text_of_html(whole_body(session, at)));
  } else if (session.io.out_terminal) {
    say_body(session, whole_body(session, at));
  } else {
    each_piece(session, at, [&](std::string_view piece) { session.io.out(piece); });
  }
  return kDone;
}

}  // namespace handset
