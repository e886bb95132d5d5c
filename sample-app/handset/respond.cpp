/// respond ID accept/tentative/decline: answers an invitation.
#include "handset/item_form.h"
#include "handset/session.h"
#include "handset/text.h"
#include "handset/zone.h"

namespace handset {
namespace {

using handsync::Engine;
using handsync::Instant;
using handsync::MeetingAnswer;

struct Word {
  const char *word, *done;
  MeetingAnswer::Reply reply;
};
constexpr Word kWords[] = {{"accept", "accepted", MeetingAnswer::Reply::kAccept},
                           {"tentative", "accepted tentatively", MeetingAnswer::Reply::kTentative},
                           {"decline", "declined", MeetingAnswer::Reply::kDecline}};

const Word& word_of(const std::string& given) {
  for (const Word& each : kWords) {
    if (given == each.word) return each;
  }
  throw usage("`" + given + "` is no answer", "accept, tentative or decline");
}

std::string subject_of(Session& session, const Numbered& at, bool& event) {
  std::string subject;
  const OpenReader reader(session, at.account);
  handsync::Query query;
  query.item = static_cast<handsync::ItemId>(at.own);
  each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow& row) {
    subject = row.subject;
    event = row.kind == handsync::Class::kEvent;
    return false;
  });
  return subject;
}

}  // namespace

int respond_meeting(Session& session) {
  const CommandLine& line = session.line;
  const Word& word = word_of(line.mark);
  const Numbered at = find_item(session, line.number);
  bool event = false;
  const std::string subject = subject_of(session, at, event);
  MeetingAnswer answer;
  answer.reply = word.reply;
  answer.message = line.message;
  if (line.propose_start.empty() != line.propose_end.empty())
    throw usage("another time has a start and an end", "give --propose-start and --propose-end");
  if (!line.propose_start.empty()) {
    answer.propose_start_ms = option_time_ms(session, "--propose-start", line.propose_start);
    answer.propose_end_ms = option_time_ms(session, "--propose-end", line.propose_end);
    if (answer.propose_end_ms <= answer.propose_start_ms)
      throw usage("the proposed time ends before it begins", "look at --propose-start and --propose-end");
  }
  if (!line.only.empty()) {
    answer.one = true;
    // An invitation's mail has no dates of its series here: it takes the time itself.
    answer.original_ms = event ? chosen_occurrence(session, at) : option_time_ms(session, "--only", line.only);
  }
  const auto queued = session.phone.call([&](Engine& engine, Instant) {
    return engine.changes(at.account).respond(static_cast<handsync::ItemId>(at.own), answer);
  });
  if (!queued.ok()) throw failure_of(queued.error());
  return send_queued(session, at.account, queued.value(), subject, word.done);
}

}  // namespace handset
