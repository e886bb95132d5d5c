#include "exchange/mail_generator.h"

#include <array>
#include <cctype>

#include "exchange/text.h"

namespace exchange {
namespace {

namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;
namespace tsk = wbxml::tasks;

constexpr std::int64_t kDay = 86'400'000;

struct Person {
  const char* name;
  const char* address;
};
constexpr std::array<Person, 12> kPeople = {{{"Anna Weiß", "anna.weiss@nord.example"},
                                             {"Bob Miller", "bob@works.example"},
                                             {"Çağla Öztürk", "cagla@deniz.example"},
                                             {"Zoë Núñez", "zoe.nunez@sur.example"},
                                             {"山田 太郎", "taro.yamada@higashi.example"},
                                             {"Пётр Ильин", "petr@sever.example"},
                                             {"Field, Nora", "nora.field@works.example"},
                                             {"Jürgen Groß", "juergen@nord.example"},
                                             {"Eve \"Quick\" Brown", "eve@works.example"},
                                             {"محمد علي", "m.ali@sharq.example"},
                                             {"Łukasz Żak", "lukasz@wschod.example"},
                                             {"Service Desk", "desk@works.example"}}};
constexpr std::array<const char*, 14> kTopics = {
    "Quarterly figures", "Grüße aus Köln",        "Lunch on Thursday?",    "会議の資料について",
    "Отчёт за неделю",   "Minutes of the review", "Réunion déplacée",      "Invoice 4711 & reminder",
    "Holiday plans 🏖",  "Server maintenance",    "Prüfbericht <Entwurf>", "Contract, second draft",
    "Zażółć gęślą jaźń", "Weekly digest"};
constexpr std::array<const char*, 30> kWords = {
    "the",   "report", "meeting",  "we",      "should", "send", "before", "Friday", "für",    "größer",
    "naïve", "plan",   "customer", "и",       "данные", "次の", "会議",   "number", "change", "please",
    "agree", "with",   "project",  "handset", "over",   "a",    "long",   "winter", "déjà",   "night"};
constexpr std::array<const char*, 6> kFiles = {"agenda.pdf", "Übersicht 2026.xlsx", "photo.jpg", "notes.txt",
                                               "図面.png",   "archive.zip"};
constexpr std::array<const char*, 6> kFileTypes = {
    "application/pdf", "application/vnd.ms-excel", "image/jpeg", "text/plain", "image/png", "application/zip"};

// Words, lines and paragraphs of exactly `bytes` bytes; a cut never splits a character.
std::string words(Random& random, std::size_t bytes, const char* line_end, const char* paragraph_end) {
  std::string out;
  out.reserve(bytes + 32);
  std::size_t in_line = 0;
  while (out.size() < bytes) {
    out += random.pick(kWords);
    if (++in_line >= 8 + random.below(6)) {
      out += random.chance(25) ? paragraph_end : line_end;
      in_line = 0;
    } else {
      out += ' ';
    }
  }
  out.resize(utf8_prefix(out, bytes).size());
  out.append(bytes - out.size(), '.');
  return out;
}

std::string html_document(Random& random, std::size_t bytes) {
  constexpr std::string_view kHead = "<html><head><meta charset=\"utf-8\"></head><body><p>";
  constexpr std::string_view kTail = "</p></body></html>";
  const std::size_t frame = kHead.size() + kTail.size();
  if (bytes <= frame + 16) return words(random, bytes, " ", " ");
  std::string text = words(random, bytes - frame, " \r\n", ".</p>\r\n<p>");
  // A cut inside a tag at the very end would leave half a tag: make it plain full stops.
  const std::size_t open = text.rfind('<');
  if (open != std::string::npos && text.find('>', open) == std::string::npos) {
    for (std::size_t i = open; i < text.size(); ++i) text[i] = '.';
  }
  return std::string(kHead) + text + std::string(kTail);
}

std::size_t natural_size(Random& random) {
  const std::uint64_t kind = random.below(10);
  if (kind < 5) return 200 + random.below(1200);
  if (kind < 9) return 1500 + random.below(7000);
  return 12'000 + random.below(40'000);
}

std::string opaque_id(Random& random, std::size_t size) {
  std::string id;
  for (std::size_t i = 0; i < size; ++i) id += static_cast<char>(random.below(256));
  return id;
}

}  // namespace

std::string text_of(const Content& content, bool html) {
  if (content.seed == 0) return content.data;
  Random random(content.seed);
  return html ? html_document(random, content.generated_bytes)
              : words(random, content.generated_bytes, "\r\n", "\r\n\r\n");
}

std::string bytes_of(const Attachment& attachment) {
  if (attachment.content.seed == 0) return attachment.content.data;
  Random random(attachment.content.seed);
  std::string bytes;
  while (bytes.size() < attachment.content.generated_bytes) {
    const std::uint64_t word = random.next();
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  bytes.resize(attachment.content.generated_bytes);
  return bytes;
}

std::string mailbox_text(const std::string& name, const std::string& address) {
  std::string quoted;
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return "\"" + quoted + "\" <" + address + ">";
}

std::string name_of(const std::string& email) {
  std::string name = email.substr(0, email.find('@'));
  bool start = true;
  for (char& c : name) {
    if (c == '.' || c == '_' || c == '-') c = ' ';
    if (start) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    start = c == ' ';
  }
  return name;
}

Item plain_mail(const std::string& from, const std::string& to, const std::string& subject, const std::string& text,
                std::int64_t received_ms) {
  Item item;
  item.class_name = "Email";
  item.received_ms = received_ms;
  item.body_type = 1;
  item.body.data = text;
  Random random(hash_text(from + to + subject) ^ static_cast<std::uint64_t>(received_ms));
  item.properties = {Node(em::kTo, to),
                     Node(em::kFrom, from),
                     Node(em::kSubject, subject),
                     Node(em::kDateReceived, iso_time(received_ms)),
                     Node(em::kDisplayTo, name_of(to)),
                     Node(em::kThreadTopic, subject),
                     Node(em::kImportance, 1),
                     Node(em::kRead, 0)};
  item.properties.emplace_back(em::kMessageClass, "IPM.Note");
  item.properties.emplace_back(em::kInternetCPID, "65001");
  item.properties.emplace_back(em::kFlag);
  item.properties.emplace_back(em::kContentClass, "urn:content-classes:message");
  Node conversation(em2::kConversationId, opaque_id(random, 16));
  conversation.opaque = true;
  item.properties.push_back(std::move(conversation));
  Node index(em2::kConversationIndex, opaque_id(random, 5));
  index.opaque = true;
  item.properties.push_back(std::move(index));
  return item;
}

Item generate_mail(Random& random, const std::string& email, std::int64_t received_ms, std::size_t body_bytes) {
  const Person& sender = random.pick(kPeople);
  std::string subject = random.pick(kTopics);
  if (random.chance(30)) subject = "Re: " + subject;
  subject += " #" + std::to_string(1 + random.below(9999));
  Item item = plain_mail(mailbox_text(sender.name, sender.address), mailbox_text(name_of(email), email), subject, "",
                         received_ms);
  if (random.chance(25)) {
    const Person& other = random.pick(kPeople);
    item.set(Node(em::kCc, mailbox_text(other.name, other.address)));
  }
  item.set(Node(em::kImportance, random.chance(10) ? 2 : random.chance(5) ? 0 : 1));
  item.set(Node(em::kRead, random.chance(60) ? 1 : 0));
  item.set(Node(em2::kSender, mailbox_text(sender.name, sender.address)));
  if (random.chance(10)) {
    Node flag(em::kFlag);
    flag.add(em::kStatus, 2);
    flag.add(em::kFlagType, "Flag for follow up");
    item.set(std::move(flag));
  }
  if (random.chance(15)) {
    Node categories(em::kCategories);
    categories.add(em::kCategory, random.chance(50) ? "Projekt Süd" : "Private");
    item.set(std::move(categories));
  }
  item.body_type = random.chance(50) ? 2 : 1;
  item.body.seed = random.next() | 1;
  item.body.generated_bytes = body_bytes != 0 ? body_bytes : natural_size(random);
  if (random.chance(20)) {
    const std::uint64_t count = 1 + random.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t kind = static_cast<std::size_t>(random.below(kFiles.size()));
      Attachment attachment;
      attachment.name = kFiles[kind];
      attachment.content_type = kFileTypes[kind];
      attachment.content.seed = random.next() | 1;
      attachment.content.generated_bytes = 500 + random.below(40'000);
      item.attachments.push_back(std::move(attachment));
    }
  }
  return item;
}

Item generate_sms(Random& random, std::int64_t received_ms) {
  Item item;
  item.class_name = "SMS";
  item.received_ms = received_ms;
  const std::string number = "+49170" + std::to_string(1'000'000 + random.below(9'000'000));
  item.properties = {Node(em::kTo, "\"Me\" [MOBILE:+491711234567]"),
                     Node(em::kFrom, "\"" + std::string(random.pick(kPeople).name) + "\" [MOBILE:" + number + "]"),
                     Node(em::kDateReceived, iso_time(received_ms)),
                     Node(em::kImportance, 1),
                     Node(em::kRead, 0),
                     Node(em::kInternetCPID, "65001")};
  item.body_type = 1;
  item.body.data = words(random, 40 + static_cast<std::size_t>(random.below(100)), " ", " ");
  return item;
}

Item plain_text(const std::string& to, const std::string& words, std::int64_t received_ms) {
  Item item;
  item.class_name = "SMS";
  item.received_ms = received_ms;
  item.properties = {Node(em::kTo, "\"" + to + "\" [MOBILE:" + to + "]"),
                     Node(em::kDateReceived, iso_time(received_ms)), Node(em::kImportance, 1), Node(em::kRead, 1),
                     Node(em::kInternetCPID, "65001")};
  item.body_type = 1;
  item.body.data = words;
  return item;
}

Item generate_event(Random& random, std::int64_t around_ms, int number) {
  Item item;
  item.class_name = "Calendar";
  const std::int64_t day = around_ms / kDay * kDay + static_cast<std::int64_t>(random.below(60)) * kDay - 30 * kDay;
  const std::int64_t start = day + static_cast<std::int64_t>(8 + random.below(9)) * 3'600'000;
  item.received_ms = start;
  item.properties = {Node(cal::kTimezone, to_base64(std::string(172, '\0'))),
                     Node(cal::kAllDayEvent, 0),
                     Node(cal::kStartTime, compact_time(start)),
                     Node(cal::kEndTime, compact_time(start + 3'600'000)),
                     Node(cal::kDtStamp, compact_time(around_ms)),
                     Node(cal::kSubject, std::string(random.pick(kTopics)) + " " + std::to_string(number)),
                     Node(cal::kUID, "event-" + std::to_string(random.next())),
                     Node(cal::kLocation, random.chance(50) ? "Raum Süd" : "Room 4"),
                     Node(cal::kBusyStatus, 2),
                     Node(cal::kSensitivity, 0),
                     Node(cal::kMeetingStatus, 0)};
  if (random.chance(50)) item.properties.emplace_back(cal::kReminder, 15);
  if (random.chance(20)) {
    Node recurrence(cal::kRecurrence);
    recurrence.add(cal::kType, 1);
    recurrence.add(cal::kInterval, 1);
    recurrence.add(cal::kDayOfWeek, 1 << ((start / kDay + 4) % 7));
    item.properties.push_back(std::move(recurrence));
  }
  item.body_type = 1;
  item.body.data = words(random, 60, "\r\n", "\r\n");
  return item;
}

Item generate_contact(Random& random, int number) {
  Item item;
  item.class_name = "Contacts";
  const Person& person = random.pick(kPeople);
  const std::string name = person.name;
  const std::size_t space = name.rfind(' ');
  const std::string last = space == std::string::npos ? name : name.substr(space + 1);
  item.properties = {Node(con::kFirstName, name.substr(0, space)),
                     Node(con::kLastName, last),
                     Node(con::kFileAs, last + " " + std::to_string(number)),
                     Node(con::kEmail1Address, mailbox_text(name, person.address)),
                     Node(con::kMobilePhoneNumber, "+49 171 " + std::to_string(1'000'000 + random.below(9'000'000))),
                     Node(con::kCompanyName, "Works & Sons")};
  item.body_type = 1;
  item.body.data = words(random, 40, " ", " ");
  return item;
}

Item generate_task(Random& random, std::int64_t around_ms, int number) {
  Item item;
  item.class_name = "Tasks";
  const std::int64_t due = around_ms / kDay * kDay + static_cast<std::int64_t>(random.below(20)) * kDay;
  item.received_ms = due;
  const bool complete = random.chance(25);
  item.properties = {Node(tsk::kSubject, std::string(random.pick(kTopics)) + " " + std::to_string(number)),
                     Node(tsk::kImportance, 1),
                     Node(tsk::kUtcDueDate, iso_time(due)),
                     Node(tsk::kDueDate, iso_time(due)),
                     Node(tsk::kComplete, complete ? 1 : 0),
                     Node(tsk::kSensitivity, 0),
                     Node(tsk::kReminderSet, 0)};
  if (complete) item.properties.emplace_back(tsk::kDateCompleted, iso_time(around_ms));
  item.body_type = 1;
  item.body.data = words(random, 50, " ", " ");
  return item;
}

Item generate_note(Random& random, std::int64_t around_ms, int number) {
  Item item;
  item.class_name = "Notes";
  item.received_ms = around_ms;
  item.properties = {Node(wbxml::notes::kSubject, std::string(random.pick(kTopics)) + " " + std::to_string(number)),
                     Node(wbxml::notes::kMessageClass, "IPM.StickyNote"),
                     Node(wbxml::notes::kLastModifiedDate, compact_time(around_ms))};
  item.body_type = 1;
  item.body.data = words(random, 120, "\r\n", "\r\n");
  return item;
}

}  // namespace exchange
