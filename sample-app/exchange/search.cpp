// Search (MS-ASCMD 2.2.1.16) in the address list, which is everybody who has an account here, and in the mailbox; and
// ResolveRecipients (2.2.1.15) with who is free when.
#include <algorithm>
#include <functional>

#include "exchange/item_view.h"
#include "exchange/mail_generator.h"
#include "exchange/sync_filter.h"
#include "exchange/sync_request.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace em = wbxml::email;
namespace gal = wbxml::gal;
namespace rr = wbxml::resolve_recipients;
namespace se = wbxml::search;

enum Status : int { kSuccess = 1, kInvalid = 2, kTooComplex = 8, kEndOfRange = 12 };
constexpr std::int64_t kRowsMax = 100, kSlotMs = 1'800'000, kDaysMax = 42;

struct Range {
  std::int64_t first = 0, last = kRowsMax - 1;
};

Outcome say(int status, int store_status = 0) {
  Node answer(se::kSearch);
  answer.add(se::kStatus, status);
  if (store_status != 0) answer.add(se::kResponse).add(se::kStore).add(se::kStatus, store_status);
  return Outcome::answer(std::move(answer));
}

std::optional<Range> range_of(const Node* options) {
  const Node* const range = options == nullptr ? nullptr : options->find(se::kRange);
  if (range == nullptr) return Range{};
  const std::size_t dash = range->text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto first = parse_number(std::string_view(range->text).substr(0, dash)),
             last = parse_number(std::string_view(range->text).substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& word : split(to_lower(text), ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

/// Every word begins a part of the name or the address.
bool is_called(const std::string& email, const std::vector<std::string>& words) {
  const std::string name = to_lower(name_of(email)) + ' ' + to_lower(email);
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    for (std::size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1))
      if (at == 0 || name[at - 1] == ' ') return true;
    return false;
  });
}

std::vector<std::string> people(const Call& call, std::string_view query) {
  std::vector<std::string> found;
  const std::vector<std::string> words = words_of(query);
  if (words.empty()) return found;
  for (const auto& [key, account] : call.state->accounts)
    if (is_called(account.user.email, words)) found.push_back(account.user.email);
  return found;
}

Node person(const std::string& email) {
  Node properties(se::kProperties);
  properties.add(gal::kDisplayName, name_of(email));
  properties.add(gal::kPhone, "+49 30 " + std::to_string(4'000'000 + email.size()));
  properties.add(gal::kOffice, "4.11");
  properties.add(gal::kTitle, "Engineer");
  properties.add(gal::kCompany, "Example");
  properties.add(gal::kAlias, email.substr(0, email.find('@')));
  properties.add(gal::kEmailAddress, email);
  return properties;
}

bool is_below(const Mailbox& mailbox, const Folder* folder, std::string_view top) {
  for (int depth = 0; folder != nullptr && depth < 64; ++depth) {
    if (folder->id == top) return true;
    folder = mailbox.folder(folder->parent);
  }
  return false;
}

std::vector<const Item*> mails(const Call& call, const Node& query, bool deep) {
  const Mailbox& mailbox = call.account->mailbox;
  const std::vector<std::string> words = words_of(query.value(se::kFreeText));
  const std::string top(query.value(as::kCollectionId));
  std::vector<const Item*> found;
  for (const auto& [id, folder] : mailbox.folders()) {
    if (!top.empty() && (deep ? !is_below(mailbox, &folder, top) : id != top)) continue;
    for (const Item* const item : visible_items(*call.account, folder)) {
      if (item->class_name != "Email") continue;
      const std::string body = item->body_type == 2 ? html_to_text(native_body(*item)) : native_body(*item);
      std::string all = body;
      for (const Tag tag : {em::kSubject, em::kFrom, em::kTo, em::kCc}) all += ' ' + std::string(item->value(tag));
      all = to_lower(all);
      const bool fits = std::all_of(words.begin(), words.end(),
                                    [&](const std::string& word) { return all.find(word) != std::string::npos; });
      if (fits) found.push_back(item);
    }
  }
  std::sort(found.begin(), found.end(), [](const Item* left, const Item* right) {
    return std::pair(left->received_ms, left->revision) > std::pair(right->received_ms, right->revision);
  });
  return found;
}

Outcome rows(const Range& range, std::size_t total, const std::function<void(Node&, std::size_t)>& put) {
  Node answer(se::kSearch);
  answer.add(se::kStatus, kSuccess);
  Node& store = answer.add(se::kResponse).add(se::kStore);
  store.add(se::kStatus, kSuccess);
  if (range.first >= static_cast<std::int64_t>(total)) {
    store.add(se::kResult);
    return Outcome::answer(std::move(answer));
  }
  const std::int64_t last = std::min(range.last, static_cast<std::int64_t>(total) - 1);
  for (std::int64_t i = range.first; i <= last; ++i) put(store.add(se::kResult), static_cast<std::size_t>(i));
  store.add(se::kRange, std::to_string(range.first) + "-" + std::to_string(last));
  store.add(se::kTotal, static_cast<std::int64_t>(total));
  return Outcome::answer(std::move(answer));
}

Outcome search_people(Call& call, const Node& store, const Range& range) {
  const std::vector<std::string> found = people(call, store.value(se::kQuery));
  return rows(range, found.size(), [&](Node& result, std::size_t i) { result.add(person(found[i])); });
}

Outcome search_mails(Call& call, const Node& store, const Range& range) {
  if (call.version < 120) {
    call.violation("searches the mailbox at " + version_text(call.version));
    return say(kSuccess, kInvalid);
  }
  const Node* const query = store.find(se::kQuery)->find(se::kAnd);
  if (query == nullptr || query->value(se::kFreeText).empty() || query->value(as::kClass) != "Email") {
    call.violation("searches the mailbox without And, Class and FreeText");
    return say(kSuccess, kTooComplex);
  }
  const Node* const options = store.find(se::kOptions);
  const std::vector<const Item*> found = mails(call, *query, options != nullptr && options->has(se::kDeepTraversal));
  ViewOptions view;
  if (options != nullptr) view = read_options({*options}).front().view;
  return rows(range, found.size(), [&](Node& result, std::size_t i) {
    result.add(as::kClass, "Email");
    result.add(se::kLongId, "RgAAAA" + to_base64(found[i]->id));
    result.add(as::kCollectionId, found[i]->folder);
    result.add(item_properties(*found[i], se::kProperties, view, call.version));
  });
}

/// A digit for each half hour; a series counts with its first occurrence.
std::string slots_of(const Account& account, std::int64_t start_ms, std::int64_t end_ms) {
  std::string slots(static_cast<std::size_t>((end_ms - start_ms + kSlotMs - 1) / kSlotMs), '0');
  for (const auto& [id, folder] : account.mailbox.folders()) {
    for (const Item* const item : visible_items(account, folder)) {
      if (item->class_name != "Calendar") continue;
      const auto from = time_of(item->value(cal::kStartTime)), to = time_of(item->value(cal::kEndTime));
      const std::string_view busy = item->value(cal::kBusyStatus);
      const char kind = busy.empty() ? '2' : busy.front();
      if (!from || !to || kind < '0' || kind > '3') continue;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::int64_t at = start_ms + static_cast<std::int64_t>(i) * kSlotMs;
        if (*from<at + kSlotMs&& * to> at) slots[i] = std::max(slots[i], kind);
      }
    }
  }
  return slots;
}

}  // namespace

Outcome run_search(Call& call) {
  const Node* const store = call.document->find(se::kStore);
  const Node* const query = store == nullptr ? nullptr : store->find(se::kQuery);
  if (store == nullptr || query == nullptr) {
    call.violation("searches without Store, Name or Query");
    return say(kInvalid);
  }
  const auto range = range_of(store->find(se::kOptions));
  if (!range) {
    call.violation("has a Range that is none");
    return say(kSuccess, kInvalid);
  }
  if (range->last >= kRowsMax) return say(kSuccess, kEndOfRange);
  const std::string_view name = store->value(se::kName);
  if (name == "GAL") return search_people(call, *store, *range);
  if (name == "Mailbox") return search_mails(call, *store, *range);
  call.violation("searches \"" + std::string(name) + "\"");
  return say(kSuccess, kInvalid);
}

Outcome run_resolve_recipients(Call& call) {
  enum Found : int { kResolved = 1, kAmbiguous = 2, kNobody = 4, kProtocol = 5 };
  Node answer(rr::kResolveRecipients);
  const Node* const options = call.document->find(rr::kOptions);
  const Node* const availability = options == nullptr ? nullptr : options->find(rr::kAvailability);
  std::int64_t start_ms = 0, end_ms = 0;
  if (availability != nullptr) {
    const auto from = time_of(availability->value(rr::kStartTime)), to = time_of(availability->value(rr::kEndTime));
    if (call.version < 140 || !from || !to || *to <= *from || *to - *from > kDaysMax * 86'400'000) {
      call.violation("asks who is free in a time that is none");
      answer.add(rr::kStatus, kProtocol);
      return Outcome::answer(std::move(answer));
    }
    start_ms = *from;
    end_ms = *to;
  }
  answer.add(rr::kStatus, kSuccess);
  for (const Node& to : call.document->children) {
    if (to.tag != rr::kTo) continue;
    const std::vector<std::string> found = people(call, to.text);
    Node& response = answer.add(rr::kResponse);
    response.add(rr::kTo, to.text);
    response.add(rr::kStatus, found.empty() ? kNobody : found.size() == 1 ? kResolved : kAmbiguous);
    if (!found.empty()) response.add(rr::kRecipientCount, static_cast<std::int64_t>(found.size()));
    for (const std::string& email : found) {
      Node& recipient = response.add(rr::kRecipient);
      recipient.add(rr::kType, 1);
      recipient.add(rr::kDisplayName, name_of(email));
      recipient.add(rr::kEmailAddress, email);
      if (availability == nullptr) continue;
      Node& shown = recipient.add(rr::kAvailability);
      shown.add(rr::kStatus, kSuccess);
      shown.add(rr::kMergedFreeBusy, slots_of(call.state->account(email), start_ms, end_ms));
    }
  }
  return Outcome::answer(std::move(answer));
}

}  // namespace exchange
