/// search --server, people, free-busy, out-of-office: what the server is asked and nothing here keeps.
#include <array>
#include <atomic>
#include <map>

#include "handset/errand.h"
#include "handset/item_form.h"
#include "handset/text.h"
#include "handset/zone.h"

namespace handset {
namespace {

using handsync::Engine;
using handsync::Inquiry;
using handsync::InquiryRow;
using handsync::Instant;

constexpr std::int64_t kSlotMs = 1'800'000;
constexpr std::uint32_t kPeopleShown = 20;
constexpr std::size_t kNameColumns = 28, kTimeColumns = 17;

struct Row {
  std::array<std::string, InquiryRow::kFields> texts;
  bool cut = false;
  const std::string& operator[](InquiryRow::Field field) const { return texts[field]; }
};

/// Filled on the phone's thread, read by the command's once it has ended.
class Answer final : public handsync::InquirySink {
 public:
  std::vector<Row> rows;
  std::uint32_t total = 0;
  handsync::Error error{};
  bool ended() const { return ended_; }

  void begin() override { rows.clear(); }
  void row(const InquiryRow& given) override {
    Row& row = rows.emplace_back();
    for (std::size_t i = 0; i < row.texts.size(); ++i)
      row.texts[i] = std::string(given[static_cast<InquiryRow::Field>(i)]);
    row.cut = given.cut();
  }
  void end(handsync::Error outcome, std::uint32_t of_all) override {
    error = outcome;
    total = of_all;
    ended_ = true;
  }

 private:
  std::atomic<bool> ended_{false};
};

/// Asks, and throws what went wrong.
void ask(Session& session, handsync::AccountId account, Inquiry& inquiry, Answer& answer) {
  inquiry.sink = &answer;
  Answers answers;
  ErrandWork work;
  work.begin = [&](Engine& engine, Instant now) { return engine.inquire(account, inquiry, now); };
  work.ended = [&] { return answer.ended(); };
  work.doing = "asking the server";
  run_errand(session, account, answers, work);
  if (!answer.error) return;
  if (answers.refusal) throw *answers.refusal;
  const handsync::AccountView view = account_view(session, account);
  throw view.error == answer.error ? failure_of_account(view) : failure_of(answer.error);
}

std::string words_of(const CommandLine& line) {
  std::string words;
  for (const std::string& word : line.words) words += (words.empty() ? "" : " ") + word;
  if (words.size() > handsync::kInquiryWordsBytesMax) throw usage("that is too long to be asked", "use fewer words");
  return words;
}

/// The words of a person's line, those that are there.
std::string joined(std::initializer_list<std::string> parts) {
  std::string all;
  for (const std::string& part : parts) {
    if (!part.empty()) all += (all.empty() ? "" : ", ") + printable(part);
  }
  return all;
}

/// people --local: without asking anybody.
int complete_address(Session& session, const std::string& typed) {
  const std::uint32_t limit = session.line.limit != 0 ? session.line.limit : kPeopleShown;
  std::uint32_t shown = 0;
  for (const handsync::AccountView& view : accounts(session)) {
    if (shown == limit) break;
    const OpenReader reader(session, view.id);
    each_row<handsync::PersonRow>(handsync::open_people(*reader, heap(), typed), [&](const handsync::PersonRow& row) {
      if (session.io.stopped() == Stop::kUser) throw Stopped{};
      if (session.line.json) {
        session.say(Json()
                        .set("name", row.name)
                        .set("email", row.address)
                        .set("recent", row.recent)
                        .set("account", address(view)));
      } else {
        session.say(padded(printable(row.name), kNameColumns) + "  " + printable(row.address));
      }
      return ++shown != limit;
    });
  }
  if (shown == 0 && !session.line.json) session.say("nobody here is called that");
  return kDone;
}

}  // namespace

int search_at_server(Session& session) {
  const CommandLine& line = session.line;
  const std::string words = words_of(line);
  std::vector<std::pair<handsync::AccountId, handsync::FolderId>> places;
  if (!line.folders.empty()) {
    const Folder folder = find_folder(session, line.folders.front());
    places.emplace_back(folder.account, folder.id);
  } else {
    for (const handsync::AccountView& view : accounts(session)) places.emplace_back(view.id, handsync::FolderId{});
  }
  const Instant now = session.phone.call([](Engine&, Instant at) { return at; });
  for (const auto& [account, folder] : places) {
    std::map<std::string, std::string> paths;
    for (const Folder& each : folders(session, account)) paths[each.server_id] = each.path;
    Inquiry inquiry;
    inquiry.what = Inquiry::What::kMails;
    inquiry.words = words;
    inquiry.folder = folder;
    if (line.limit != 0) inquiry.count = std::min(line.limit, handsync::kInquiryRowsMax);
    if (line.json && line.limit == 0) inquiry.count = handsync::kInquiryRowsMax;
    Answer answer;
    ask(session, account, inquiry, answer);
    for (const Row& row : answer.rows) {
      const auto received = typed_time(row[InquiryRow::kReceived].substr(0, 19) + "Z", zone_of_offset(0));
      const std::int64_t received_ms = received ? received->utc_s * 1000 : 0;
      if (line.json) {
        session.say(Json()
                        .set("class", "Email")
                        .set("subject", row[InquiryRow::kSubject])
                        .set("from", row[InquiryRow::kFrom])
                        .set("to", row[InquiryRow::kTo])
                        .set("received", iso_utc(received_ms))
                        .set("read", row[InquiryRow::kRead] == "1")
                        .set("preview", row[InquiryRow::kPreview])
                        .set("folder", paths[row[InquiryRow::kFolder]])
                        .set("long_id", row[InquiryRow::kLongId])
                        .set("account", address(account_view(session, account))));
      } else {
        session.say(padded(local_time(received_ms, now.wall_ms), kTimeColumns) + "  " +
                    padded(printable(row[InquiryRow::kFrom]), kNameColumns) + "  " +
                    printable(row[InquiryRow::kSubject]) + "  (" + printable(paths[row[InquiryRow::kFolder]]) + ")");
      }
    }
    if (!line.json && answer.rows.empty()) session.say("the server finds nothing");
    if (!line.json && answer.total > answer.rows.size())
      session.say("(" + std::to_string(answer.total) + " in all; the newest " + std::to_string(answer.rows.size()) +
                  " are shown)");
  }
  return kDone;
}

int show_people(Session& session) {
  const std::string words = words_of(session.line);
  if (words.empty()) throw usage("there is no word to look for", "for example `handset people anna`");
  if (session.line.local) return complete_address(session, words);
  std::size_t found = 0;
  for (const handsync::AccountView& view : accounts(session)) {
    Inquiry inquiry;
    inquiry.what = Inquiry::What::kPeople;
    inquiry.words = words;
    inquiry.count = session.line.limit != 0 ? session.line.limit : inquiry.count;
    Answer answer;
    ask(session, view.id, inquiry, answer);
    found += answer.rows.size();
    for (const Row& row : answer.rows) {
      if (session.line.json) {
        session.say(Json()
                        .set("name", row[InquiryRow::kName])
                        .set("email", row[InquiryRow::kEmail])
                        .set("phone", row[InquiryRow::kPhone])
                        .set("mobile", row[InquiryRow::kMobile])
                        .set("office", row[InquiryRow::kOffice])
                        .set("title", row[InquiryRow::kTitle])
                        .set("company", row[InquiryRow::kCompany])
                        .set("alias", row[InquiryRow::kAlias])
                        .set("account", address(view)));
      } else {
        session.say(padded(printable(row[InquiryRow::kName]), kNameColumns) + "  " +
                    joined({row[InquiryRow::kEmail], row[InquiryRow::kPhone], row[InquiryRow::kMobile],
                            row[InquiryRow::kTitle], row[InquiryRow::kCompany], row[InquiryRow::kOffice]}));
      }
    }
    if (!session.line.json && answer.total > answer.rows.size())
      session.say("(" + std::to_string(answer.total) + " in all; more words find fewer)");
  }
  if (found == 0 && !session.line.json) session.say("nobody is called that");
  return kDone;
}

int show_free_busy(Session& session) {
  static constexpr std::array kKinds = {"free", "tentative", "busy", "away", "not known"};
  const CommandLine& line = session.line;
  Inquiry inquiry;
  inquiry.what = Inquiry::What::kFreeBusy;
  const std::string words = words_of(line);
  if (words.empty()) throw usage("nobody is named", "give a name or an address");
  inquiry.words = words;
  inquiry.count = 10;
  inquiry.start_ms = option_time_ms(session, "--from", line.from, true);
  inquiry.end_ms = option_time_ms(session, "--to", line.to, true);
  if (inquiry.end_ms <= inquiry.start_ms) throw usage("--to is not after --from", "the time must have an end");
  const handsync::AccountView view = accounts(session).front();
  Answer answer;
  ask(session, view.id, inquiry, answer);
  const Instant now = session.phone.call([](Engine&, Instant at) { return at; });
  for (const Row& row : answer.rows) {
    const std::string& slots = row[InquiryRow::kSlots];
    std::vector<Json> spans;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < slots.size();) {
      std::size_t end = i;
      while (end < slots.size() && slots[end] == slots[i]) ++end;
      const std::size_t kind = slots[i] >= '0' && slots[i] <= '4' ? static_cast<std::size_t>(slots[i] - '0') : 4;
      const std::int64_t from = inquiry.start_ms + static_cast<std::int64_t>(i) * kSlotMs;
      const std::int64_t to = std::min(inquiry.end_ms, inquiry.start_ms + static_cast<std::int64_t>(end) * kSlotMs);
      spans.push_back(std::move(Json().set("from", iso_utc(from)).set("to", iso_utc(to)).set("state", kKinds[kind])));
      lines.push_back("  " + local_time(from, now.wall_ms) + " - " + local_time(to, now.wall_ms) + "  " + kKinds[kind]);
      i = end;
    }
    if (line.json) {
      session.say(Json()
                      .set("name", row[InquiryRow::kName])
                      .set("email", row[InquiryRow::kEmail])
                      .set("slots", slots)
                      .set("times", std::move(spans)));
      continue;
    }
    session.say(printable(row[InquiryRow::kName]) + " <" + printable(row[InquiryRow::kEmail]) + ">");
    if (lines.empty()) session.say("  the server does not say");
    for (const std::string& each : lines) session.say(each);
  }
  if (answer.rows.empty() && !line.json) session.say("nobody is called that");
  return kDone;
}

int show_absence(Session& session) {
  for (const handsync::AccountView& view : accounts(session)) {
    Inquiry inquiry;
    inquiry.what = Inquiry::What::kAbsence;
    Answer answer;
    ask(session, view.id, inquiry, answer);
    std::string state = "off", start, end;
    std::map<std::string, std::string> messages = {{"internal", ""}, {"known", ""}, {"unknown", ""}};
    bool cut = false;
    for (const Row& row : answer.rows) {
      const std::string& audience = row[InquiryRow::kAudience];
      if (audience.empty()) {
        const std::string& told = row[InquiryRow::kState];
        state = told == "1" ? "on" : told == "2" ? "scheduled" : "off";
        start = row[InquiryRow::kStart];
        end = row[InquiryRow::kEnd];
      } else if (row[InquiryRow::kEnabled] == "1") {
        messages[audience] = row[InquiryRow::kMessage];
        cut |= row.cut;
      }
    }
    if (session.line.json) {
      session.say(Json()
                      .set("account", address(view))
                      .set("state", state)
                      .set("start", start)
                      .set("end", end)
                      .set("internal", messages["internal"])
                      .set("external_known", messages["known"])
                      .set("external_unknown", messages["unknown"])
                      .set("cut", cut));
      continue;
    }
    session.say(printable(address(view)) + ": the automatic answer is " + state +
                (start.empty() ? "" : ", from " + printable(start) + " to " + printable(end)));
    static constexpr std::array<std::array<const char*, 2>, 3> kAudiences = {
        {{"internal", "in the organization"}, {"known", "others who are known"}, {"unknown", "anybody else"}}};
    for (const auto& [key, words] : kAudiences)
      if (!messages[key].empty()) session.say(std::string("to ") + words + ":\n" + printable_lines(messages[key]));
    if (cut) session.say("(there is more of it on the server)");
  }
  return kDone;
}

int set_absence(Session& session) {
  const CommandLine& line = session.line;
  Inquiry inquiry;
  inquiry.what = Inquiry::What::kSetAbsence;
  const bool times = !line.from.empty() || !line.to.empty();
  if (times && (line.from.empty() || line.to.empty()))
    throw usage("an absence has both --from and --to, or neither", "give the other one too");
  inquiry.state = !line.on ? 0 : times ? 2 : 1;
  if (line.on && line.message.empty()) throw usage("an automatic answer needs words", "give them with --message");
  if (!line.on && (times || !line.message.empty() || !line.outside.empty()))
    throw usage("`off` takes no times and no words", "`out-of-office set on` does");
  if (line.message.size() > handsync::kAbsenceMessageBytesMax ||
      line.outside.size() > handsync::kAbsenceMessageBytesMax)
    throw usage("the message is longer than 8 KB", "make it shorter");
  if (inquiry.state == 2) {
    inquiry.start_ms = option_time_ms(session, "--from", line.from, true);
    inquiry.end_ms = option_time_ms(session, "--to", line.to, true);
    if (inquiry.end_ms <= inquiry.start_ms) throw usage("--to is not after --from", "the time must have an end");
  }
  inquiry.message = line.message;
  inquiry.outside = line.outside;
  inquiry.known_only = line.known_only;
  const std::vector<handsync::AccountView> all = accounts(session);
  if (all.size() > 1) throw usage("there are several accounts", "choose one with --account");
  Answer answer;
  ask(session, all.front().id, inquiry, answer);
  if (session.line.json) {
    session.say(Json().set("account", address(all.front())).set("set", true));
  } else {
    session.say(std::string("the automatic answer is ") + (!line.on ? "off" : times ? "set for that time" : "on"));
  }
  return kDone;
}

}  // namespace handset
