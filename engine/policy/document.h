/// One EASProvisionDoc as a value of fixed size, its reader from WBXML events, its bytes in a record, and the strictest
/// merge.
#pragma once
#include "policy/fault.h"
#include "policy/settings.h"
#include "policy/wap_document.h"
#include "wbxml/reader.h"

namespace handsync::policy {

/// A policy. A setting that is absent has its row's `normal` value. Lists of programs are kept as a count and a digest:
/// enough to see that one is there and that it has changed, and the name under which hal::Apps has its entries.
class Document {
 public:
  bool has(Setting setting) const { return (present_ >> index(setting) & 1U) != 0; }
  std::int32_t value(Setting) const;  ///< as received and brought into range, or `normal`
  bool enabled(Setting setting) const { return value(setting) != 0; }
  bool demands(Setting) const;            ///< present, in effect (a password is wanted at all) and more than nothing
  void set(Setting, std::int64_t value);  ///< brought into range; lists: the number of entries
  void clear(Setting);
  std::uint64_t list_digest(Setting) const;  ///< of a list; 0 = none
  void set_list(Setting, std::uint32_t entries, std::uint64_t digest);
  bool demands_nothing() const;
  friend bool operator==(const Document&, const Document&) = default;

 private:
  static constexpr std::size_t index(Setting setting) { return static_cast<std::size_t>(setting); }
  std::uint64_t present_ = 0;
  std::int32_t value_[kSettingCount]{};
  std::uint64_t digest_[2]{};  ///< unapproved, approved
};

/// Password rules that a document without DevicePasswordEnabled carries are gone; so are complexity rules of a PIN that
/// may be digits only.
Document normalised(const Document&);

/// The policy that satisfies both value by value; a list of programs counts as asked for when either asks for it.
Document merge_strictest(const Document&, const Document&);

/// True when `next` asks for less than `before` in any setting.
bool loosens(const Document& before, const Document& next);

inline constexpr std::size_t kDocumentBytesMax = 8 + kSettingCount * 5 + 2 * 8;
Result<std::size_t> write_document(const Document&, Room);  ///< compact bytes, no tag
Result<Document> read_document(Bytes, std::size_t& used);   ///< Error{kPolicy, kRecordDamaged} when malformed

/// Takes the events inside Data: EASProvisionDoc and its children, or the text of the 2.5 form. Unknown elements are
/// skipped; an empty element means `normal`; the last of two equal elements counts. finish() by the caller: document()
/// is whole once EASProvisionDoc (or wap-provisioningdoc) has closed.
/// With `apps` the entries of lists go there, for the account's slot; a list that does not arrive whole there is not
/// named, and is then reported absent.
class DocumentReader final : public wbxml::Sink {
 public:
  explicit DocumentReader(hal::Apps* apps = nullptr, hal::KeySlot slot = 0) : apps_(apps), slot_(slot) {}
  Status open(wbxml::Tag) override;
  Status text(Bytes piece, bool opaque) override;
  Status close(wbxml::Tag) override;
  bool complete() const { return complete_; }
  bool as_text() const { return wap_.complete(); }  ///< it came in the form of 2.5
  const Document& document() const { return document_; }

 private:
  Status take(Setting);
  static constexpr std::size_t kEntryBytesMax = 255;
  hal::Apps* apps_;
  hal::KeySlot slot_;
  bool list_whole_ = false;  ///< at hal::Apps
  char entry_[kEntryBytesMax]{};
  std::size_t entry_bytes_ = 0;
  Document document_;
  WapReader wap_;
  char digits_[24]{};
  std::uint8_t digit_count_ = 0;
  bool too_long_ = false, complete_ = false, in_document_ = false;
  std::uint8_t depth_ = 0;
  Setting list_ = Setting::kCount;
  std::uint32_t entries_ = 0;
  std::uint64_t list_hash_ = 0, entry_hash_ = 0;
  bool entry_has_text_ = false;
};

}  // namespace handsync::policy
