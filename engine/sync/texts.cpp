/// Text messages (MS-ASMS): what the modem tells goes up, what the server puts into its Outbox is handed to the modem,
/// once. What lasts of it: replica/texts.cpp.
#include "sync/core.h"
#include "sync/random_id.h"
#include "wbxml/utf8.h"

namespace handsync::sync {
namespace {

using Number = FixedText<hal::kPhoneNumberBytesMax>;
constexpr Text kPhone = "[MOBILE:";

/// Appends to a text of fixed size, which has room for what its callers put there.
template <std::size_t kMax>
void append(FixedText<kMax>& to, Text more) {
  char room[kMax];
  std::size_t size = 0;
  for (const Text part : {to.view(), more})
    for (const char c : part)
      if (size < sizeof room) room[size++] = c;
  (void)to.assign(Text(room, size));
}

/// A name and a number, as Exchange writes those who have no mailbox.
template <std::size_t kMax>
void append_address(FixedText<kMax>& to, Text number) {
  if (number.empty()) return;
  if (!to.empty()) append(to, "; ");
  for (const Text part : {Text("\""), number, Text("\" "), kPhone, number, Text("]")}) append(to, part);
}

/// What a modem dials: digits and + * #, without what people write between them. False: it is no number.
bool clean(Text given, Number& number) {
  char room[hal::kPhoneNumberBytesMax];
  std::size_t size = 0;
  for (const char c : given) {
    const bool between = c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
    const bool dialled = (c >= '0' && c <= '9') || c == '+' || c == '*' || c == '#';
    if (!between && !dialled) return false;
    if (between) continue;
    if (size == sizeof room) return false;
    room[size++] = c;
  }
  return size != 0 && number.assign(Text(room, size));
}

/// The next number of an address list, which is cut off it. False: what comes next is none. An empty list: no more.
bool next_number(Text& list, Number& number) {
  std::size_t end = list.find(';');
  if (end == Text::npos) end = list.size();
  Text one = list.substr(0, end);
  list = list.substr(end < list.size() ? end + 1 : end);
  if (const std::size_t at = one.find(kPhone); at != Text::npos) {
    one = one.substr(at + kPhone.size());
    one = one.substr(0, one.find(']'));
  }
  return clean(one, number);
}

bool can_be_sent(Text words) {
  if (words.empty() || words.size() > hal::kTextBytesMax || !wbxml::is_utf8(words)) return false;
  return words.find('\0') == Text::npos;
}

/// Of a text from the air, which may be anything: what no document may have becomes a blank.
void make_clean(Room words) {
  const bool sound = wbxml::is_utf8(text_of(words));
  for (std::byte& byte : words) {
    const auto c = std::to_integer<unsigned char>(byte);
    const bool control = (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
    if (control || (!sound && c >= 0x80)) byte = std::byte{' '};
  }
}

/// Of a sender, whom a network may call by a name.
void make_clean(Number& sender) {
  char room[hal::kPhoneNumberBytesMax];
  std::size_t size = 0;
  for (const char c : sender.view()) {
    const bool printable = static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F;
    room[size++] = printable && c != '"' && c != '[' && c != ']' && c != ';' ? c : ' ';
  }
  if (size == 0) room[size++] = '?';
  (void)sender.assign(Text(room, size));
}

}  // namespace

Error Account::texts_refused() const {
  if (!core_.device().messaging()) return engine_fault(EngineFault::kNoMessaging);
  if (record_.texts == TextMode::kOff) return engine_fault(EngineFault::kTextsOff);
  if (!core_.caps().texts) return policy::fault(policy::Fault::kNoTexts);
  if (version_ != 0 && version_ < 140) return engine_fault(EngineFault::kNotInVersion);
  return {};
}

/// At 14.0 three folders have texts, from 14.1 on all of mails (MS-ASMS 2.2.2).
bool Account::texts_in(const replica::SyncFolder& row) const {
  if (items::class_of(row.type) != Class::kEmail || row.type == FolderType::kDrafts || texts_refused()) return false;
  return version_ >= 141 || row.type == FolderType::kInbox || row.type == FolderType::kSent ||
         row.type == FolderType::kOutbox;
}

void Account::own_number(Number& number) const {
  std::byte room[hal::kPhoneNumberBytesMax];
  const auto size = core_.device().messaging()->own_number(room);
  number.clear();
  if (size.ok() && size.value() <= sizeof room) (void)number.assign(text_of(Bytes(room, size.value())));
}

Status Account::sign_text(TextSender& sender) const {
  FixedText<hal::kPhoneNumberBytesMax> own;
  own_number(own);
  append_address(sender.from, own.view());
  return make_id<12>(core_.device().entropy(), sender.client_id, 't');
}

void Account::look_at_outbox() {
  if (version_ >= 140 && sends_outbox() != outbox_told_) needs_ |= kNeedDeviceInformation;
}

Status Account::take_text(const hal::TextRecord& record, Text words) {
  HANDSYNC_TRY(open_store());
  TextSender here;
  HANDSYNC_TRY(sign_text(here));
  Number other = record.number;
  make_clean(other);
  FixedText<kTextAddressBytesMax> there;
  append_address(there, other.view());
  replica::NewText text;
  text.sent = record.sent;
  text.from = record.sent ? here.from.view() : there.view();
  text.to = record.sent ? there.view() : here.from.view();
  text.words = words;
  text.wall_ms = record.wall_ms;
  text.client_id = here.client_id.view();
  text.modem_id = record.id;
  auto kept = store_.text_told(text);
  if (!kept.ok()) return kept.error();
  texts_taken_ = record.id;
  core_.tell(id_, Notice::kItemsChanged);
  changes_wait();
  return Done{};
}

Result<ItemId> Account::send_text(std::span<const Text> numbers, Text words) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (const Error refused = texts_refused()) return refused;
  const auto invalid = engine_fault(EngineFault::kInvalidText, static_cast<std::uint32_t>(words.size()));
  if (!can_be_sent(words) || numbers.empty() || numbers.size() > hal::kTextRecipientsMax) return invalid;
  Number dialled[hal::kTextRecipientsMax];
  Text views[hal::kTextRecipientsMax];
  FixedText<hal::kTextRecipientsMax*(kTextAddressBytesMax + 2)> to;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!clean(numbers[i], dialled[i])) return invalid;
    views[i] = dialled[i].view();
    append_address(to, views[i]);
  }
  HANDSYNC_TRY(open_store());
  TextSender sender;
  HANDSYNC_TRY(sign_text(sender));
  auto begun = store_.text_begun({true, sender.from.view(), to.view(), words, core_.now().wall_ms, {}, 0});
  if (!begun.ok()) return begun.error();
  const Status handed = core_.device().messaging()->send({views, numbers.size()}, words);
  if (!handed.ok()) {
    HANDSYNC_TRY(store_.text_taken_back(begun.value()));
    return handed.error();
  }
  // It is on its way. Where that cannot be noted it stays in doubt, and a person is asked.
  (void)store_.text_sent(begun.value(), sender.from.view(), sender.client_id.view(), core_.now().wall_ms);
  core_.tell(id_, Notice::kItemsChanged);
  changes_wait();
  return begun.value().item;
}

/// The numbers and the words of an item, to the modem.
Status Account::hand_over(const replica::OutgoingText& text) {
  const auto invalid = engine_fault(EngineFault::kInvalidText);
  std::byte list[hal::kTextRecipientsMax * (kTextAddressBytesMax + 64)];
  auto list_bytes = store_.item_value(text.item, items::kTo, list);
  if (!list_bytes.ok()) return list_bytes.error();
  auto size = store_.item_value(text.item, items::kBodyData, Room{});
  if (!size.ok()) return size.error();
  if (list_bytes.value() > sizeof list || size.value() > hal::kTextBytesMax) return invalid;
  Block words(core_.memory());
  HANDSYNC_TRY(words.take(size.value()));
  auto filled = store_.item_value(text.item, items::kBodyData, words.room());
  if (!filled.ok()) return filled.error();
  if (!can_be_sent(text_of(words.room()))) return invalid;
  Number numbers[hal::kTextRecipientsMax];
  Text views[hal::kTextRecipientsMax];
  std::size_t count = 0;
  for (Text rest = text_of(Bytes(list, list_bytes.value())); !rest.empty(); ++count) {
    if (count == hal::kTextRecipientsMax || !next_number(rest, numbers[count])) return invalid;
    views[count] = numbers[count].view();
  }
  return count == 0 ? Status(invalid) : core_.device().messaging()->send({views, count}, text_of(words.room()));
}

void Account::hand_over_texts() {
  if (!core_.device().messaging() || !store_.is_open()) return;
  bool any = false;
  auto doubtful = store_.texts_in_doubt(engine_fault(EngineFault::kTextInDoubt));
  std::uint32_t parked = doubtful.ok() ? doubtful.value() : 0;
  while (!texts_refused()) {
    replica::OutgoingText text;
    auto next = store_.next_text(sends_outbox(), core_.now().wall_ms, text);
    if (!next.ok() || !next.value()) break;
    const Status handed = hand_over(text);
    if (handed.ok()) {
      any = true;
      TextSender sender;
      Status noted = sign_text(sender);
      if (noted.ok()) noted = store_.text_sent(text, sender.from.view(), sender.client_id.view(), core_.now().wall_ms);
      if (!noted.ok()) break;  // in doubt: the next time a person is asked
      continue;
    }
    const Error error = handed.error();
    const bool final = error.domain == Domain::kEngine || error == hal::fault(hal::Fault::kRefused) ||
                       error == hal::fault(hal::Fault::kTooLarge);
    auto parks = store_.text_not_sent(text, error, final);
    if (!parks.ok() || !parks.value()) break;  // the modem cannot just now
    ++parked;
  }
  tell_parked({}, parked);
  if (any || parked) {
    core_.tell(id_, Notice::kItemsChanged);
    changes_wait();
  }
}

void Core::texts() {
  hal::Messaging* modem = device_.messaging();
  if (!modem || wiping()) return;
  Account* taker = nullptr;
  for (std::size_t i = 0; i < kAccountsMax && !taker; ++i)
    if (accounts_[i] && !removing_[i] && accounts_[i]->takes_texts()) taker = accounts_[i];
  Block room(memory_);
  std::uint64_t last = 0;
  while (taker && room.take(hal::kTextBytesMax).ok()) {
    hal::TextRecord record;
    const auto told = modem->oldest(record, room.room());
    if (!told.ok() || !told.value() || record.id <= last || record.bytes > hal::kTextBytesMax) break;
    last = record.id;
    bool known = false;  // it is here, and the power went before the modem was told so
    for (std::size_t i = 0; i < kAccountsMax; ++i)
      known = known || (accounts_[i] && !removing_[i] && !accounts_[i]->wiped() && accounts_[i]->knows_text(record.id));
    const Room words = room.room().first(record.bytes);
    make_clean(words);
    if (!known && !taker->take_text(record, text_of(words)).ok()) break;
    if (!modem->done(record.id).ok()) break;
  }
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i] && !accounts_[i]->wiped()) accounts_[i]->hand_over_texts();
}

}  // namespace handsync::sync
