// What an administrator, another user or a test does to the server.
#include <algorithm>
#include <stdexcept>

#include "exchange/mail_generator.h"
#include "exchange/meetings.h"
#include "exchange/mime.h"
#include "exchange/state.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace em = wbxml::email;

constexpr std::int64_t kDay = 86'400'000;

void generate(Account& account, const Options& options) {
  Random random(options.seed ^ hash_text(to_lower(account.user.email)));
  Mailbox& mailbox = account.mailbox;
  Folder& inbox = mailbox.default_folder(FolderType::kInbox);
  for (int i = 0; i < options.mails; ++i) {
    // Oldest first, evenly spread, none in the future: the newest has the highest number.
    const std::int64_t step = 30 * kDay / options.mails;
    const std::int64_t at =
        options.start_ms - 30 * kDay + step * i +
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(std::max<std::int64_t>(step, 1))));
    mailbox.add(inbox, generate_mail(random, account.user.email, at / 1000 * 1000, options.body_bytes));
  }
  for (int i = 0; i < options.sms; ++i) mailbox.add(inbox, generate_sms(random, options.start_ms - i * 3'600'000LL));
  for (int i = 0; i < options.events; ++i) {
    mailbox.add(mailbox.default_folder(FolderType::kCalendar), generate_event(random, options.start_ms, i + 1));
  }
  for (int i = 0; i < options.contacts; ++i)
    mailbox.add(mailbox.default_folder(FolderType::kContacts), generate_contact(random, i + 1));
  for (int i = 0; i < options.tasks; ++i)
    mailbox.add(mailbox.default_folder(FolderType::kTasks), generate_task(random, options.start_ms, i + 1));
  for (int i = 0; i < options.notes; ++i)
    mailbox.add(mailbox.default_folder(FolderType::kNotes), generate_note(random, options.start_ms, i + 1));
}

// `count` different items of the account, at random.
std::vector<std::string> pick_items(State& state, Account& account, int count) {
  if (count < 0) throw std::invalid_argument("the number of items must not be negative");
  std::vector<std::string> ids;
  for (const auto& [id, folder] : account.mailbox.folders()) {
    if (folder.is_recipients()) continue;
    for (const auto& [number, item] : folder.items) ids.push_back(item.id);
  }
  for (std::size_t i = 0; i < ids.size(); ++i)
    std::swap(ids[i], ids[i + static_cast<std::size_t>(state.random.below(ids.size() - i))]);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(count)));
  return ids;
}

Tag name_tag(const Item& item) {
  if (item.class_name == "Calendar") return wbxml::calendar::kSubject;
  if (item.class_name == "Contacts") return wbxml::contacts::kFirstName;
  if (item.class_name == "Tasks") return wbxml::tasks::kSubject;
  if (item.class_name == "Notes") return wbxml::notes::kSubject;
  return em::kSubject;
}

void edit_item(State& state, Mailbox& mailbox, Item& item) {
  const bool is_mail = item.class_name == "Email" || item.class_name == "SMS";
  const std::uint64_t kind = is_mail ? state.random.below(3) : 2;
  if (kind == 0) {
    item.set(Node(em::kRead, item.value(em::kRead) == "1" ? 0 : 1));
    mailbox.touch_flags(item);
  } else if (kind == 1) {
    Node flag(em::kFlag);
    const auto present = std::find_if(item.properties.begin(), item.properties.end(),
                                      [](const Node& node) { return node.tag == em::kFlag; });
    if (present == item.properties.end() || present->children.empty()) {
      flag.add(em::kStatus, 2);
      flag.add(em::kFlagType, "Flag for follow up");
    }
    item.set(std::move(flag));
    mailbox.touch_flags(item);
  } else {
    const Tag tag = name_tag(item);
    item.set(Node(tag, std::string(item.value(tag)) + " *" + std::to_string(state.random.below(1000))));
    mailbox.touch_content(item);
  }
}

}  // namespace

State::State(Options given) : options(std::move(given)), random(options.seed), now_ms(options.start_ms) {
  if (options.start_ms == 0) now_ms = options.start_ms = kDefaultStartMs;
  if (options.users.empty()) options.users.push_back({"demo@example.test", "demo"});
  for (const User& user : options.users) {
    Account& account = accounts[to_lower(user.email)];
    account.user = user;
    account.mailbox = Mailbox(user.email, options.exceptions_stay ? "" : "vevent%2F");
    account.policy = options.policy;
    generate(account, options);
  }
}

Account& State::account(const std::string& email) {
  const auto found = accounts.find(to_lower(email));
  if (found == accounts.end()) throw std::invalid_argument("there is no user " + email);
  return found->second;
}

std::string State::new_key(const std::string& other) {
  while (true) {
    const std::string key = std::to_string(1 + random.below(0x7FFFFFFF));
    if (key != other) return key;
  }
}

std::uint32_t State::new_policy_key() { return static_cast<std::uint32_t>(1 + random.below(0xFFFFFFFE)); }

Item& State::deliver(Account& account, Item mail) {
  ++account.deliveries;
  account.mailbox.join_conversation(mail);
  Folder* folder = &account.mailbox.default_folder(FolderType::kInbox);
  const auto moved = account.always_moved.find(std::string(mail.value(wbxml::email2::kConversationId)));
  if (moved != account.always_moved.end()) {
    if (Folder* const other = account.mailbox.folder(moved->second)) folder = other;
  }
  return account.mailbox.add(*folder, std::move(mail));
}

std::vector<const Item*> visible_items(const Account& account, const Folder& folder) {
  std::vector<const Item*> items;
  if (account.access == Access::kQuarantined) {
    if (account.notice && account.notice->folder == folder.id) items.push_back(&*account.notice);
    return items;
  }
  items.reserve(folder.items.size());
  for (const auto& [number, item] : folder.items) items.push_back(&item);
  return items;
}

const Item* visible_item(const Account& account, std::string_view id) {
  if (account.access == Access::kQuarantined)
    return account.notice && account.notice->id == id ? &*account.notice : nullptr;
  return account.mailbox.item(id);
}

std::string Server::deliver(const std::string& email, const std::string& subject) {
  State& state = *state_;
  Account& account = state.account(email);
  Item mail = generate_mail(state.random, account.user.email, state.now_ms, state.options.body_bytes);
  mail.set(Node(em::kRead, 0));
  if (!subject.empty()) {
    const std::string clean = repair_utf8(subject);
    mail.set(Node(em::kSubject, clean));
    mail.set(Node(em::kThreadTopic, clean));
  }
  const std::string id = state.deliver(account, std::move(mail)).id;
  state.wake();
  state.flush();
  return id;
}

std::vector<std::string> Server::edit(const std::string& email, int count) {
  State& state = *state_;
  Account& account = state.account(email);
  const std::vector<std::string> ids = pick_items(state, account, count);
  for (const std::string& id : ids) edit_item(state, account.mailbox, *account.mailbox.item(id));
  state.wake();
  state.flush();
  return ids;
}

std::vector<std::string> Server::remove(const std::string& email, int count) {
  State& state = *state_;
  Account& account = state.account(email);
  const std::vector<std::string> ids = pick_items(state, account, count);
  for (const std::string& id : ids) account.mailbox.remove(id);
  state.wake();
  state.flush();
  return ids;
}

void Server::remove(const std::string& email, const std::string& id) {
  State& state = *state_;
  state.account(email).mailbox.remove(id);
  state.wake();
  state.flush();
}

void Server::add_folder(const std::string& email, const std::string& name) {
  state_->account(email).mailbox.add_folder("0", name, FolderType::kUserMail);
  state_->wake();
  state_->flush();
}

std::string Server::put(const std::string& email, Item item) {
  State& state = *state_;
  Mailbox& mailbox = state.account(email).mailbox;
  FolderType type = FolderType::kInbox;
  for (const FolderType candidate :
       {FolderType::kCalendar, FolderType::kContacts, FolderType::kTasks, FolderType::kNotes}) {
    if (class_of(candidate) == item.class_name) type = candidate;
  }
  if (item.draft) type = FolderType::kDrafts;
  const std::string id = mailbox.add(mailbox.default_folder(type), std::move(item)).id;
  state.wake();
  state.flush();
  return id;
}

std::string Server::text(const std::string& email, const std::string& number, const std::string& words) {
  State& state = *state_;
  Account& account = state.account(email);
  const bool any = std::any_of(account.devices.begin(), account.devices.end(), [](const auto& entry) {
    const auto outbound = entry.second.information.find("EnableOutboundSMS");
    return outbound != entry.second.information.end() && outbound->second == "1";
  });
  if (!any) throw std::invalid_argument("no device of " + email + " sends texts for the server");
  Item item = plain_text(number, repair_utf8(words), state.now_ms);
  const std::string id = account.mailbox.add(account.mailbox.default_folder(FolderType::kOutbox), std::move(item)).id;
  state.wake();
  state.flush();
  return id;
}

std::string Server::invite(const std::string& organizer, const std::string& email, const std::string& subject,
                           bool weekly) {
  State& state = *state_;
  if (addresses_of(organizer).size() != 1) throw std::invalid_argument("\"" + organizer + "\" is no address");
  const std::string id = exchange::invite(state, organizer, state.account(email), subject, weekly);
  state.wake();
  state.flush();
  return id;
}

void Server::change(const std::string& email, const std::string& id, const std::function<void(Item&)>& act) {
  State& state = *state_;
  Mailbox& mailbox = state.account(email).mailbox;
  Item* const item = mailbox.item(id);
  if (item == nullptr) throw std::invalid_argument(email + " has no item " + id);
  act(*item);
  mailbox.touch_content(*item);
  state.wake();
  state.flush();
}

const Item* Server::item(const std::string& email, const std::string& id) const {
  return state_->account(email).mailbox.item(id);
}

void Server::policy(const std::string& email, std::optional<Policy> policy) {
  Account& account = state_->account(email);
  account.policy = std::move(policy);
  ++account.policy_generation;
  state_->release(account);
  state_->flush();
}

std::size_t Server::wipe(const std::string& email, bool account_only) {
  Account& account = state_->account(email);
  if (account.devices.empty()) throw std::invalid_argument(email + " has no device to wipe");
  for (auto& [id, device] : account.devices) {
    // Before 16.1 a device cannot be asked to wipe one account alone: the server keeps it out instead.
    if (account_only && device.version < 161) {
      device.blocked = true;
    } else {
      device.wipe = account_only ? WipeState::kPendingAccountOnly : WipeState::kPending;
    }
  }
  state_->release(account);
  state_->flush();
  return account.devices.size();
}

void Server::block(const std::string& email) {
  Account& account = state_->account(email);
  account.access = Access::kBlocked;
  state_->release(account);
  state_->flush();
}

void Server::quarantine(const std::string& email) {
  Account& account = state_->account(email);
  account.access = Access::kQuarantined;
  Item notice = plain_mail(
      "\"Postmaster\" <postmaster@works.example>", account.user.email, "Your device is in quarantine",
      "An administrator has to allow this device before it can synchronise. Content follows by itself then.\r\n",
      state_->now_ms);
  notice.folder = account.mailbox.default_folder(FolderType::kInbox).id;
  notice.id = notice.folder + ":q1";
  notice.revision = notice.content_revision = 1;
  account.notice = std::move(notice);
  for (auto& [id, device] : account.devices) device.collections.clear();
  state_->release(account);
  state_->flush();
}

void Server::allow(const std::string& email) {
  Account& account = state_->account(email);
  if (account.access == Access::kQuarantined) {
    for (auto& [id, device] : account.devices) device.collections.clear();
  }
  account.access = Access::kAllowed;
  account.notice.reset();
  for (auto& [id, device] : account.devices) device.blocked = false;
  state_->release(account);
  state_->flush();
}

std::vector<std::string> Server::recovery_passwords(const std::string& email) const {
  std::vector<std::string> found;
  for (const auto& [id, device] : state_->account(email).devices) {
    if (!device.recovery_password.empty()) found.push_back(device.recovery_password);
  }
  return found;
}

void Server::set_password(const std::string& email, const std::string& password) {
  state_->account(email).user.password = password;
}

void Server::set_versions(std::vector<std::string> versions) {
  state_->options.versions = std::move(versions);
  for (auto& [email, account] : state_->accounts) {
    for (auto& [id, device] : account.devices) device.server_changed = true;
  }
}

void Server::lose_sync_state(const std::string& email) {
  for (auto& [id, device] : state_->account(email).devices) device.lose_sync_state();
}

void Server::fault(const std::string& spec) { state_->faults.push_back(parse_fault(spec)); }
void Server::faults_off() { state_->faults.clear(); }
const Options& Server::options() const { return state_->options; }
void Server::set_url(std::string url) { state_->options.url = std::move(url); }
void Server::count_connection() { ++state_->connections; }
void Server::count_handshake(bool resumed) { ++(resumed ? state_->handshakes_resumed : state_->handshakes_full); }
void Server::count_bytes(std::uint64_t in, std::uint64_t out) { state_->bytes_in += in, state_->bytes_out += out; }
void Server::set_trace(std::function<void(const std::string&)> trace) { state_->trace = std::move(trace); }
std::vector<std::string> Server::violations() const { return state_->violations; }
std::uint64_t Server::requests(const std::string& command) const {
  const auto found = state_->requests.find(command);
  return found == state_->requests.end() ? 0 : found->second;
}

}  // namespace exchange
