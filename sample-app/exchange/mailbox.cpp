#include "exchange/mailbox.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "exchange/text.h"

namespace exchange {
namespace {

namespace con = wbxml::contacts;

struct Id {
  std::string folder;
  std::uint64_t number = 0;
};

Id split_id(std::string_view id) {
  const std::size_t colon = id.find(':');
  if (colon == std::string_view::npos) return {};
  const auto number = parse_number(id.substr(colon + 1));
  return {std::string(id.substr(0, colon)), number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0};
}

}  // namespace

std::string_view class_of(FolderType type) {
  switch (type) {
    case FolderType::kCalendar:
    case FolderType::kUserCalendar:
      return "Calendar";
    case FolderType::kContacts:
    case FolderType::kUserContacts:
    case FolderType::kRecipients:
      return "Contacts";
    case FolderType::kTasks:
    case FolderType::kUserTasks:
      return "Tasks";
    case FolderType::kNotes:
    case FolderType::kUserNotes:
      return "Notes";
    default:
      return "Email";
  }
}

std::string_view Item::value(Tag tag) const {
  for (const Node& property : properties) {
    if (property.tag == tag) return property.text;
  }
  return {};
}

void Item::set(Node property) {
  for (Node& present : properties) {
    if (present.tag == property.tag) {
      present = std::move(property);
      return;
    }
  }
  properties.push_back(std::move(property));
}

void Item::remove(Tag tag) {
  std::erase_if(properties, [tag](const Node& property) { return property.tag == tag; });
}

bool holds_texts(const Folder& folder, int version) {
  if (version < 140 || folder.class_name() != "Email" || folder.type == FolderType::kDrafts) return false;
  return version >= 141 || folder.type == FolderType::kInbox || folder.type == FolderType::kSent ||
         folder.type == FolderType::kOutbox;
}

Mailbox::Mailbox(std::string email, std::string id_prefix)
    : email_(std::move(email)), id_prefix_(std::move(id_prefix)) {
  struct Default {
    const char* name;
    FolderType type;
  };
  static constexpr std::array<Default, 11> kDefaults = {{{"Calendar", FolderType::kCalendar},
                                                         {"Contacts", FolderType::kContacts},
                                                         {"Deleted Items", FolderType::kDeleted},
                                                         {"Drafts", FolderType::kDrafts},
                                                         {"Inbox", FolderType::kInbox},
                                                         {"Junk Email", FolderType::kUserMail},
                                                         {"Notes", FolderType::kNotes},
                                                         {"Outbox", FolderType::kOutbox},
                                                         {"Sent Items", FolderType::kSent},
                                                         {"Tasks", FolderType::kTasks},
                                                         {"Projects", FolderType::kUserMail}}};
  for (const Default& folder : kDefaults) add_folder("0", folder.name, folder.type);
  recipients();
}

void Mailbox::join_conversation(Item& mail) const {
  const auto topic_of = [](const Item& item) {
    std::string_view topic = item.value(wbxml::email::kSubject);
    while (topic.starts_with("Re: ") || topic.starts_with("Fw: ")) topic.remove_prefix(4);
    return topic;
  };
  const std::string topic(topic_of(mail));
  if (topic.empty() || mail.class_name != "Email") return;
  for (const auto& [id, folder] : folders_) {
    if (folder.class_name() != "Email") continue;
    for (const auto& [number, item] : folder.items) {
      if (item.class_name != "Email" || topic_of(item) != topic) continue;
      for (const Node& property : item.properties) {
        if (property.tag == wbxml::email2::kConversationId) mail.set(property);
      }
      return;
    }
  }
}

Folder& Mailbox::recipients() {
  Folder& folder = folders_[std::string(kRecipientsId)];
  if (folder.id.empty()) {  // also in a state that was kept before there was one
    folder.id = kRecipientsId;
    folder.name = "RecipientInfo";
    folder.type = FolderType::kRecipients;
    touch(folder);
  }
  return folder;
}

void Mailbox::note_recipient(std::string_view name, const std::string& address) {
  Folder& folder = recipients();
  for (auto& [number, entry] : folder.items) {
    if (!same_without_case(entry.value(con::kEmail1Address), address)) continue;
    entry.set(Node(con::kWeightedRank, parse_number(entry.value(con::kWeightedRank)).value_or(0) + 1));
    if (!name.empty()) entry.set(Node(con::kFileAs, name));
    touch_content(entry);
    return;
  }
  Item entry;
  entry.class_name = folder.class_name();
  entry.set(Node(con::kEmail1Address, address));
  entry.set(Node(con::kFileAs, name.empty() ? std::string_view(address) : name));
  entry.set(Node(con::kAlias, address.substr(0, address.find('@'))));
  entry.set(Node(con::kWeightedRank, 1));
  add(folder, std::move(entry));
}

Folder* Mailbox::folder(std::string_view id) {
  const auto found = folders_.find(std::string(id));
  return found == folders_.end() ? nullptr : &found->second;
}

const Folder* Mailbox::folder(std::string_view id) const { return const_cast<Mailbox*>(this)->folder(id); }

Folder& Mailbox::default_folder(FolderType type) {
  for (auto& [id, folder] : folders_) {
    if (folder.type == type) return folder;
  }
  throw std::logic_error("a default folder is missing");
}

Folder& Mailbox::add_folder(std::string parent, std::string name, FolderType type) {
  Folder folder;
  folder.id = id_prefix_ + std::to_string(next_folder_++);
  folder.parent = std::move(parent);
  folder.name = std::move(name);
  folder.type = type;
  touch(folder);
  const std::string id = folder.id;
  return folders_.emplace(id, std::move(folder)).first->second;
}

void Mailbox::remove_folder(const std::string& id) {
  std::vector<std::string> below;
  for (const auto& [child, folder] : folders_) {
    if (folder.parent == id) below.push_back(child);
  }
  for (const std::string& child : below) remove_folder(child);
  folders_.erase(id);
  ++revision_;
}

Item* Mailbox::item(std::string_view id) {
  const Id parts = split_id(id);
  Folder* const in = folder(parts.folder);
  if (in == nullptr) return nullptr;
  const auto found = in->items.find(parts.number);
  return found == in->items.end() ? nullptr : &found->second;
}

const Item* Mailbox::item(std::string_view id) const { return const_cast<Mailbox*>(this)->item(id); }

Item& Mailbox::add(Folder& folder, Item item) {
  const std::uint64_t number = folder.next_number++;
  item.folder = folder.id;
  item.id = folder.id + ":" + std::to_string(number);
  touch_content(item);
  return folder.items.emplace(number, std::move(item)).first->second;
}

void Mailbox::remove(std::string_view id) {
  const Id parts = split_id(id);
  if (Folder* const in = folder(parts.folder)) in->items.erase(parts.number);
  ++revision_;
}

std::string Mailbox::move(std::string_view id, Folder& destination) {
  Item* const present = item(id);
  if (present == nullptr) throw std::logic_error("an item that is not there cannot be moved");
  Item copy = std::move(*present);
  const std::string old_id(id);
  const std::string new_id = add(destination, std::move(copy)).id;
  remove(old_id);
  return new_id;
}

}  // namespace exchange
