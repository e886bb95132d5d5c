/// Full-text search: what is indexed, and the pass that keeps it so. Private to this folder.
///
/// `words` is an FTS5 table without content: it gives the numbers of documents. A document's number is the date of its
/// item in seconds * 256 and a little, so that matches come newest first without being sorted; `indexed` says whose it
/// is. Nothing is ever taken out of `words` (that would need the text that was put in): a row of `indexed` whose item
/// is 0 matches nothing, and when most are, all is begun anew.
///
/// The pass follows the log of commits from a place of its own, which is stored in the same transaction as what it has
/// indexed. Before the log's beginning it goes through the items by their ids.
#pragma once
#include "items/search_text.h"
#include "replica/item_row.h"

namespace handsync::replica {

inline constexpr std::size_t kIndexItems = profile::kSmall ? 16 : 200;  ///< of one step, which is one transaction
inline constexpr std::size_t kIndexBytes = profile::kSmall ? 16 * 1024 : 512 * 1024;  ///< of their bodies, about
inline constexpr int kDateBits = 8;  ///< of a document's number: those of one second

/// How far the pass has come. Stored as Value kIndexMarker.
struct IndexMarker {
  std::uint64_t walked = 0;       ///< through the items by id, up to this one; kWalked: all
  std::uint64_t row = 0, at = 0;  ///< in the log: its row, and the place in its data that is next
  std::uint64_t documents = 0;    ///< in `words`, with those that no item has any more
  static constexpr std::uint64_t kWalked = UINT64_MAX;
};
inline constexpr int kIndexMarker = 1010;  ///< of `value.key`
/// False: the pass has never run.
Result<bool> read_marker(sqlite3*, IndexMarker&);
/// The texts of an item's document: what it is called, who, and all else; and a number that is another one when they
/// are.
struct ItemText {
  Text title, people, body;
  std::uint64_t signature = 0;
};
/// Reads them; what it asks the database is prepared once for many items.
class ItemTexts {
 public:
  Status open(sqlite3*);
  /// False: there is no such item.
  Result<bool> signature(std::uint64_t item, std::uint64_t& signature, std::int64_t& date_ms,
                         std::uint64_t& body_bytes);
  Status texts(std::uint64_t item, Room room, ItemText&);  ///< room: kItemTextBytes

 private:
  template <class Take>
  Status each_chunk(std::uint64_t blob, Take take);
  Status add_body(std::uint64_t blob, std::uint8_t type, items::SearchText& out);
  Status add_structured(Bytes data, std::uint64_t blob, items::SearchText& out);
  Statement item_, extras_, chunks_;
};
inline constexpr std::size_t kItemTextBytes = 2048 + 2048 + profile::kSearchedBodyBytesMax;

inline constexpr std::size_t kMatchBytesMax = 4096;  ///< room that is never too small
/// The FTS5 query for what a person types: every word in quotes, so that none is an operator; texts in quotes as
/// phrases; the last word as a beginning of one. Beyond 32 words, or 128 bytes of one, the rest is left out: more is
/// found then. Its size; 0: nothing to look for.
std::size_t write_match(Text words, std::span<char> room);

}  // namespace handsync::replica
