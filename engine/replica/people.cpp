/// Who may be meant by what is typed into an address field: recipients by rank, then contacts.
#include <new>

#include "handsync/replica.h"
#include "items/mime_header.h"
#include "wbxml/code_pages.h"

namespace handsync {
namespace {

namespace con = wbxml::contacts;

constexpr std::size_t kTypedBytesMax = 128, kValueBytesMax = 512, kSeenMax = 128;

/// Takes one character off the beginning of a text, without case and accents: 0 = none is left. What is no UTF-8 is
/// taken byte by byte.
char32_t next_folded(Text& text) {
  // Of U+00C0 to U+017F.
  static constexpr char kLatin[] =
      "aaaaaaaceeeeiiiidnooooo\327ouuuuytsaaaaaaaceeeeiiiidnooooo\367ouuuuyty"
      "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
      "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
  static_assert(sizeof kLatin == 193);
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::size_t size = byte(0) < 0xC0 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  char32_t c = byte(0);
  if (size > text.size()) {
    c = 0xFFFD;
  } else if (size > 1) {
    c &= 0x7Fu >> size;
    for (std::size_t i = 1; i < size; ++i) c = c << 6 | (byte(i) & 0x3F);
  }
  text = text.substr(size < text.size() ? size : text.size());
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c >= 0xC0 && c < 0x180) return static_cast<std::uint8_t>(kLatin[c - 0xC0]);
  if ((c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) return c + 32;  // Greek, Cyrillic
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c == 0 ? ' ' : c;
}

bool in_word(char32_t c) { return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
/// Of scripts that write no blanks between words each character may begin one.
bool stands_alone(char32_t c) { return (c >= 0x0E00 && c < 0x0F00) || c >= 0x2E80; }

/// Does a text begin with a word that was typed?
bool begins(Text text, Text typed) {
  while (!typed.empty()) {
    if (next_folded(text) != next_folded(typed)) return false;
  }
  return true;
}

bool has_word(Text text, Text typed) {
  bool inside = false;
  while (!text.empty()) {
    const Text from = text;
    const char32_t c = next_folded(text);
    if ((!inside || stands_alone(c) || !in_word(c)) && begins(from, typed)) return true;
    inside = in_word(c);
  }
  return false;
}

std::uint64_t hash_of(Text address) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  while (!address.empty()) hash = (hash ^ next_folded(address)) * 0x100000001B3u;
  return hash;
}

/// A name as it is shown: without the quotes around it.
Text unquoted(Text name) {
  if (name.size() >= 2 && name[0] == '"' && name[name.size() - 1] == '"') return name.substr(1, name.size() - 2);
  return name;
}

class People final : public Cursor<PersonRow> {
 public:
  People(Reader& reader, Memory memory, Text typed) : reader_(reader), memory_(memory) {
    if (typed.size() > kTypedBytesMax) typed = typed.substr(0, kTypedBytesMax);
    for (const char c : typed) typed_[typed_size_++] = c;
  }

  Result<bool> step(PersonRow& row) override {
    for (;;) {
      if (address_ == kNone) {
        const Result<bool> more = next_entry();
        if (!more.ok() || !more.value()) return more;
      }
      const wbxml::Tag tag = kAddresses[address_];
      if (++address_ == (entry_.kind == Class::kRecipient ? 1 : std::size(kAddresses))) address_ = kNone;
      const Result<bool> found = take(tag, row);
      if (!found.ok() || found.value()) return found;
    }
  }

  void close() override {
    if (entries_ != nullptr) entries_->close();
    const Memory memory = memory_;
    this->~People();
    memory.give(memory.self, this);
  }

 private:
  static constexpr wbxml::Tag kAddresses[] = {con::kEmail1Address, con::kEmail2Address, con::kEmail3Address};
  static constexpr std::size_t kNone = std::size(kAddresses);

  /// The next entry of the cache, then of the folders of contacts, one after the other.
  Result<bool> next_entry() {
    for (;;) {
      if (entries_ != nullptr) {
        const Result<bool> more = entries_->step(entry_);
        if (!more.ok()) return more;
        if (more.value()) {
          address_ = 0;
          return true;
        }
        entries_->close();
        entries_ = nullptr;
      }
      const Result<bool> folder = next_folder();
      if (!folder.ok() || !folder.value()) return folder;
    }
  }

  Result<bool> next_folder() {
    Result<Cursor<FolderRow>*> folders = reader_.folders();
    if (!folders.ok()) return folders.error();
    Query query;
    FolderRow row;
    for (;;) {
      const Result<bool> more = folders.value()->step(row);
      if (!more.ok()) return more;
      if (!more.value()) {
        folders.value()->close();
        if (!of_contacts_) {
          of_contacts_ = true;
          last_ = FolderId{};
          return next_folder();
        }
        return false;
      }
      const bool contacts = row.type == FolderType::kContacts || row.type == FolderType::kUserContacts;
      if (row.id > last_ && (of_contacts_ ? contacts : row.type == FolderType::kRecipients)) break;
    }
    folders.value()->close();
    query.folder = last_ = row.id;
    Result<Cursor<ItemRow>*> entries = reader_.list(query);
    if (!entries.ok()) return entries.error();
    entries_ = entries.value();
    return true;
  }

  Result<Text> value_of(wbxml::Tag tag, std::span<char> room) {
    const Result<std::size_t> got = reader_.property(entry_.id, tag, 0, std::as_writable_bytes(room));
    if (!got.ok()) return got.error();
    return Text(room.data(), got.value());
  }

  /// False: nobody, or not who is meant.
  Result<bool> take(wbxml::Tag tag, PersonRow& row) {
    Text address = entry_.email;
    if (tag != con::kEmail1Address) {
      const Result<Text> value = value_of(tag, address_room_);
      if (!value.ok()) return value.error();
      address = value.value();
    }
    row.name = entry_.name;
    // "Ada Lovelace" <ada@example.com>: what else stands there is no address to write to.
    items::Mailbox mailbox;
    const Result<bool> sound = items::next_mailbox(address, mailbox);
    if (!sound.ok() || !sound.value()) return false;
    if (row.name.empty()) row.name = unquoted(mailbox.name);
    row.address = mailbox.address;
    row.recent = entry_.kind == Class::kRecipient;
    const Result<bool> meant = is_meant(row);
    if (!meant.ok() || !meant.value()) return meant;
    const std::uint64_t hash = hash_of(row.address);
    for (const std::uint64_t seen : seen_) {
      if (seen == hash) return false;
    }
    seen_[seen_next_++ % kSeenMax] = hash;
    return true;
  }

  Result<bool> is_meant(const PersonRow& row) {
    char room[kValueBytesMax];
    Text alias;
    bool has_alias = !row.recent;
    for (Text left(typed_, typed_size_); !left.empty();) {
      const std::size_t end = left.find(' ');
      const Text word = left.substr(0, end);
      left = end == Text::npos ? Text() : left.substr(end + 1);
      if (word.empty() || has_word(row.name, word) || has_word(row.address, word)) continue;
      if (!has_alias) {
        const Result<Text> value = value_of(con::kAlias, room);
        if (!value.ok()) return value.error();
        alias = value.value();
        has_alias = true;
      }
      if (!has_word(alias, word)) return false;
    }
    return true;
  }

  Reader& reader_;
  Memory memory_;
  Cursor<ItemRow>* entries_ = nullptr;
  ItemRow entry_{};
  FolderId last_{};
  bool of_contacts_ = false;
  std::size_t address_ = kNone;  // of the entry, to be looked at next
  char typed_[kTypedBytesMax];
  std::size_t typed_size_ = 0;
  char address_room_[kValueBytesMax];
  std::uint64_t seen_[kSeenMax]{};
  std::size_t seen_next_ = 0;
};

}  // namespace

Result<Cursor<PersonRow>*> open_people(Reader& reader, Memory memory, Text typed) {
  void* room = memory.take(memory.self, sizeof(People));
  if (room == nullptr) return out_of_memory(sizeof(People));
  return static_cast<Cursor<PersonRow>*>(new (room) People(reader, memory, typed));
}

}  // namespace handsync
