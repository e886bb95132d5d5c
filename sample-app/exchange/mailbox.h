/// A user's folders and items as the server holds them. Items keep the properties they were given, known or not.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/node.h"

namespace exchange {

/// Folder types of MS-ASCMD 2.2.3.186.3.
enum class FolderType : int {
  kUser = 1,
  kInbox = 2,
  kDrafts = 3,
  kDeleted = 4,
  kSent = 5,
  kOutbox = 6,
  kTasks = 7,
  kCalendar = 8,
  kContacts = 9,
  kNotes = 10,
  kUserMail = 12,
  kUserCalendar = 13,
  kUserContacts = 14,
  kUserTasks = 15,
  kUserNotes = 17,
  kRecipients = 19,
};
/// "Email", "Calendar", "Contacts", "Tasks", "Notes"; what a folder of this type holds.
std::string_view class_of(FolderType type);

/// The recipient information cache: whom the account has written to. Its id is the protocol's (MS-ASCMD 2.2.3.30.6).
constexpr std::string_view kRecipientsId = "RI";

/// Text that is either kept or made again from a seed whenever it is wanted, so that a mailbox of many long mails stays
/// small.
struct Content {
  std::string data;
  std::uint64_t seed = 0;  ///< not 0: generated
  std::size_t generated_bytes = 0;
};

struct Attachment {
  std::string name, content_type, content_id;
  int method = 1;
  bool is_inline = false;
  std::uint64_t number = 0;  ///< in its reference, one more; 0 = its place: nothing was ever taken away before it
  std::string client_id;     ///< of one that a client added to a draft
  Content content;
  std::size_t bytes() const { return content.seed != 0 ? content.generated_bytes : content.data.size(); }
};

struct Item {
  std::string id, folder, class_name;
  std::string message_id;        ///< of a mail that was handed over with one
  std::vector<Node> properties;  ///< children of ApplicationData, without Body and Attachments
  int body_type = 0;             ///< 1 text, 2 HTML as it is stored; 0: the item has no body
  Content body;
  std::vector<Attachment> attachments;
  std::int64_t received_ms = 0;
  std::uint64_t revision = 0;          ///< of its last change of any kind
  std::uint64_t content_revision = 0;  ///< of its last change beyond Read, Flag and Categories
  std::uint64_t flags_revision = 0;    ///< of its last change of these
  bool draft = false;

  std::string_view value(Tag tag) const;
  void set(Node property);  ///< replaces the property of that name, or appends it
  void remove(Tag tag);
};

struct Folder {
  std::string id, parent = "0", name;
  FolderType type = FolderType::kUser;
  std::uint64_t revision = 0;
  std::uint64_t next_number = 1;
  std::map<std::uint64_t, Item> items;  ///< by the number in their id: the newest last
  std::string_view class_name() const { return class_of(type); }
  bool is_recipients() const { return type == FolderType::kRecipients; }
  /// Clients before 14.0 do not know the recipient information cache.
  bool is_listed(int version) const { return version >= 140 || !is_recipients(); }
};

/// Whether texts may be in it, for a client of that version (MS-ASMS 2.2.2).
bool holds_texts(const Folder&, int version);

class Mailbox {
 public:
  /// With the default folders, one of the user's own and the recipients. Ids of folders begin with `id_prefix`.
  explicit Mailbox(std::string email = {}, std::string id_prefix = {});

  std::map<std::string, Folder>& folders() { return folders_; }
  const std::map<std::string, Folder>& folders() const { return folders_; }
  Folder* folder(std::string_view id);
  const Folder* folder(std::string_view id) const;
  Folder& default_folder(FolderType type);
  Folder& add_folder(std::string parent, std::string name, FolderType type);
  void remove_folder(const std::string& id);  ///< with what is in it
  void touch(Folder& folder) { folder.revision = ++revision_; }

  Item* item(std::string_view id);
  const Item* item(std::string_view id) const;
  Item& add(Folder& folder, Item item);  ///< gives it its id
  void touch_flags(Item& item) { item.flags_revision = item.revision = ++revision_; }
  void touch_content(Item& item) { item.content_revision = item.revision = ++revision_; }
  void remove(std::string_view id);
  std::string move(std::string_view id, Folder& destination);              ///< the new id
  void join_conversation(Item& mail) const;                                ///< of a mail of the same topic that is here
  void note_recipient(std::string_view name, const std::string& address);  ///< written to once more

  const std::string& email() const { return email_; }
  std::uint64_t revision() const { return revision_; }
  void restore_counters(std::uint64_t revision, std::uint64_t next_folder) {
    revision_ = revision, next_folder_ = next_folder;
  }
  std::uint64_t next_folder() const { return next_folder_; }

 private:
  Folder& recipients();
  std::string email_, id_prefix_;
  std::map<std::string, Folder> folders_;
  std::uint64_t revision_ = 0;
  std::uint64_t next_folder_ = 1;
};

}  // namespace exchange
