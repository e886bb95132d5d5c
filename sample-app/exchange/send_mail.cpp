// SendMail, SmartReply, SmartForward (MS-ASCMD 2.2.1.17, 2.2.1.19, 2.2.1.20).
#include "exchange/send_mail.h"

#include <algorithm>

#include "exchange/item_view.h"
#include "exchange/mail_generator.h"
#include "exchange/meetings.h"
#include "exchange/mime.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace cm = wbxml::compose_mail;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;

constexpr std::size_t kClientIdMax = 40;
enum Status : int { kSchema = 103, kPreviouslySent = 118, kNoRecipient = 119, kItemNotFound = 150 };

struct Submission {
  std::string client_id, mime;
  bool save_in_sent = false, replace_mime = false;
  const Item* source = nullptr;
};

Outcome refuse(const Call& call, int status) {
  if (call.version < 140) return Outcome::refuse(500);
  return status_answer(call, status);
}

Item mail_of(const ParsedMail& parsed, const std::string& from, std::int64_t now_ms) {
  Item mail =
      plain_mail(mailbox_text(name_of(from), from), parsed.header("To"), parsed.header("Subject"), parsed.body, now_ms);
  if (const std::string cc = parsed.header("Cc"); !cc.empty()) mail.set(Node(em::kCc, cc));
  if (const std::string bcc = parsed.header("Bcc"); !bcc.empty()) mail.set(Node(em2::kBcc, bcc));
  if (const std::string reply_to = parsed.header("Reply-To"); !reply_to.empty()) mail.set(Node(em::kReplyTo, reply_to));
  if (const std::string importance = to_lower(parsed.header("Importance")); importance == "high")
    mail.set(Node(em::kImportance, 2));
  std::string names;
  for (const std::string& address : addresses_of(parsed.header("To")))
    names += (names.empty() ? "" : "; ") + name_of(address);
  mail.set(Node(em::kDisplayTo, names));
  mail.body_type = parsed.body_type;
  mail.attachments = parsed.attachments;
  mail.message_id = parsed.header("Message-ID");
  return mail;
}

void append_original(Item& mail, const Item& source, bool forward) {
  const std::string original = native_body(source);
  const std::string head = "From: " + std::string(source.value(em::kFrom)) +
                           "\r\nSubject: " + std::string(source.value(em::kSubject)) + "\r\n\r\n";
  if (mail.body_type == 2) {
    mail.body.data += "<hr>" + (source.body_type == 2 ? text_to_html(head) + original : text_to_html(head + original));
  } else {
    mail.body.data += "\r\n\r\n-----\r\n" + head + (source.body_type == 2 ? html_to_text(original) : original);
  }
  if (forward) mail.attachments.insert(mail.attachments.end(), source.attachments.begin(), source.attachments.end());
}

Outcome run_submission(Call& call, const Submission& submission, bool forward) {
  Account& account = *call.account;
  if (!submission.client_id.empty() && account.sent_client_ids.contains(submission.client_id)) {
    return refuse(call, kPreviouslySent);
  }
  const ParsedMail parsed = parse_mime(submission.mime);
  Item mail = mail_of(parsed, account.user.email, call.state->now_ms);
  if (addresses_of(parsed.header("To") + "," + parsed.header("Cc") + "," + parsed.header("Bcc")).empty()) {
    return refuse(call, kNoRecipient);
  }
  if (submission.source != nullptr) {
    if (!submission.replace_mime) append_original(mail, *submission.source, forward);
    Item* const original = account.mailbox.item(submission.source->id);
    if (original == nullptr) return refuse(call, kItemNotFound);
    original->set(Node(em2::kLastVerbExecuted, forward ? 3 : 1));
    original->set(Node(em2::kLastVerbExecutionTime, iso_time(call.state->now_ms)));
    account.mailbox.touch_content(*original);
  }
  std::erase_if(mail.attachments, [&](const Attachment& attachment) {
    return to_lower(attachment.content_type) == "text/calendar" && note_reply(*call.state, attachment.content.data);
  });
  submit(*call.state, account, std::move(mail), submission.save_in_sent);
  ++account.sent_client_ids[submission.client_id.empty() ? parsed.header("Message-ID") : submission.client_id];
  return Outcome::empty();
}

// The part SendMail and SmartX share; nothing when the request is well-formed.
std::optional<Outcome> read_submission(Call& call, Submission& submission) {
  if (call.version < 140) {
    submission.mime = call.raw_body;
    submission.save_in_sent = call.query.save_in_sent;
    return std::nullopt;
  }
  const Node& request = *call.document;
  submission.client_id = request.value(cm::kClientId);
  submission.save_in_sent = request.has(cm::kSaveInSentItems);
  submission.replace_mime = request.has(cm::kReplaceMime);
  submission.mime = request.value(cm::kMime);
  if (submission.client_id.empty() || submission.client_id.size() > kClientIdMax || submission.mime.empty()) {
    call.violation("has no Mime, or no ClientId of at most 40 characters");
    return status_answer(call, kSchema);
  }
  if (!request.find(cm::kMime)->opaque) {
    call.violation("sends Mime as text instead of opaque data");
    return status_answer(call, kSchema);
  }
  for (const Node& child : request.children) {
    if (wbxml::page_of(child.tag) != wbxml::page_of(cm::kMime) && child.tag != wbxml::rights_management::kTemplateID) {
      call.violation("has " + tag_text(child.tag) + ", which does not belong there");
      return status_answer(call, kSchema);
    }
  }
  return std::nullopt;
}

}  // namespace

std::size_t submit(State& state, Account& from, Item mail, bool save_in_sent) {
  std::vector<std::string> recipients;
  for (const Tag tag : {em::kTo, em::kCc, em2::kBcc}) {
    for (const std::string& address : addresses_of(mail.value(tag))) {
      const std::string lower = to_lower(address);
      if (std::find(recipients.begin(), recipients.end(), lower) == recipients.end()) recipients.push_back(lower);
    }
  }
  for (const Tag tag : {em::kTo, em::kCc, em2::kBcc}) {
    for (const auto& [name, address] : mailboxes_of(mail.value(tag))) from.mailbox.note_recipient(name, address);
  }
  if (save_in_sent) {
    Item copy = mail;
    copy.set(Node(em::kRead, 1));
    from.mailbox.join_conversation(copy);
    from.mailbox.add(from.mailbox.default_folder(FolderType::kSent), std::move(copy));
  }
  mail.remove(em2::kBcc);
  mail.set(Node(em::kRead, 0));
  std::size_t delivered = 0;
  for (const std::string& recipient : recipients) {
    const auto account = state.accounts.find(recipient);
    if (account == state.accounts.end()) continue;
    state.deliver(account->second, mail);
    ++delivered;
  }
  return delivered;
}

Outcome run_send_mail(Call& call) {
  Submission submission;
  if (auto refusal = read_submission(call, submission)) return *refusal;
  return run_submission(call, submission, false);
}

Outcome run_smart_mail(Call& call) {
  Submission submission;
  if (auto refusal = read_submission(call, submission)) return *refusal;
  std::string id = call.query.item_id;
  if (call.version >= 140) {
    const Node* const source = call.document->find(cm::kSource);
    if (source == nullptr || source->has(cm::kFolderId) != source->has(cm::kItemId)) {
      call.violation("has no Source of FolderId and ItemId");
      return status_answer(call, kSchema);
    }
    id = source->value(cm::kItemId);
  }
  submission.source = visible_item(*call.account, id);
  if (submission.source == nullptr) return refuse(call, kItemNotFound);
  return run_submission(call, submission, call.query.command == "SmartForward");
}

}  // namespace exchange
